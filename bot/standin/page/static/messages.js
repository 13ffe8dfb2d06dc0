// One message as an article, and what one can do with it.

import { fill, h, icon, toast } from "/static/dom.js";
import { blockNodes } from "/static/blocks.js";
import { emojiNode, QUICK_NODES, withName } from "/static/reactions.js";
import { ago, avatar, clock, known, moment, nameOf } from "/static/names.js";
import { showMenu } from "/static/menu.js";
import { ask } from "/static/confirm.js";
import { mrkdwn, unescape } from "/static/mrkdwn.js";
import { perform, post, words } from "/static/net.js";

const TOGETHER = 300;
const states = new Map();
const SYSTEM = new Set(["channel_join", "channel_leave", "channel_topic", "channel_name", "channel_archive"]);

/** Whether a message goes under the one before it without a new name and picture. */
export function follows(message, before) {
  return Boolean(
    before &&
      before.user === message.user &&
      !SYSTEM.has(before.subtype) &&
      !SYSTEM.has(message.subtype) &&
      Boolean(before.only_for) === Boolean(message.only_for) &&
      Number(message.ts) - Number(before.ts) < TOGETHER,
  );
}

/** The article. `place` is "channel" or "thread"; `openThread(ts)` shows a thread. */
export function article(channel, message, { place, together, openThread }) {
  if (SYSTEM.has(message.subtype)) return line(message);
  const classes = ["message", together && "together", message.only_for && "ephemeral", message.pinned_to && "pinned"];
  return h(
    "article",
    { class: classes.filter(Boolean).join(" "), tabindex: "0", dataset: { ts: message.ts }, "aria-label": `${nameOf(message.user)}, ${clock(message.ts)}` },
    message.pinned_to && h("div", { class: "note" }, icon("pin"), "Pinned"),
    message.only_for && h("div", { class: "note" }, "Only visible to you"),
    h("div", { class: "gutter" }, together ? h("time", { class: "small-time", title: moment(message.ts) }, clock(message.ts)) : avatar(message.user)),
    h(
      "div",
      { class: "content" },
      !together && byline(message),
      place === "channel" && message.thread_ts && message.thread_ts !== message.ts && repliedTo(message, openThread),
      h("div", { class: "body" }, bodyOf(channel, message)),
      (message.files ?? []).map(fileCard),
      reactions(channel, message),
      place === "channel" && threadLink(message, openThread),
      message.only_for && h("button", { type: "button", class: "link", onclick: () => perform("dismiss", at(channel, message)) }, "Dismiss message"),
      h("div", { class: "trouble", role: "alert" }),
    ),
    !message.only_for && toolbar(channel, message, place, openThread),
  );
}

const at = (channel, message) => ({ channel_id: channel, ts: message.ts });

function line(message) {
  const text = message.subtype === "channel_join" || message.subtype === "channel_leave" || message.subtype === "channel_archive" ? [] : [h("strong", {}, nameOf(message.user)), " "];
  return h("div", { class: "system", dataset: { ts: message.ts } }, h("span", {}, text, mrkdwn(message.text)), h("time", { title: moment(message.ts) }, clock(message.ts)));
}

function byline(message) {
  const person = known.people[message.user];
  const badge = person?.is_bot ? "App" : person?.is_guest ? "Guest" : null;
  return h(
    "div",
    { class: "byline" },
    h("strong", {}, message.username ?? nameOf(message.user)),
    badge && h("span", { class: "badge" }, badge),
    h("time", { title: moment(message.ts) }, clock(message.ts)),
  );
}

function repliedTo(message, openThread) {
  return h("button", { type: "button", class: "link small", onclick: () => openThread(message.thread_ts) }, "replied to a thread");
}

// What it says

function bodyOf(channel, message) {
  const edited = message.edited && h("span", { class: "edited", title: moment(message.edited.ts) }, "(edited)");
  if (message.blocks?.length) return [h("div", { class: "blocks" }, blockNodes(message.blocks, surfaceOf(channel, message)), attachments(message)), edited];
  const words = message.text && h("div", { class: "words" }, mrkdwn(message.text, { own: true }), edited && " ", edited);
  return [words, attachments(message)];
}

function attachments(message) {
  return (message.attachments ?? []).map((attachment) =>
    h(
      "div",
      { class: "attachment" },
      attachment.title && h("strong", {}, unescape(attachment.title)),
      attachment.text && h("div", { class: "words" }, mrkdwn(attachment.text)),
      attachment.blocks && blockNodes(attachment.blocks, surfaceOf("", message)),
      !attachment.text && !attachment.blocks && attachment.fallback && h("div", {}, unescape(attachment.fallback)),
    ),
  );
}

function surfaceOf(channel, message) {
  const state = states.get(message.ts) ?? {};
  states.set(message.ts, state);
  return {
    get: (block, action) => state[block]?.[action],
    set: (block, action, value) => {
      (state[block] ??= {})[action] = value;
    },
    act: async (block, element, value) => {
      const given = { ...at(channel, message), block_id: block.block_id, action_id: element.action_id, value, state };
      const outcome = await post("click", given);
      for (const place of document.querySelectorAll(`article[data-ts="${message.ts}"] .trouble`)) {
        fill(place, outcome.ok ? null : [icon("warn"), words(outcome.error)]);
      }
    },
    suggest: (block, element, query) =>
      post("suggest", { view_id: null, ...at(channel, message), block_id: block.block_id, action_id: element.action_id, query }),
  };
}

function fileCard(file) {
  return h(
    "div",
    { class: "file" },
    h(
      "div",
      { class: "file-head" },
      icon("file"),
      h("a", { href: `/files/${file.id}`, target: "_blank", rel: "noopener" }, file.title || file.name),
      h("span", { class: "quiet" }, [file.lines && `${file.lines} lines`, size(file.size)].filter(Boolean).join(" · ")),
    ),
    file.preview && h("pre", { class: "code" }, file.preview, file.lines > file.preview.split("\n").length && "\n…"),
  );
}

const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : bytes < 1_048_576 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1_048_576).toFixed(1)} MB`);

// What hangs on it

function reactions(channel, message) {
  if (!message.reactions?.length) return null;
  const chip = (reaction) => {
    const mine = reaction.users.includes(known.me);
    const who = reaction.users.map(nameOf).join(", ");
    const label = `${reaction.name.replaceAll("_", " ")}: ${who}`;
    return h(
      "button",
      { type: "button", class: "reaction", "aria-pressed": String(mine), title: label, "aria-label": label, onclick: () => perform("react", { ...at(channel, message), name: reaction.name, add: !mine }) },
      emojiNode(reaction.name),
      h("span", {}, String(reaction.count)),
    );
  };
  return h("div", { class: "reactions" }, message.reactions.map(chip));
}

function threadLink(message, openThread) {
  if (!message.reply_count) return null;
  const count = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return h(
    "button",
    { type: "button", class: "replies", onclick: () => openThread(message.ts) },
    h("span", { class: "faces" }, message.reply_users.slice(0, 3).map((user) => avatar(user, "mini"))),
    h("strong", {}, count),
    h("span", { class: "quiet" }, `Last reply ${ago(message.latest_reply)}`),
  );
}

// What one can do with it

function toolbar(channel, message, place, openThread) {
  const react = (event) => showMenu(event.currentTarget, QUICK_NODES.map((name) => ({ label: withName(name), run: () => perform("react", { ...at(channel, message), name, add: true }) })), "React");
  const tool = (name, label, onclick, menu) =>
    h("button", { type: "button", class: "tool", title: label, "aria-label": label, "aria-haspopup": menu && "menu", "aria-expanded": menu && "false", onclick }, icon(name));
  return h(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Message actions" },
    tool("smile", "React", react, true),
    place === "channel" && tool("reply", "Reply in thread", () => openThread(message.thread_ts ?? message.ts)),
    tool("more", "More", (event) => showMenu(event.currentTarget, moreEntries(channel, message), "More"), true),
  );
}

function moreEntries(channel, message) {
  const pinned = Boolean(message.pinned_to);
  const shortcuts = known.app.shortcuts.filter((shortcut) => shortcut.type === "message");
  const own = message.user === known.me;
  return [
    ...shortcuts.map((shortcut) => ({ label: shortcut.name, detail: "Midwatch", run: () => perform("shortcut", { callback_id: shortcut.callback_id, ...at(channel, message) }) })),
    ...(shortcuts.length ? [null] : []),
    { label: pinned ? "Unpin from channel" : "Pin to channel", run: () => perform("pin", { ...at(channel, message), add: !pinned }) },
    { label: "Copy link", run: () => copy(channel, message) },
    ...(own ? [null, { label: "Edit message", run: () => edit(channel, message) }, { label: "Delete message", danger: true, run: () => remove(channel, message) }] : []),
  ];
}

async function copy(channel, message) {
  const url = `${location.origin}/archives/${channel}/p${message.ts.replace(".", "")}`;
  try {
    await navigator.clipboard.writeText(url);
    toast("Link copied");
  } catch {
    toast(url);
  }
}

async function remove(channel, message) {
  if (await ask("Delete message", "Delete this message? This cannot be undone.", "Delete", "Cancel", "danger")) perform("delete", at(channel, message));
}

function edit(channel, message) {
  const place = document.querySelector(`article[data-ts="${message.ts}"] .body`);
  const box = h("textarea", { rows: 3, "aria-label": "Edit message" });
  box.value = asTyped(message.text);
  const back = () => fill(place, bodyOf(channel, message));
  const save = async () => {
    if ((await perform("edit", { ...at(channel, message), text: box.value })).ok) back();
  };
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") back();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      save();
    }
  });
  fill(
    place,
    h("div", { class: "editing" }, box, h("div", { class: "actions" }, h("button", { type: "button", class: "btn", onclick: back }, "Cancel"), h("button", { type: "button", class: "btn primary", onclick: save }, "Save"))),
  );
  box.focus();
}

/** Slack's notation as somebody would type it. */
function asTyped(text) {
  const typed = text
    .replace(/<@(\w+)(?:\|[^>]*)?>/g, (_, id) => `@${known.people[id]?.handle ?? id}`)
    .replace(/<#\w+\|([^>]*)>/g, "#$1")
    .replace(/<!subteam\^\w+\|([^>]*)>/g, "$1")
    .replace(/<!(channel|here|everyone)>/g, "@$1")
    .replace(/<(https?:[^|>]+)(?:\|[^>]*)?>/g, "$1");
  return unescape(typed);
}
