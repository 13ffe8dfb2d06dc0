// Interactive elements. A surface (a message, a modal, the Home tab) keeps what is filled in and does what is clicked:
//   surface.get(blockId, actionId), surface.set(blockId, actionId, value), surface.act(block, element, value) -> promise

import { h, icon, safeUrl } from "/static/dom.js";
import { withEmoji } from "/static/emoji.js";
import { known } from "/static/names.js";
import { mrkdwn, unescape } from "/static/mrkdwn.js";
import { showMenu } from "/static/menu.js";
import { askFirst } from "/static/confirm.js";

/** The text of a plain_text object. */
export const plain = (object) => (object ? withEmoji(unescape(object.text)) : "");

/** Nodes for any text object. */
export function textNodes(object) {
  return object.type === "mrkdwn" ? mrkdwn(object.text, { verbatim: object.verbatim }) : plain(object);
}

/** The element's DOM. `asking` is true inside an input block, where a change is kept and not sent. */
export function elementOf(block, element, surface, asking = false) {
  const make = MAKERS[element.type.replace(/^multi_/, "")] ?? unknown;
  const made = make({ block, element, surface, asking, several: element.type.startsWith("multi_") });
  const control = made.matches("input, select, textarea, button, a") ? made : made.querySelector("input, select, textarea, button");
  if (control) {
    control.dataset.control = `${block.block_id}/${element.action_id}`;
    if (element.focus_on_load) control.dataset.first = "";
  }
  return made;
}

function unknown({ element }) {
  return h("span", { class: "quiet" }, `(${element.type})`);
}

async function act({ block, element, surface }, control, value) {
  if (element.confirm && !(await askFirst(element.confirm))) return false;
  control.setAttribute("aria-busy", "true");
  try {
    await surface.act(block, element, value);
  } finally {
    control.removeAttribute("aria-busy");
  }
  return true;
}

function chosen(context, control, value) {
  context.surface.set(context.block.block_id, context.element.action_id, value);
  if (!context.asking || context.block.dispatch_action) act(context, control, value);
}

const kept = ({ block, element, surface }) => surface.get(block.block_id, element.action_id);

// Buttons

function button(context) {
  const { element } = context;
  const look = `btn ${element.style ?? ""}`;
  const label = plain(element.text);
  const described = element.accessibility_label ?? undefined;
  const url = element.url && safeUrl(element.url);
  if (url) {
    return h(
      "a",
      { class: look, href: url, target: "_blank", rel: "noopener noreferrer", "aria-label": described, onclick: (event) => act(context, event.currentTarget) },
      label,
      icon("link"),
    );
  }
  return h("button", { type: "button", class: look, "aria-label": described, onclick: (event) => act(context, event.currentTarget) }, label);
}

function overflow(context) {
  const open = (event) => {
    const control = event.currentTarget;
    const entries = context.element.options.map((option) => ({
      label: plain(option.text),
      detail: option.description && plain(option.description),
      run: () => {
        const url = option.url && safeUrl(option.url);
        if (url) window.open(url, "_blank", "noopener,noreferrer");
        act(context, control, option.value);
      },
    }));
    showMenu(control, entries, "More actions");
  };
  return h("button", { type: "button", class: "btn square", "aria-label": "More actions", "aria-haspopup": "menu", "aria-expanded": "false", onclick: open }, icon("more"));
}

// Selects

function optionsFor(element) {
  const people = () => Object.values(known.people).filter((person) => !person.is_bot && person.id !== "USLACKBOT");
  const kind = element.type.replace(/^multi_/, "");
  if (kind === "users_select") return people().map((person) => [person.id, person.name]);
  if (kind === "channels_select" || kind === "conversations_select") {
    return known.channels.filter((channel) => !channel.is_im).map((channel) => [channel.id, `#${channel.name}`]);
  }
  return (element.options ?? []).map((option) => [option.value, plain(option.text), option.description && plain(option.description)]);
}

function initial(element) {
  const one = element.initial_option?.value ?? element.initial_user ?? element.initial_channel ?? element.initial_conversation;
  const many = element.initial_options?.map((option) => option.value) ?? element.initial_users ?? element.initial_channels ?? element.initial_conversations;
  return one ?? many;
}

function select(context) {
  if (context.several) return several(context);
  const { element } = context;
  const value = kept(context) ?? initial(element) ?? "";
  const entry = ([id, label]) => h("option", { value: id, selected: id === value }, label);
  const groups = (element.option_groups ?? []).map((group) => h("optgroup", { label: plain(group.label) }, optionsFor(group).map(entry)));
  const prompt = h("option", { value: "", selected: value === "" }, plain(element.placeholder) || "Choose…");
  const control = h(
    "select",
    { "aria-label": context.asking ? undefined : plain(element.placeholder) || "Choose", onchange: (event) => event.target.value && chosen(context, event.target, event.target.value) },
    prompt,
    groups,
    element.option_groups ? null : optionsFor(element).map(entry),
  );
  return h("span", { class: "select" }, control, icon("down"));
}

function several(context) {
  const { element } = context;
  const entries = element.option_groups ? element.option_groups.flatMap(optionsFor) : optionsFor(element);
  return ticks(context, entries, "checkbox", kept(context) ?? initial(element) ?? [], "ticks boxed");
}

function ticks(context, entries, type, value, look) {
  const name = `${context.block.block_id}-${context.element.action_id}-${Math.random().toString(36).slice(2)}`;
  const box = h("div", { class: look, role: type === "radio" ? "radiogroup" : "group" });
  const read = () => {
    const ticked = [...box.querySelectorAll("input:checked")].map((input) => input.value);
    chosen(context, box, type === "radio" ? ticked[0] : ticked);
  };
  const entry = ([id, label, detail]) =>
    h(
      "label",
      { class: "tick" },
      h("input", { type, name, value: id, checked: type === "radio" ? id === value : value.includes(id), onchange: read }),
      h("span", {}, label, detail && h("span", { class: "quiet block" }, detail)),
    );
  box.append(...entries.map(entry));
  return box;
}

const richOptions = (element) => element.options.map((option) => [option.value, textNodes(option.text), option.description && textNodes(option.description)]);
const checkboxes = (context) => ticks(context, richOptions(context.element), "checkbox", kept(context) ?? initial(context.element) ?? [], "ticks");
const radios = (context) => ticks(context, richOptions(context.element), "radio", kept(context) ?? initial(context.element), "ticks");

/** A field that asks the app what there is to choose from. */
function external(context) {
  const { block, element, surface } = context;
  const least = element.min_query_length ?? 3;
  const results = h("div", { class: "suggestions", role: "listbox", hidden: true });
  const pick = (option) => {
    field.value = plain(option.text);
    results.hidden = true;
    chosen(context, field, option);
  };
  const ask = async () => {
    if (field.value.length < least) return;
    const answer = await surface.suggest(block, element, field.value);
    const options = answer.options ?? (answer.option_groups ?? []).flatMap((group) => group.options);
    results.replaceChildren(...options.map((option) => h("button", { type: "button", role: "option", onclick: () => pick(option) }, plain(option.text))));
    results.hidden = options.length === 0;
  };
  const field = h("input", { type: "text", placeholder: plain(element.placeholder) || "Type to search…", oninput: ask, autocomplete: "off" });
  if (least === 0) field.addEventListener("focus", ask);
  return h("span", { class: "combo" }, field, results);
}

// Fields

function field(context, type, more = {}) {
  const { element } = context;
  const { multiline, ...attributes } = more;
  const tag = multiline ? "textarea" : "input";
  const control = h(tag, {
    type: multiline ? undefined : type,
    rows: multiline ? 4 : undefined,
    placeholder: plain(element.placeholder) || undefined,
    maxlength: element.max_length,
    "aria-label": context.asking ? undefined : plain(element.placeholder) || element.type.replaceAll("_", " "),
    oninput: (event) => context.surface.set(context.block.block_id, element.action_id, event.target.value),
    ...attributes,
  });
  control.value = kept(context) ?? element.initial_value ?? "";
  if (context.block.dispatch_action) {
    control.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !multiline) {
        event.preventDefault();
        act(context, control, control.value);
      }
    });
  }
  return control;
}

function picker(context, type, name, toValue = (text) => text, fromValue = (value) => value) {
  const control = h("input", {
    type,
    "aria-label": context.asking ? undefined : plain(context.element.placeholder) || "Pick",
    onchange: (event) => chosen(context, event.target, toValue(event.target.value)),
  });
  const value = kept(context) ?? context.element[name];
  if (value) control.value = fromValue(value);
  return control;
}

const toUnix = (text) => (text ? Math.floor(new Date(text).getTime() / 1000) : "");
const fromUnix = (unix) => {
  const date = new Date(unix * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

const MAKERS = {
  button,
  overflow,
  static_select: select,
  users_select: select,
  channels_select: select,
  conversations_select: select,
  external_select: external,
  checkboxes,
  radio_buttons: radios,
  datepicker: (context) => picker(context, "date", "initial_date"),
  timepicker: (context) => picker(context, "time", "initial_time"),
  datetimepicker: (context) => picker(context, "datetime-local", "initial_date_time", toUnix, fromUnix),
  plain_text_input: (context) => field(context, "text", { multiline: context.element.multiline }),
  rich_text_input: (context) => field(context, "text", { multiline: true }),
  email_text_input: (context) => field(context, "email"),
  url_text_input: (context) => field(context, "url"),
  number_input: (context) => field(context, "text", { inputmode: context.element.is_decimal_allowed ? "decimal" : "numeric" }),
};
