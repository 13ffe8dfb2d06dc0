// Modals of the app. Only the topmost of a stack is on the screen; what was filled in stays when it is updated.

import { byId, fill, h, icon } from "/static/dom.js";
import { blockNodes } from "/static/blocks.js";
import { plain } from "/static/elements.js";
import { post, words } from "/static/net.js";

let dialog = null;
let shown = null;
const states = new Map();

/** Show what this person has open. */
export function showViews(views) {
  const top = views.at(-1);
  for (const id of states.keys()) if (!views.some((view) => view.id === id)) states.delete(id);
  if (!top) return hide();
  if (shown?.id === top.id && shown.hash === top.hash) return;
  if (shown?.id !== top.id || !dialog) {
    hide();
    dialog = h("dialog", { class: "modal", "aria-labelledby": "modal-title", oncancel: cancel, onclose: () => {} });
    byId("dialogs").append(dialog);
  }
  shown = top;
  render(top, views.length);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[data-first]")?.focus();
}

function hide() {
  dialog?.close();
  dialog?.remove();
  dialog = null;
  shown = null;
}

function cancel(event) {
  event.preventDefault();
  close();
}

const close = () => post("close_view", { view_id: shown.id });

function render(view, depth) {
  if (!states.has(view.id)) states.set(view.id, {});
  const focused = document.activeElement?.dataset.control;
  const form = h(
    "form",
    { novalidate: true, onsubmit: submit },
    h(
      "header",
      {},
      h("img", { class: "avatar", src: "/static/icon.svg", alt: "" }),
      h("h2", { id: "modal-title" }, plain(view.title)),
      h("button", { type: "button", class: "ghost", "aria-label": "Close", onclick: close }, icon("close")),
    ),
    h("div", { class: "modal-body", tabindex: "-1" }, blockNodes(view.blocks, surfaceOf(view))),
    h("div", { class: "modal-trouble", role: "alert" }),
    h(
      "footer",
      {},
      h("button", { type: "button", class: "btn", onclick: close }, plain(view.close) || (depth > 1 ? "Back" : "Cancel")),
      view.submit && h("button", { type: "submit", class: "btn primary", "data-submit": true }, plain(view.submit)),
    ),
  );
  fill(dialog, form);
  if (focused) dialog.querySelector(`[data-control="${CSS.escape(focused)}"]`)?.focus();
}

/** What the elements of a view need: see elements.js. */
export function surfaceOf(view, trouble = showTrouble) {
  if (!states.has(view.id)) states.set(view.id, {});
  const state = states.get(view.id);
  return {
    get: (block, action) => state[block]?.[action],
    set: (block, action, value) => {
      (state[block] ??= {})[action] = value;
    },
    act: async (block, element, value) => {
      const given = { view_id: view.id, block_id: block.block_id, action_id: element.action_id, value, state };
      const outcome = await post("click_view", given);
      trouble(outcome.ok ? "" : words(outcome.error));
    },
    suggest: (block, element, query) =>
      post("suggest", { view_id: view.id, channel_id: null, ts: null, block_id: block.block_id, action_id: element.action_id, query }),
  };
}

function showTrouble(text) {
  const place = dialog?.querySelector(".modal-trouble");
  if (place) place.textContent = text;
}

async function submit(event) {
  event.preventDefault();
  const view = shown;
  const button = dialog.querySelector("[data-submit]");
  if (!button || button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  const outcome = await post("submit", { view_id: view.id, state: states.get(view.id) ?? {} });
  button.removeAttribute("aria-busy");
  showErrors(outcome.errors ?? {});
  if (outcome.error) showTrouble(`We had some trouble connecting. Try again? ${words(outcome.error)}`);
}

function showErrors(errors) {
  if (!dialog) return;
  showTrouble("");
  for (const input of dialog.querySelectorAll(".input")) {
    const text = errors[input.dataset.block] ?? "";
    input.querySelector(".error").textContent = text;
    input.classList.toggle("wrong", Boolean(text));
    for (const control of input.querySelectorAll("input, select, textarea")) control.setAttribute("aria-invalid", String(Boolean(text)));
  }
  dialog.querySelector(".wrong input, .wrong select, .wrong textarea")?.focus();
}
