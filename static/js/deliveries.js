/* How does a call that is on its way become one that arrived? The list is fetched again until nothing is fresh. */

const LOOK_AGAIN = 1000;
const PATIENCE = 30; // looks: after that the person may look for themselves
const holder = document.querySelector("[data-deliveries]");

async function refresh() {
  const answer = await fetch(holder.dataset.source);
  if (!answer.ok) throw new Error(`the list of calls answered ${answer.status}`);
  holder.innerHTML = await answer.text(); // our own page's fragment, escaped by its template
}

async function watch() {
  for (let looks = 0; looks < PATIENCE && holder.querySelector("[data-fresh]"); looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
    const isRead = holder.contains(document.activeElement) || holder.querySelector("details[open]");
    if (!document.hidden && !isRead) await refresh().catch(() => {}); // offline: the next look may succeed
  }
}

if (holder) watch();
