/* How does a format that is asked for become a download? The list is fetched again until nothing is being made. */

import { showToast } from "./toast.js";

const LOOK_AGAIN = 700;
const holder = document.querySelector("[data-downloads]");

async function refresh() {
  const answer = await fetch(holder.dataset.source);
  if (!answer.ok) throw new Error(`the list of downloads answered ${answer.status}`);
  const focused = holder.contains(document.activeElement) ? document.activeElement.closest("[data-format]")?.dataset.format : null;
  holder.innerHTML = await answer.text(); // our own page's fragment, escaped by its template
  if (focused) holder.querySelector(`[data-format="${focused}"] :is(a, button)`)?.focus();
}

async function watch() {
  while (holder.querySelector("[data-pending]")) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
    if (!document.hidden) await refresh().catch(() => {}); // offline: the next look may succeed
  }
}

async function request(form) {
  const name = form.querySelector("[name=format]").value;
  form.querySelector("button").disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error((await answer.json()).message);
    await refresh();
    await watch();
    const isThere = holder.querySelector(`[data-format="${name}"] a`);
    showToast(isThere ? `${name.toUpperCase()} is ready.` : `${name.toUpperCase()} could not be made.`, { kind: isThere ? "good" : "bad" });
  } catch (error) {
    showToast(error.message, { kind: "bad" });
    form.querySelector("button").disabled = false;
  }
}

if (holder) {
  holder.addEventListener("submit", (event) => {
    event.preventDefault();
    request(event.target);
  });
  watch();
}
