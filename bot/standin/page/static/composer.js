// The message box: grows with its text, sends with Enter, completes commands, people and channels.

import { fill, h, icon } from "/static/dom.js";
import { avatar, known } from "/static/names.js";
import { showMenu } from "/static/menu.js";
import { perform } from "/static/net.js";

const drafts = new Map();
let lastId = 0;

/** A message box for a channel or one of its threads (`{channel, thread, id, label}`). */
export function composer({ channel, thread, id, label }) {
  const key = `${known.me}/${channel.id}/${thread ?? ""}`;
  const listId = `completions-${(lastId += 1)}`;
  const list = h("div", { class: "completions", role: "listbox", id: listId, hidden: true, "aria-label": "Suggestions" });
  const box = h("textarea", { id, rows: 1, placeholder: label, "aria-label": label, "aria-autocomplete": "list", "aria-controls": listId, spellcheck: "true" });
  const send = h("button", { type: "submit", class: "send", "aria-label": "Send", title: "Send" }, icon("send"));
  const completion = completing(box, list, Boolean(thread));
  const grow = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 240)}px`;
    send.classList.toggle("ready", box.value.trim() !== "");
    drafts.set(key, box.value);
  };
  const submit = async (event) => {
    event?.preventDefault();
    const text = box.value;
    if (!text.trim()) return;
    box.value = "";
    grow();
    completion.hide();
    const outcome = await perform("say", { channel_id: channel.id, text, ...(thread ? { thread_ts: thread } : {}) });
    if (!outcome.ok && !text.startsWith("/")) {
      box.value = text;
      grow();
    }
  };
  box.addEventListener("input", () => {
    grow();
    completion.update();
  });
  box.addEventListener("keydown", (event) => {
    if (completion.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  });
  box.addEventListener("blur", () => setTimeout(completion.hide, 150));
  box.value = drafts.get(key) ?? "";
  const form = h("form", { class: "box", onsubmit: submit }, list, box, h("div", { class: "tools" }, thread ? null : shortcuts(box, completion, grow), h("span", { class: "keys" }, "Enter sends · Shift+Enter breaks the line"), send));
  queueMicrotask(grow);
  return form;
}

function shortcuts(box, completion, grow) {
  const slash = () => {
    box.value = "/";
    grow();
    box.focus();
    completion.update();
  };
  const global = known.app.shortcuts.filter((shortcut) => shortcut.type === "global");
  const open = (event) =>
    showMenu(
      event.currentTarget,
      global.map((shortcut) => ({ label: shortcut.name, detail: shortcut.description, run: () => perform("shortcut", { callback_id: shortcut.callback_id }) })),
      "Shortcuts",
    );
  return [
    h("button", { type: "button", class: "tool text", title: "Commands", "aria-label": "Commands", onclick: slash }, "/"),
    global.length > 0 && h("button", { type: "button", class: "tool", title: "Shortcuts", "aria-label": "Shortcuts", "aria-haspopup": "menu", "aria-expanded": "false", onclick: open }, icon("bolt")),
  ];
}

// Completions

function completing(box, list, inThread) {
  let found = [];
  let at = 0;
  let walked = false;
  const hide = () => {
    list.hidden = true;
    found = [];
    box.removeAttribute("aria-activedescendant");
  };
  const pick = (entry) => {
    const before = box.value.slice(0, box.selectionStart);
    const rest = box.value.slice(box.selectionStart);
    box.value = before.slice(0, before.length - entry.typed.length) + entry.insert + rest;
    const caret = before.length - entry.typed.length + entry.insert.length;
    box.setSelectionRange(caret, caret);
    hide();
    box.dispatchEvent(new Event("input"));
    box.focus();
  };
  const draw = () => {
    fill(
      list,
      found.map((entry, index) =>
        h(
          "div",
          { class: "completion", role: "option", id: `${list.id}-${index}`, "aria-selected": String(index === at), onpointerdown: (event) => event.preventDefault(), onclick: () => pick(entry) },
          entry.lead,
          h("strong", {}, entry.label),
          entry.hint && h("code", {}, entry.hint),
          entry.detail && h("span", { class: "quiet" }, entry.detail),
        ),
      ),
    );
    list.hidden = found.length === 0;
    if (found.length) box.setAttribute("aria-activedescendant", `${list.id}-${at}`);
  };
  const update = () => {
    found = suggestions(box.value.slice(0, box.selectionStart), inThread);
    at = 0;
    walked = false;
    if (found.length) draw();
    else hide();
  };
  const key = (event) => {
    if (!found.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const sends = !walked && (found[at].gentle || found[at].typed === found[at].insert.trim());
    if (step) {
      walked = true;
      at = (at + step + found.length) % found.length;
      draw();
    } else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && !sends)) pick(found[at]);
    else if (event.key === "Escape") hide();
    else return false;
    event.preventDefault();
    return true;
  };
  return { update, hide, key };
}

function suggestions(before, inThread) {
  const command = /^\/\S*$/.exec(before);
  if (command && !inThread) return commands(command[0]);
  const verb = /^(\/\S+) (\S*)$/.exec(before);
  if (verb && !inThread) return verbs(verb[1], verb[2]);
  const person = /(?:^|\s)@(\w*)$/.exec(before);
  if (person) return people(person[1].toLowerCase());
  const channel = /(?:^|\s)#([\w-]*)$/.exec(before);
  return channel ? channels(channel[1].toLowerCase()) : [];
}

function commands(typed) {
  return known.app.commands
    .filter((command) => command.name.startsWith(typed))
    .map((command) => ({ typed, insert: `${command.name} `, label: command.name, hint: command.usage_hint, detail: command.description }));
}

/** The first words that a usage hint such as "new | list | help" names. Enter still sends: a command may do without. */
function verbs(name, typed) {
  const hint = known.app.commands.find((command) => command.name === name)?.usage_hint ?? "";
  if (!hint.includes("|")) return [];
  const words = hint.split("|").map((part) => part.trim().split(" ")[0]);
  return words.filter((word) => word.startsWith(typed)).map((word) => ({ typed, insert: `${word} `, label: word, gentle: true }));
}

function people(start) {
  const fits = (person) => person.id !== "USLACKBOT" && (person.handle.startsWith(start) || person.name.toLowerCase().includes(start));
  const persons = Object.values(known.people).filter(fits).map((person) => ({ typed: `@${start}`, insert: `@${person.handle} `, label: `@${person.handle}`, detail: person.name, lead: avatar(person.id, "mini") }));
  const groups = Object.values(known.groups).filter((group) => group.handle.startsWith(start)).map((group) => ({ typed: `@${start}`, insert: `@${group.handle} `, label: `@${group.handle}`, detail: `${group.members.length} people`, lead: icon("users") }));
  return [...persons, ...groups];
}

function channels(start) {
  return known.channels
    .filter((channel) => !channel.is_im && !channel.is_archived && channel.name.startsWith(start))
    .map((channel) => ({ typed: `#${start}`, insert: `#${channel.name} `, label: `#${channel.name}`, detail: channel.purpose }));
}
