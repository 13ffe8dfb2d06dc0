// The left column: channels, the app, and who one is.

import { byId, fill, h, icon } from "/static/dom.js";
import { avatar, known, nameOf } from "/static/names.js";
import { showMenu } from "/static/menu.js";

/** Draw it. `here` is the open channel; `become(id)` changes the person. */
export function drawSidebar(team, here, become) {
  const channels = known.channels.filter((channel) => !channel.is_im);
  const direct = known.channels.filter((channel) => channel.is_im);
  fill(
    byId("sidebar"),
    h("div", { class: "team" }, h("img", { src: "/static/icon.svg", alt: "", class: "avatar" }), h("div", {}, h("strong", {}, team), h("span", {}, "Stays on this machine"))),
    h("div", { class: "lists" }, list("Channels", channels, here), list("Apps", direct, here)),
    known.violations ? rulesBroken() : null,
    person(become),
  );
}

function list(title, channels, here) {
  const live = channels.filter((channel) => !channel.is_archived);
  const old = channels.filter((channel) => channel.is_archived);
  return h(
    "section",
    {},
    h("h2", {}, title),
    h("ul", {}, live.map((channel) => h("li", {}, entry(channel, here)))),
    old.length > 0 && h("details", { class: "old", open: old.some((channel) => channel.id === here) }, h("summary", {}, `Archived (${old.length})`), h("ul", {}, old.map((channel) => h("li", {}, entry(channel, here))))),
  );
}

function entry(channel, here) {
  const unread = channel.id !== here && channel.unread > 0;
  const classes = ["channel", unread && "unread", channel.is_member || "outside"].filter((each) => typeof each === "string");
  return h(
    "a",
    { class: classes.join(" "), href: `#${channel.id}`, "aria-current": channel.id === here ? "page" : undefined, "data-channel": channel.name },
    channel.is_im ? h("img", { class: "avatar mini", src: "/static/icon.svg", alt: "" }) : icon(channel.is_private ? "lock" : "hash"),
    h("span", { class: "name" }, channel.name),
    unread && h("span", { class: "count", "aria-label": `${channel.unread} unread` }, channel.unread > 99 ? "99+" : String(channel.unread)),
  );
}

function rulesBroken() {
  const count = known.violations === 1 ? "1 rule of Slack broken" : `${known.violations} rules of Slack broken`;
  return h("a", { class: "rules", href: "/_practice/violations", target: "_blank", rel: "noopener" }, icon("warn"), count);
}

const roleOf = (person) => (person.on_call ? `${person.title} · @oncall` : person.title);

function person(become) {
  const choose = (event) => {
    const entries = known.actors.map((id) => ({
      label: nameOf(id),
      detail: roleOf(known.people[id]),
      lead: avatar(id, "mini"),
      checked: id === known.me,
      run: () => become(id),
    }));
    showMenu(event.currentTarget, entries, "Act as");
  };
  return h(
    "button",
    { type: "button", class: "me", id: "me", "aria-haspopup": "menu", "aria-expanded": "false", onclick: choose },
    avatar(known.me),
    h("span", { class: "who" }, h("span", { class: "acting" }, "Acting as"), h("strong", {}, nameOf(known.me)), h("span", {}, roleOf(known.people[known.me]))),
    icon("down"),
  );
}
