// Menus that open beside their button: arrow keys walk, Escape closes, focus goes back where it came from.

import { h } from "/static/dom.js";

let open = null;

/** Show `entries` (`{label, detail, icon, danger, checked, run}`, or null for a line) beside `anchor`. */
export function showMenu(anchor, entries, label) {
  const again = open?.anchor === anchor;
  closeMenu();
  if (again) return;
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label }, entries.map(entryOf));
  menu.addEventListener("keydown", walk);
  (anchor.closest("dialog") ?? document.body).append(menu);
  anchor.setAttribute("aria-expanded", "true");
  open = { anchor, menu };
  place(menu, anchor);
  items(menu)[0]?.focus();
}

/** Close the open menu, if any. */
export function closeMenu(focus = false) {
  if (!open) return;
  const { anchor, menu } = open;
  open = null;
  menu.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (focus) anchor.focus();
}

function entryOf(entry) {
  if (!entry) return h("hr", { role: "separator" });
  const role = entry.checked === undefined ? "menuitem" : "menuitemradio";
  return h(
    "button",
    {
      type: "button",
      role,
      class: entry.danger ? "danger" : undefined,
      "aria-checked": entry.checked === undefined ? undefined : String(entry.checked),
      onclick: () => {
        closeMenu(true);
        entry.run();
      },
    },
    entry.lead,
    h("span", { class: "entry" }, h("span", { class: "entry-label" }, entry.label), entry.detail && h("span", { class: "entry-detail" }, entry.detail)),
  );
}

const items = (menu) => [...menu.querySelectorAll("button")];

function walk(event) {
  const all = items(open.menu);
  const at = all.indexOf(document.activeElement);
  const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
  if (event.key in steps) {
    event.preventDefault();
    all[(steps[event.key] + all.length) % all.length].focus();
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu(true);
  } else if (event.key === "Tab") closeMenu(true);
}

function place(menu, anchor) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = box.bottom + 4 + height < window.innerHeight || box.top < height + 8;
  menu.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - width - 8))}px`;
  menu.style.top = `${Math.max(8, below ? box.bottom + 4 : box.top - height - 4)}px`;
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.menu.contains(event.target) && !open.anchor.contains(event.target)) closeMenu();
});
