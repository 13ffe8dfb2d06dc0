// rich_text blocks: already in pieces, so nothing is parsed.

import { h, safeUrl } from "/static/dom.js";
import { dateElement, known, nameOf } from "/static/names.js";
import { channelLink, emojiNode, groupMention, link, mention } from "/static/mrkdwn.js";

/** Nodes for the parts of a rich_text block. */
export function richText(block) {
  return block.elements.map(part);
}

function part(element) {
  const leaves = () => element.elements.map(leaf);
  switch (element.type) {
    case "rich_text_preformatted": return h("pre", { class: "code" }, leaves());
    case "rich_text_quote": return h("blockquote", {}, leaves());
    case "rich_text_list": return list(element);
    default: return h("div", { class: "rich" }, leaves());
  }
}

function list(element) {
  const items = element.elements.map((item) => h("li", {}, item.elements.map(leaf)));
  const start = element.offset ? element.offset + 1 : undefined;
  return h(element.style === "ordered" ? "ol" : "ul", { class: `indent-${element.indent ?? 0}`, start }, items);
}

function leaf(element) {
  const style = element.style ?? {};
  let node = plain(element);
  if (style.code) node = h("code", {}, node);
  for (const [name, tag] of [["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"]]) {
    if (style[name]) node = h(tag, {}, node);
  }
  return node;
}

function plain(element) {
  switch (element.type) {
    case "text": return element.text;
    case "link": return link(element.url, element.text || element.url);
    case "emoji": return emojiNode(element.name);
    case "user": return mention(`@${nameOf(element.user_id)}`, element.user_id === known.me);
    case "usergroup": return groupMention(element.usergroup_id);
    case "channel": return channelLink(element.channel_id);
    case "broadcast": return mention(`@${element.range}`, true);
    case "date": return dateElement(element.timestamp, element.format, element.url && safeUrl(element.url));
    default: return element.text ?? element.value ?? "";
  }
}
