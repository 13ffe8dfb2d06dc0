// Who and what ids stand for, and times in the reader's own zone.

import { h } from "/static/dom.js";

export const known = { people: {}, groups: {}, channels: [], me: "", bot: "" };

export const nameOf = (id) => known.people[id]?.name ?? id ?? "Somebody";
export const channelOf = (id) => known.channels.find((channel) => channel.id === id);

/** A person's picture: their initials on a colour of their own, the moon for the bot. */
export function avatar(id, size = "") {
  const person = known.people[id];
  if (person?.is_bot) return h("img", { class: `avatar ${size}`, src: "/static/icon.svg", alt: "" });
  const initials = nameOf(id).split(/\s+/).map((word) => word[0]).slice(0, 2).join("");
  return h("span", { class: `avatar ${size} tint-${tint(id ?? "")}`, "aria-hidden": "true" }, initials);
}

function tint(id) {
  return Math.max(0, Object.keys(known.people).indexOf(id)) % 6;
}

export const dateOf = (ts) => new Date(Number(ts) * 1000);
const format = (options) => new Intl.DateTimeFormat(undefined, options);
const TIME = format({ hour: "numeric", minute: "2-digit" });
const SECONDS = format({ hour: "numeric", minute: "2-digit", second: "2-digit" });
const LONG = format({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
const MIDDLE = format({ year: "numeric", month: "long", day: "numeric" });
const SHORT = format({ year: "numeric", month: "short", day: "numeric" });

export const clock = (ts) => TIME.format(dateOf(ts));
export const moment = (ts) => `${MIDDLE.format(dateOf(ts))}, ${SECONDS.format(dateOf(ts))}`;

/** Today, Yesterday, or the date. */
export function dayOf(ts, otherwise = LONG) {
  const day = dateOf(ts);
  const days = Math.round((midnight(new Date()) - midnight(day)) / 86_400_000);
  return days === 0 ? "Today" : days === 1 ? "Yesterday" : days === -1 ? "Tomorrow" : otherwise.format(day);
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** How long ago, in words. */
export function ago(ts) {
  const seconds = (Date.now() - Number(ts) * 1000) / 1000;
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  if (Math.abs(seconds) < 60) return "just now";
  if (Math.abs(seconds) < 3600) return relative.format(-Math.round(seconds / 60), "minute");
  if (Math.abs(seconds) < 86_400) return relative.format(-Math.round(seconds / 3600), "hour");
  return relative.format(-Math.round(seconds / 86_400), "day");
}

/** What Slack's `{date_short} {time}` says. */
export function dateText(unix, pattern) {
  const day = dateOf(unix);
  const words = {
    date_num: format({ year: "numeric", month: "2-digit", day: "2-digit" }).format(day),
    date: MIDDLE.format(day),
    date_short: SHORT.format(day),
    date_long: LONG.format(day),
    date_pretty: dayOf(unix, MIDDLE),
    date_short_pretty: dayOf(unix, SHORT),
    date_long_pretty: dayOf(unix, LONG),
    time: TIME.format(day),
    time_secs: SECONDS.format(day),
    ago: ago(unix),
  };
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole);
}

/** The element for a date, whose tip says it in full. */
export function dateElement(unix, pattern, url) {
  const time = h("time", { datetime: dateOf(unix).toISOString(), title: moment(unix) }, dateText(unix, pattern));
  return url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, time) : time;
}
