// Elements are made here and nowhere else. A string always becomes a text node, so nothing that somebody wrote is ever
// read as HTML.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "tabIndex", "id", "htmlFor", "selected"]);

/** An element with attributes (`class`, `aria-*`, `on*` functions, `dataset`) and children. */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Put new children in place of the old ones. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

/** Make `nodes` the children, leaving alone those that are there already. */
export function patch(element, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...element.childNodes]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (element.childNodes[index] !== node) element.insertBefore(node, element.childNodes[index] ?? null);
  });
  return element;
}

export const byId = (id) => document.getElementById(id);

const SHAPES = {
  hash: "M7 2 5.5 14M11 2 9.5 14M2.5 5.5h11M2 10.5h11",
  lock: "M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
  reply: "M2.5 3.5h11v7.5H7l-3 2.5V11H2.5z",
  smile: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5.5 9.5c.6 1 1.5 1.5 2.5 1.5s1.9-.5 2.5-1.5M6 6.3v.4M10 6.3v.4",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  close: "M4 4l8 8M12 4l-8 8",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  send: "M2.5 2.5 14 8 2.5 13.5 4.5 8zM4.5 8H9",
  bolt: "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z",
  pin: "M9.5 2 14 6.5l-2 .5-2.5 2.5-.5 3-6-6 3-.5L8.5 4zM5.5 10.5 2 14",
  file: "M4 1.5h5.5L12.5 5v9.5H4zM9 1.5V5.5h3.5",
  down: "M4 6l4 4 4-4",
  users: "M6 7.5A2.5 2.5 0 1 0 6 2.5a2.5 2.5 0 0 0 0 5zM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M10.5 2.8a2.5 2.5 0 0 1 0 4.5M12 9.7c1.6.5 2.6 1.8 2.6 3.8",
  link: "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5 7.5 13A3 3 0 0 1 3 8.5L4.5 7",
  warn: "M8 2 14.5 13.5h-13zM8 6.5v3.5M8 11.8v.1",
  home: "M2 8l6-5.5L14 8M4 7v6.5h8V7",
};

/** A line drawing that goes with a word; it is hidden from screen readers. */
export function icon(name) {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(NS, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** A short notice in the corner. */
export function toast(text, kind = "") {
  const note = h("div", { class: `toast ${kind}` }, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

/** Only addresses that open a page or a mail, never a script. */
export function safeUrl(url) {
  return /^(https?:\/\/|mailto:)/i.test(url) ? url : null;
}
