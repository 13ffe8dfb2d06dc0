// The emoji one can react with from the menu.

import { h } from "/static/dom.js";
import { emoji, QUICK } from "/static/emoji.js";

export { emojiNode } from "/static/mrkdwn.js";
export const QUICK_NODES = QUICK;

/** An emoji and its name. */
export const withName = (name) => h("span", { class: "emoji-entry" }, h("span", { class: "emoji" }, emoji(name)), ` ${name.replaceAll("_", " ")}`);
