// The page: what is open, what is known of it, and how it is drawn when news come in.

import { byId, fill, h, icon, patch } from "/static/dom.js";
import { blockNodes } from "/static/blocks.js";
import { composer } from "/static/composer.js";
import { article, follows } from "/static/messages.js";
import { closeMenu } from "/static/menu.js";
import { showViews, surfaceOf } from "/static/modals.js";
import { become, get, listen, me, perform, post } from "/static/net.js";
import { channelOf, dayOf, dateOf, known } from "/static/names.js";
import { drawSidebar } from "/static/sidebar.js";
import { link } from "/static/mrkdwn.js";

const MOST = 600;
const open = { channel: null, thread: null, tab: "messages", unreadFrom: "" };
const messages = new Map();
const drawn = new Map();
let team = "";
let home = null;

// What is where

function target() {
  const permalink = /^\/archives\/(\w+)\/p(\d{10})(\d{6})$/.exec(location.pathname);
  if (permalink && !location.hash) return { channel: permalink[1], message: `${permalink[2]}.${permalink[3]}` };
  const [channel, thread] = location.hash.slice(1).split("/");
  return { channel, thread };
}

function go(channel, thread) {
  const hash = `#${channel}${thread ? `/${thread}` : ""}`;
  if (location.hash === hash) show();
  else location.hash = hash;
}

const openThread = (ts) => go(open.channel, ts);
const sorted = () => [...messages.values()].sort((a, b) => (a.ts < b.ts ? -1 : 1));
const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;
const inChannel = (message) => !isReply(message) || message.subtype === "thread_broadcast";

// Loading

async function loadState() {
  const state = await get("state");
  Object.assign(known, { people: state.people, groups: state.groups, channels: state.channels, me: state.me, bot: state.bot, app: state.app, actors: state.actors, violations: state.violations });
  team = state.team;
  home = state.home;
  drawSidebar(team, open.channel, changePerson);
  showViews(state.views);
}

async function show() {
  closeMenu();
  const wanted = target();
  const fallback = known.channels.find((channel) => channel.name === "incidents" && channel.is_member) ?? known.channels.find((channel) => channel.is_member) ?? known.channels[0];
  const channel = channelOf(wanted.channel) ? wanted.channel : fallback.id;
  const changed = channel !== open.channel;
  open.channel = channel;
  open.thread = wanted.thread ?? null;
  if (changed) {
    open.tab = channelOf(channel).is_im && known.app.home_tab ? "home" : "messages";
    await loadMessages();
    if (open.tab === "home") post("open_home");
  }
  document.body.classList.remove("drawer");
  drawAll();
  await drawThread();
  if (changed) toBottom();
  if (wanted.message) reveal(wanted.message);
}

async function loadMessages() {
  const channel = open.channel;
  const found = await get("messages", { channel });
  if (!found.messages || channel !== open.channel) return;
  messages.clear();
  drawn.clear();
  for (const message of found.messages) messages.set(message.ts, message);
  open.unreadFrom = found.read;
}

async function reload() {
  const place = byId("log");
  const bottom = atBottom(place);
  await loadState();
  await loadMessages();
  drawAll();
  await drawThread();
  if (bottom) toBottom();
}

function changePerson(id) {
  become(id);
  open.channel = null;
  start();
}

// Drawing

function drawAll() {
  const channel = channelOf(open.channel);
  document.title = `${channel.is_im ? "" : "#"}${channel.name} · ${team}`;
  drawSidebar(team, open.channel, changePerson);
  drawBar(channel);
  drawMarks(channel);
  drawLog(channel);
  drawComposer(channel);
  markRead();
}

function drawBar(channel) {
  const drawer = () => document.body.classList.toggle("drawer");
  const tabs = channel.is_im && known.app.home_tab;
  fill(
    byId("bar"),
    h("button", { type: "button", class: "tool menu-button", "aria-label": "Channels", onclick: drawer }, icon("menu")),
    h("div", { class: "title" }, h("h1", {}, channel.is_im ? null : icon(channel.is_private ? "lock" : "hash"), channel.name), channel.topic && h("p", { class: "topic", title: channel.topic }, channel.topic)),
    tabs && h("div", { class: "tabs", role: "tablist", "aria-label": "App" }, tab("home", "Home"), tab("messages", "Messages")),
    channel.is_im ? null : h("span", { class: "members", title: `${channel.members} members` }, icon("users"), String(channel.members)),
  );
}

function tab(name, label) {
  const choose = () => {
    open.tab = name;
    if (name === "home") post("open_home");
    drawAll();
    toBottom();
  };
  return h("button", { type: "button", role: "tab", "aria-selected": String(open.tab === name), onclick: choose }, label);
}

function drawMarks(channel) {
  const marks = channel.bookmarks.map((mark) => h("span", { class: "mark" }, icon("link"), link(mark.link, mark.title)));
  const pinned = sorted().filter((message) => message.pinned_to);
  const pin = pinned.length > 0 && h("button", { type: "button", class: "mark", onclick: () => reveal(pinned.at(-1).ts) }, icon("pin"), `${pinned.length} pinned`);
  fill(byId("marks"), pin, marks).hidden = !pin && marks.length === 0;
}

function drawLog(channel) {
  const log = byId("log");
  const kept = focusIn(log);
  if (open.tab === "home") return drawHome(log);
  const shown = sorted().filter(inChannel);
  const nodes = [];
  let before = null;
  let marked = !open.unreadFrom;
  for (const message of shown) {
    const newDay = !before || dateOf(before.ts).toDateString() !== dateOf(message.ts).toDateString();
    if (newDay) nodes.push(once(`day ${dayOf(message.ts)}`, () => h("div", { class: "day", role: "separator" }, h("span", {}, dayOf(message.ts)))));
    const fresh = !marked && message.ts > open.unreadFrom && message.user !== known.me;
    if (fresh) nodes.push(once("new", () => h("div", { class: "new", role: "separator" }, h("span", {}, "New"))));
    marked ||= fresh;
    nodes.push(articleOnce(channel, message, "channel", !newDay && !fresh && follows(message, before)));
    before = message;
  }
  const start = once(`start ${shown.length === 0} ${JSON.stringify(channel)}`, () => h("div", { class: "beginning" }, beginning(channel, shown.length === 0)));
  patch(log, [start, ...nodes]);
  focusAgain(log, kept);
}

// A node is made again only when what it shows has changed: focus, half-filled fields and scrolling inside it survive.

function once(key, make) {
  if (!drawn.has(key)) drawn.set(key, make());
  return drawn.get(key);
}

function articleOnce(channel, message, place, together) {
  const slot = `${place} ${message.ts}`;
  const old = drawn.get(slot);
  if (old?.message === message && old.together === together) return old.node;
  const node = article(channel.id, message, { place, together, openThread });
  if (place === "channel" && message.edited && Date.now() / 1000 - Number(message.edited.ts) < 3) node.classList.add("changed");
  drawn.set(slot, { message, together, node });
  return node;
}

function beginning(channel, empty) {
  if (channel.is_im) return [h("h2", {}, channel.name), h("p", {}, "This is the conversation between you and the app. Only the two of you see it.")];
  const suggestions = empty && channel.has_bot ? known.app.commands.slice(0, 3) : [];
  return [
    h("h2", {}, icon(channel.is_private ? "lock" : "hash"), channel.name),
    h("p", {}, channel.purpose || "This is where the channel begins."),
    empty && h("p", { class: "quiet" }, channel.has_bot ? "Nothing has happened here yet. When an alert comes in, it appears by itself." : "Nobody has written here yet."),
    suggestions.length > 0 && h("p", { class: "tries" }, "Try ", suggestions.map((command) => h("button", { type: "button", class: "chip", onclick: () => typeIn(`${command.name} `) }, command.name))),
    !channel.has_bot && channel.is_member && !channel.is_archived && h("button", { type: "button", class: "btn", onclick: () => perform("invite_bot", { channel_id: channel.id }) }, "Invite Midwatch"),
  ];
}

function typeIn(text) {
  const box = byId("composer-input");
  box.value = text;
  box.dispatchEvent(new Event("input"));
  box.focus();
}

function drawHome(log) {
  const nodes = home ? blockNodes(home.blocks, surfaceOf(home, () => {})) : [h("div", { class: "beginning" }, h("h2", {}, "Home"), h("p", { class: "quiet" }, "The app has put nothing here yet."))];
  fill(log, h("div", { class: "home blocks" }, nodes));
}

function drawComposer(channel) {
  const place = byId("composer");
  const key = `${known.me}/${channel.id}/${channel.is_member}/${channel.is_archived}/${open.tab}`;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  if (open.tab === "home") fill(place);
  else if (channel.is_archived) fill(place, h("p", { class: "closed" }, "This channel is archived. It can be read, not written to."));
  else if (!channel.is_member) fill(place, h("p", { class: "closed" }, "You are looking at ", h("strong", {}, `#${channel.name}`), " ", h("button", { type: "button", class: "btn primary", onclick: () => perform("join", { channel_id: channel.id }) }, "Join channel")));
  else fill(place, composer({ channel, id: "composer-input", label: channel.is_im ? `Message ${channel.name}` : `Message #${channel.name}` }));
}

async function drawThread() {
  const place = byId("thread");
  const ts = open.thread;
  place.hidden = !ts;
  document.body.classList.toggle("with-thread", Boolean(ts));
  if (!ts) return fill(place);
  const channel = channelOf(open.channel);
  if (![...messages.values()].some((message) => message.ts === ts)) {
    const found = await get("thread", { channel: channel.id, ts });
    for (const message of found.messages ?? []) messages.set(message.ts, message);
  }
  if (place.dataset.ts !== `${known.me}/${ts}`) {
    place.dataset.ts = `${known.me}/${ts}`;
    fill(place, threadFrame(channel, ts));
    if (window.matchMedia("(max-width: 760px)").matches) place.querySelector("button").focus();
  }
  drawReplies(channel, ts);
  const body = place.querySelector(".thread-body");
  body.scrollTop = body.scrollHeight;
}

function threadFrame(channel, ts) {
  return [
    h("header", { class: "bar" }, h("div", { class: "title" }, h("h2", {}, "Thread"), h("p", { class: "topic" }, channel.is_im ? channel.name : `#${channel.name}`)), h("button", { type: "button", class: "tool", "aria-label": "Close thread", onclick: () => go(open.channel) }, icon("close"))),
    h("div", { class: "thread-body", role: "log", "aria-label": "Replies" }),
    channel.is_archived || !channel.is_member ? null : h("div", { class: "composer" }, composer({ channel, thread: ts, id: "reply-input", label: "Reply…" })),
  ];
}

function drawReplies(channel, ts) {
  const body = byId("thread").querySelector(".thread-body");
  const kept = focusIn(body);
  const bottom = atBottom(body);
  const thread = sorted().filter((message) => message.ts === ts || message.thread_ts === ts);
  const [parent, ...replies] = thread[0]?.ts === ts ? thread : [null, ...thread];
  let before = null;
  const nodes = replies.map((message) => {
    const node = articleOnce(channel, message, "thread", follows(message, before));
    before = message;
    return node;
  });
  const count = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
  patch(body, [
    parent ? articleOnce(channel, parent, "thread", false) : h("p", { class: "quiet gone" }, "The first message of this thread is gone."),
    h("div", { class: "day", role: "separator" }, h("span", {}, replies.length ? count : "No replies yet")),
    ...nodes,
  ]);
  focusAgain(body, kept);
  if (bottom) body.scrollTop = body.scrollHeight;
}

// Focus and scrolling survive a redraw

function focusIn(place) {
  const active = document.activeElement;
  if (!place.contains(active)) return null;
  return { ts: active.closest("[data-ts]")?.dataset.ts, control: active.dataset.control, label: active.getAttribute("aria-label") };
}

function focusAgain(place, kept) {
  if (!kept?.ts) return;
  const message = place.querySelector(`[data-ts="${kept.ts}"]`);
  const control = kept.control && message?.querySelector(`[data-control="${CSS.escape(kept.control)}"]`);
  const same = kept.label && message?.querySelector(`[aria-label="${CSS.escape(kept.label)}"]`);
  (control || same || message)?.focus({ preventScroll: true });
}

const atBottom = (place) => place.scrollHeight - place.scrollTop - place.clientHeight < 80;

function toBottom() {
  const log = byId("log");
  log.scrollTop = open.tab === "home" ? 0 : log.scrollHeight;
}

function reveal(ts) {
  const message = messages.get(ts);
  if (message && isReply(message)) go(open.channel, message.thread_ts);
  const node = document.querySelector(`[data-ts="${ts}"]`);
  node?.scrollIntoView({ block: "center" });
  node?.classList.add("flash");
}

function markRead() {
  if (document.hidden || open.tab === "home") return;
  const channel = channelOf(open.channel);
  const last = sorted().filter(inChannel).at(-1);
  if (!channel.is_member || !last || last.ts <= (channel.readTo ?? "")) return;
  channel.readTo = last.ts;
  channel.unread = 0;
  post("read", { channel_id: channel.id, ts: last.ts });
}

// News

let later = null;

function stateSoon() {
  later ??= setTimeout(async () => {
    later = null;
    await loadState();
    if (open.channel) drawAll();
  }, 120);
}

let frame = null;

function redrawSoon() {
  frame ??= requestAnimationFrame(() => {
    frame = null;
    redraw();
  });
}

function redraw() {
  const bottom = atBottom(byId("log"));
  drawAll();
  if (open.thread) drawReplies(channelOf(open.channel), open.thread);
  if (bottom) toBottom();
}

function hear(news) {
  if (news.type === "message") heard(news);
  else if (news.type === "deleted" && news.channel === open.channel) {
    messages.delete(news.ts);
    redrawSoon();
  } else if (news.type === "views") showViews(news.views);
  else if (news.type === "home") {
    home = news.view;
    if (open.tab === "home") drawAll();
  } else if (news.type === "channels") stateSoon();
  else if (news.type === "reload") reload();
}

function heard({ channel, message }) {
  if (channel !== open.channel) {
    const other = channelOf(channel);
    if (!other) stateSoon();
    else if (inChannel(message) && message.user !== known.me && !message.edited && other.is_member && !message.reply_count) {
      stateSoon();
    }
    return;
  }
  messages.set(message.ts, message);
  if (messages.size > MOST) forgetOldest();
  redrawSoon();
}

function forgetOldest() {
  for (const message of sorted().slice(0, messages.size - MOST)) {
    messages.delete(message.ts);
    drawn.delete(`channel ${message.ts}`);
    drawn.delete(`thread ${message.ts}`);
  }
}

// Keys

document.addEventListener("keydown", (event) => {
  const here = document.activeElement;
  if (event.key === "Escape" && open.thread && !document.querySelector("dialog[open]")) go(open.channel);
  else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && here.matches?.("article.message")) {
    const all = [...here.parentElement.querySelectorAll("article.message")];
    all[all.indexOf(here) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
    event.preventDefault();
  }
});

async function start() {
  await loadState();
  await show();
  listen(hear, reload);
}

window.addEventListener("hashchange", show);
document.addEventListener("visibilitychange", () => document.hidden || !open.channel || markRead());
byId("scrim").addEventListener("click", () => document.body.classList.remove("drawer"));
if (!me()) become("U0ALICE");
start();
