// The way to the server: what this page asks for, does, and is told.

import { byId, toast } from "/static/dom.js";

const KEY = "practice-person";
export const me = () => sessionStorage.getItem(KEY) ?? "U0ALICE";
export const become = (id) => sessionStorage.setItem(KEY, id);

async function answer(response) {
  if (response.status === 403) {
    location.reload();
    return new Promise(() => {});
  }
  return response.json();
}

/** Ask for something: `get("messages", {channel})`. */
export async function get(what, query = {}) {
  return answer(await fetch(`/page/${what}?${new URLSearchParams({ as: me(), ...query })}`));
}

/** Do something as the person on the page. The answer's `ok` is false when it did not work. */
export async function post(act, given = {}) {
  try {
    const response = await fetch(`/page/act?as=${encodeURIComponent(me())}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ act, ...given }),
    });
    return await answer(response);
  } catch {
    return { ok: false, error: "offline" };
  }
}

const WORDS = {
  operation_timeout: "The app did not answer within 3 seconds (operation_timeout).",
  http_client_error: "The app could not be reached (http_client_error).",
  http_service_error: "The app answered with an error (http_service_error).",
  no_such_action: "This message has changed meanwhile; what you used is no longer there.",
  message_not_found: "This message is no longer there.",
  not_in_channel: "You are not in this channel.",
  is_archived: "This channel is archived.",
  msg_too_long: "This message is too long.",
  offline: "The practice workspace does not answer.",
};

export const words = (error) => WORDS[error] ?? `That did not work (${error}).`;

/** Do something and say so when it did not work. */
export async function perform(act, given) {
  const outcome = await post(act, given);
  if (!outcome.ok) toast(words(outcome.error), "bad");
  return outcome;
}

let source = null;

/** Hear what happens. `again` is called after a gap, when news may have been missed. */
export function listen(hear, again) {
  source?.close();
  let gap = false;
  source = new EventSource(`/page/live?as=${encodeURIComponent(me())}`);
  source.onmessage = (event) => hear(JSON.parse(event.data));
  source.onerror = () => {
    gap = true;
    setTimeout(() => (byId("offline").hidden = !gap), 1200);
  };
  source.onopen = () => {
    byId("offline").hidden = true;
    if (gap) again();
    gap = false;
  };
}
