// While an incident is open its page follows: the part that changed is fetched and swapped, what was opened stays open.
"use strict";
const EVERY = 3000;

async function follow() {
  const shown = document.querySelector("main");
  if (shown.dataset.open !== "yes") return;
  try {
    const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin" });
    if (answer.ok) swap(shown, new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The server is away for a moment; the next round asks again.
  }
  setTimeout(follow, EVERY);
}

function swap(shown, page) {
  const fresh = page.querySelector("main");
  if (!fresh || fresh.dataset.revision === shown.dataset.revision) return;
  for (const opened of shown.querySelectorAll("details[open]")) {
    fresh.querySelector(`#${opened.id}`)?.setAttribute("open", "");
  }
  shown.replaceWith(fresh);
  document.title = page.title;
}

setTimeout(follow, EVERY);
