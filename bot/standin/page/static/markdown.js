// Standard Markdown, as the `markdown` block takes it: headings, lists, tables, code, quotes, and the usual inline marks.

import { h } from "/static/dom.js";
import { emojiNode, link } from "/static/mrkdwn.js";

/** A fragment that shows `text`. */
export function markdown(text) {
  const fragment = document.createDocumentFragment();
  fragment.append(...blocks(String(text).split("\n")));
  return fragment;
}

const FENCE = /^\s*(```|~~~)/;
const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;

function blocks(lines) {
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    const reader = [fence, heading, rule, quote, table, list, blank, paragraph].find((each) => each.matches(lines, at));
    const [node, next] = reader.read(lines, at);
    if (node) nodes.push(node);
    at = next;
  }
  return nodes;
}

const fence = {
  matches: (lines, at) => FENCE.test(lines[at]),
  read(lines, at) {
    const mark = FENCE.exec(lines[at])[1];
    let end = at + 1;
    while (end < lines.length && !lines[end].trim().startsWith(mark)) end += 1;
    return [h("pre", { class: "code" }, lines.slice(at + 1, end).join("\n")), end + 1];
  },
};

const heading = {
  matches: (lines, at) => /^#{1,6}\s/.test(lines[at]),
  read(lines, at) {
    const [, marks, text] = /^(#{1,6})\s+(.*?)\s*#*$/.exec(lines[at]);
    return [h(`h${Math.min(6, marks.length + 2)}`, { class: `md-h md-h${marks.length}` }, inline(text)), at + 1];
  },
};

const rule = {
  matches: (lines, at) => RULE.test(lines[at]),
  read: (lines, at) => [h("hr"), at + 1],
};

const quote = {
  matches: (lines, at) => /^\s*>/.test(lines[at]),
  read(lines, at) {
    let end = at;
    while (end < lines.length && /^\s*>/.test(lines[end])) end += 1;
    return [h("blockquote", {}, blocks(lines.slice(at, end).map((line) => line.replace(/^\s*> ?/, "")))), end];
  },
};

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));

const table = {
  matches: (lines, at) => lines[at].includes("|") && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[at + 1] ?? ""),
  read(lines, at) {
    let end = at + 2;
    while (end < lines.length && lines[end].includes("|")) end += 1;
    const row = (line, tag) => h("tr", {}, cells(line).map((cell) => h(tag, {}, inline(cell))));
    const body = lines.slice(at + 2, end).map((line) => row(line, "td"));
    return [h("div", { class: "table" }, h("table", {}, h("thead", {}, row(lines[at], "th")), h("tbody", {}, body))), end];
  },
};

const list = {
  matches: (lines, at) => ITEM.test(lines[at]),
  read(lines, at) {
    const [, indent, mark] = ITEM.exec(lines[at]);
    const items = [];
    let end = at;
    while (end < lines.length) {
      const found = ITEM.exec(lines[end]);
      if (!found || found[1].length < indent.length) break;
      const inner = [];
      end += 1;
      while (end < lines.length && /^\s+\S/.test(lines[end]) && lines[end].search(/\S/) > indent.length) inner.push(lines[end++]);
      items.push(item(found[3], inner));
    }
    const ordered = /\d/.test(mark);
    return [h(ordered ? "ol" : "ul", ordered ? { start: Number.parseInt(mark, 10) } : {}, items), end];
  },
};

function item(text, inner) {
  const task = /^\[([ xX])\]\s+(.*)$/.exec(text);
  const shown = task ? [task[1] === " " ? "☐ " : "☑ ", ...inline(task[2])] : inline(text);
  return h("li", { class: task ? "task" : undefined }, shown, blocks(inner));
}

const blank = {
  matches: (lines, at) => !lines[at].trim(),
  read: (lines, at) => [null, at + 1],
};

const paragraph = {
  matches: () => true,
  read(lines, at) {
    let end = at + 1;
    const others = [fence, heading, rule, quote, list, blank];
    while (end < lines.length && !others.some((each) => each.matches(lines, end))) end += 1;
    return [h("p", {}, inline(lines.slice(at, end).join("\n"))), end];
  },
};

const PIECES = [
  ["escaped", /\\([\\`*_{}[\]()#+.!|~>-])/],
  ["code", /`([^`]+)`/],
  ["link", /\[([^\]\n]+)\]\((\S+?)\)/],
  ["auto", /<(https?:\/\/[^>\s]+)>/],
  ["url", /(https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)\]*_~`])/],
  ["strong", /\*\*(?=\S)([\s\S]*?\S)\*\*/],
  ["strong", /(?<!\w)__(?=\S)([\s\S]*?\S)__(?!\w)/],
  ["em", /(?<![\w*])\*(?=\S)([^*]*?[^*\s])\*(?!\*)/],
  ["em", /(?<!\w)_(?=\S)([^_]*?[^_\s])_(?!\w)/],
  ["s", /~~(?=\S)([\s\S]*?\S)~~/],
  ["emoji", /:([a-z0-9_+-]+):/],
];

function inline(text) {
  let best = null;
  for (const [kind, pattern] of PIECES) {
    const match = pattern.exec(text);
    if (match && (!best || match.index < best.match.index)) best = { kind, match };
  }
  if (!best) return text ? [text] : [];
  const { kind, match } = best;
  return [text.slice(0, match.index), piece(kind, match), ...inline(text.slice(match.index + match[0].length))];
}

function piece(kind, match) {
  if (kind === "escaped") return match[1];
  if (kind === "code") return h("code", {}, match[1]);
  if (kind === "link") return link(match[2], match[1]);
  if (kind === "auto" || kind === "url") return link(match[1], match[1]);
  if (kind === "emoji") return emojiNode(match[1]);
  return h(kind, {}, inline(match[1]));
}
