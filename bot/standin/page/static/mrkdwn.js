// Slack's mrkdwn as DOM nodes. The text is cut into pieces first; whatever is not a known piece stays text.

import { h, safeUrl } from "/static/dom.js";
import { EMOJI } from "/static/emoji.js";
import { channelOf, dateElement, known, nameOf } from "/static/names.js";

/** The three entities that Slack knows, and no others. */
export const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** A fragment that shows `text`. With `verbatim`, bare addresses and @here stay text; in a message's own `text`, @here does. */
export function mrkdwn(text, { verbatim = false, own = false } = {}) {
  const pieces = verbatim ? PIECES : own ? LINKED : LOOSE;
  const fragment = document.createDocumentFragment();
  const parts = String(text).split(/```([\s\S]+?)```/);
  parts.forEach((part, index) => {
    if (index % 2) fragment.append(h("pre", { class: "code" }, unescape(part.replace(/^\n|\n$/g, ""))));
    else fragment.append(...lines(trimmed(part, index, parts.length), pieces));
  });
  return fragment;
}

function trimmed(part, index, count) {
  // A code block stands on lines of its own; the line breaks around it are not shown twice.
  const start = index > 0 ? part.replace(/^\n/, "") : part;
  return index < count - 1 ? start.replace(/\n$/, "") : start;
}

function lines(text, pieces) {
  if (!text) return [];
  const nodes = [];
  let quote = null;
  let previous = false;
  for (const line of text.split("\n")) {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) {
      if (!quote) nodes.push((quote = h("blockquote")));
      else quote.append("\n");
      quote.append(...inline(quoted[1], pieces));
    } else {
      if (previous) nodes.push("\n");
      nodes.push(...inline(line, pieces));
      quote = null;
    }
    previous = !quoted;
  }
  return nodes;
}

const PIECES = [
  ["code", /`([^`\n]+)`/],
  ["token", /<([^<>\n]+)>/],
  ["emoji", /:([a-z0-9_+-]+):/],
  ["bold", /(?<![\w*])\*(?=\S)([^*\n]*[^*\s])\*(?![\w*])/],
  ["italic", /(?<![\w_])_(?=\S)([^_\n]*[^_\s])_(?![\w_])/],
  ["strike", /(?<![\w~])~(?=\S)([^~\n]*[^~\s])~(?![\w~])/],
];
const LINKED = [...PIECES, ["url", /(https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)\]*_~`])/]];
const LOOSE = [...LINKED, ["all", /(?<![\w@])@(here|channel|everyone)\b/]];

/** Nodes for one line. */
function inline(text, pieces) {
  const nodes = [];
  let rest = text;
  while (rest) {
    const found = first(rest, pieces);
    if (!found) break;
    if (found.match.index) nodes.push(unescape(rest.slice(0, found.match.index)));
    nodes.push(piece(found.kind, found.match, pieces));
    rest = rest.slice(found.match.index + found.match[0].length);
  }
  if (rest) nodes.push(unescape(rest));
  return nodes;
}

function first(text, pieces) {
  let best = null;
  for (const [kind, pattern] of pieces) {
    const match = pattern.exec(text);
    if (match && (!best || match.index < best.match.index)) best = { kind, match };
  }
  return best;
}

function piece(kind, match, pieces) {
  const content = match[1];
  if (kind === "code") return h("code", {}, unescape(content));
  if (kind === "token") return token(content, match[0]);
  if (kind === "emoji") return emojiNode(content, match[0]);
  if (kind === "url") return link(unescape(content), unescape(content));
  if (kind === "all") return mention(`@${content}`, true);
  const tag = { bold: "strong", italic: "em", strike: "s" }[kind];
  return h(tag, {}, inline(content, pieces));
}

/** An emoji with its name for screen readers, or the text as it was. */
export function emojiNode(name, otherwise = `:${name}:`) {
  const sign = EMOJI.get(name);
  return sign ? h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: otherwise }, sign) : otherwise;
}

function token(content, whole) {
  const [target, label] = split(content);
  if (target.startsWith("@")) return mention(`@${nameOf(target.slice(1))}`, target.slice(1) === known.me);
  if (target.startsWith("#")) return channelLink(target.slice(1), label);
  if (target.startsWith("!subteam^")) return groupMention(target.slice(9), label);
  if (target.startsWith("!date^")) return date(target, label);
  if (/^!(channel|here|everyone)$/.test(target)) return mention(`@${target.slice(1)}`, true);
  if (target.startsWith("!")) return unescape(label ?? whole);
  const url = safeUrl(unescape(target));
  return url ? link(url, unescape(label ?? target)) : unescape(whole);
}

function split(content) {
  const bar = content.indexOf("|");
  return bar < 0 ? [content, undefined] : [content.slice(0, bar), content.slice(bar + 1)];
}

export function mention(text, mine) {
  return h("span", { class: mine ? "mention mine" : "mention" }, text);
}

export function groupMention(id, label) {
  const group = known.groups[id];
  return mention(group ? `@${group.handle}` : label ?? "@group", Boolean(group?.members.includes(known.me)));
}

export function channelLink(id, label) {
  const channel = channelOf(id);
  const name = `#${channel?.name ?? label ?? "private channel"}`;
  return channel ? h("a", { class: "mention", href: `#${id}` }, name) : h("span", { class: "mention" }, name);
}

export function link(url, text) {
  const safe = safeUrl(url);
  return safe ? h("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, text) : text;
}

function date(target, label) {
  const [, unix, pattern, url] = target.split("^");
  return /^\d+$/.test(unix) ? dateElement(Number(unix), pattern ?? "{date}", url && safeUrl(url)) : unescape(label ?? target);
}
