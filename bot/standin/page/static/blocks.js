// Block Kit as DOM.

import { h } from "/static/dom.js";
import { elementOf, plain, textNodes } from "/static/elements.js";
import { markdown } from "/static/markdown.js";
import { richText } from "/static/richtext.js";

/** Nodes for the blocks. For `surface` see elements.js. */
export function blockNodes(blocks, surface) {
  return blocks.map((block) => {
    const node = (MAKERS[block.type] ?? unknown)(block, surface);
    node.dataset.block = block.block_id ?? "";
    return node;
  });
}

function unknown(block) {
  return h("div", { class: "quiet" }, `(a block of type ${block.type})`);
}

function header(block) {
  return h(`h${Math.min(6, (block.level ?? 1) + 2)}`, { class: `header level-${block.level ?? 1}` }, plain(block.text));
}

function section(block, surface) {
  const fields = block.fields?.map((field) => h("div", { class: "field" }, textNodes(field)));
  const words = h("div", { class: "section-words" }, block.text && h("div", { class: "words" }, textNodes(block.text)), fields && h("div", { class: "fields" }, fields));
  return h("div", { class: "section" }, words, block.accessory && h("div", { class: "accessory" }, accessory(block, surface)));
}

function accessory(block, surface) {
  return block.accessory.type === "image" ? picture(block.accessory, "small") : elementOf(block, block.accessory, surface);
}

function context(block) {
  const part = (element) => (element.type === "image" ? picture(element, "tiny") : h("span", { class: "context-text" }, textNodes(element)));
  return h("div", { class: "context" }, block.elements.map(part));
}

function actions(block, surface) {
  return h("div", { class: "actions", role: "group", "aria-label": "Actions" }, block.elements.map((element) => elementOf(block, element, surface)));
}

// Pictures are not loaded: this page speaks to nobody but its own server. What they show is said instead.
function picture(image, size) {
  return h("span", { class: `picture ${size}`, role: "img", "aria-label": image.alt_text, title: image.image_url ?? "" }, size === "tiny" ? "" : image.alt_text);
}

function image(block) {
  return h("figure", { class: "image" }, block.title && h("figcaption", {}, plain(block.title)), picture(block, "large"));
}

function table(block) {
  const cell = (tag) => (each, column) =>
    h(tag, { class: align(block, column) }, each.type === "rich_text" ? richText(each) : each.text ?? String(each.value ?? ""));
  const [head, ...rows] = block.rows;
  return h(
    "div",
    { class: "table", tabindex: "0", role: "group", "aria-label": "Table" },
    h("table", {}, h("thead", {}, h("tr", {}, head.map(cell("th")))), h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell("td")))))),
  );
}

const align = (block, column) => `align-${block.column_settings?.[column]?.align ?? "left"}`;

let lastId = 0;

function input(block, surface) {
  const id = `field-${(lastId += 1)}`;
  const made = elementOf(block, block.element, surface, true);
  const control = made.matches("input, select, textarea") ? made : made.querySelector("select, input:not([type=checkbox], [type=radio])");
  const group = !control;
  if (control) control.id = id;
  if (group) made.setAttribute("aria-labelledby", `${id}-label`);
  (control ?? made).setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  const words = [plain(block.label), block.optional && h("span", { class: "quiet" }, " (optional)")];
  return h(
    "div",
    { class: "input" },
    group ? h("div", { class: "label", id: `${id}-label` }, words) : h("label", { class: "label", htmlFor: id }, words),
    made,
    block.hint && h("div", { class: "hint", id: `${id}-hint` }, plain(block.hint)),
    h("div", { class: "error", id: `${id}-error`, role: "alert" }),
  );
}

function container(block, surface) {
  const inside = h("div", { class: "container-body" }, blockNodes(block.child_blocks, surface));
  const head = [h("strong", {}, block.title ? plain(block.title) : ""), block.subtitle && h("span", { class: "quiet" }, plain(block.subtitle))];
  if (!block.is_collapsible) return h("div", { class: "container" }, block.title && h("div", { class: "container-head" }, head), inside);
  return h("details", { class: "container", open: !block.default_collapsed }, h("summary", { class: "container-head" }, head), inside);
}

const MAKERS = {
  header,
  section,
  context,
  actions,
  image,
  table,
  input,
  container,
  divider: () => h("hr"),
  rich_text: (block) => h("div", { class: "rich-text" }, richText(block)),
  markdown: (block) => h("div", { class: "markdown" }, markdown(block.text)),
  alert: (block) => h("div", { class: `alert ${block.level ?? "default"}`, role: "note" }, h("div", {}, textNodes(block.text))),
};
