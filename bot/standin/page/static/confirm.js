// The question before a button does what it says.

import { byId, h } from "/static/dom.js";
import { withEmoji } from "/static/emoji.js";
import { mrkdwn, unescape } from "/static/mrkdwn.js";

const words = (object) => (object.type === "mrkdwn" ? mrkdwn(object.text, object) : withEmoji(unescape(object.text)));

/** Ask with a confirm object of Block Kit. Resolves to true when the person agrees. */
export function askFirst(confirm) {
  return ask(words(confirm.title), words(confirm.text), words(confirm.confirm), words(confirm.deny), confirm.style);
}

/** Ask a yes-or-no question. */
export function ask(title, text, yes, no, style = "primary") {
  return new Promise((resolve) => {
    const done = (answer) => {
      resolve(answer);
      dialog.close();
      dialog.remove();
    };
    const dialog = h(
      "dialog",
      { class: "modal small", "aria-labelledby": "confirm-title", oncancel: () => done(false) },
      h("header", {}, h("h2", { id: "confirm-title" }, title)),
      h("div", { class: "modal-body" }, h("div", { class: "words" }, text)),
      h(
        "footer",
        {},
        h("button", { type: "button", class: "btn", onclick: () => done(false) }, no),
        h("button", { type: "button", class: `btn ${style}`, onclick: () => done(true), "data-confirm": true }, yes),
      ),
    );
    byId("dialogs").append(dialog);
    dialog.showModal();
  });
}
