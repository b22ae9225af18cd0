/* How does the job page keep up? Each state of the job is written into the elements that the server rendered. */

import { followJob } from "./live.js";
import { maySwitch, readPageData, sayCost, sayPlace, saySeconds, sayState } from "./words.js";

const page = document.querySelector("[data-job]");
const { job, version, active, stages, reasons, name } = readPageData();
const title = document.title;
const ACTIVE = new Set(["queued", "processing"]);
const STUCK = new Set(["engine_paused", "budget"]); // waits for nobody knows how long

const write = (root, part, text) => {
  const element = root.querySelector(`[data-${part}]`);
  if (element.textContent !== text) element.textContent = text;
};

function writeBadge(root, status) {
  const badge = root.querySelector("[data-badge] .badge");
  if (badge.dataset.status === status) return;
  badge.dataset.status = status;
  badge.textContent = status[0].toUpperCase() + status.slice(1);
}

function writeBar(root, { status, progress }) {
  const bar = root.querySelector("[data-bar]");
  bar.value = progress;
  bar.dataset.status = status;
}

function describeTime(generation) {
  if (!ACTIVE.has(generation.status)) return "";
  const percent = generation.status === "processing" ? `${generation.progress} %` : "";
  return [sayPlace(generation.queue_position), percent, saySeconds(generation.eta_seconds)].filter(Boolean).join(" · ");
}

/** The preview replaces the picture once it is loaded, so that nothing flickers. */
function showPreview(card) {
  const image = card.querySelector(".job-preview");
  if (image.hasAttribute("src")) return;
  const loader = new Image();
  loader.addEventListener("load", () => image.setAttribute("src", card.dataset.preview));
  loader.src = card.dataset.preview;
}

function writeCard(generation) {
  const card = document.getElementById(`g-${generation.id}`);
  if (!card) return;
  const wasOver = !ACTIVE.has(card.dataset.status);
  if (generation.status === "completed") showPreview(card);
  if (wasOver && card.dataset.status === generation.status) return;
  card.dataset.status = generation.status;
  writeBadge(card, generation.status);
  writeBar(card, generation);
  card.toggleAttribute("data-may-switch", maySwitch(generation));
  card.toggleAttribute("data-needs-changes", generation.error?.retryable === false);
  write(card, "words", sayState(generation, { stages, reasons }));
  write(card, "eta", describeTime(generation));
  const hint = generation.status === "queued" ? "" : generation.hint; // of all that wait it is said once
  write(card, "hint", generation.error?.hint || hint || "");
}

function speak(state) {
  const { counts } = state;
  const over = counts.completed + counts.failed + counts.cancelled;
  const trouble = counts.failed ? `, ${counts.failed} failed` : "";
  // Spoken when a picture is over, not at every percent.
  write(page, "spoken", ACTIVE.has(state.status) ? `${over} of ${counts.total} done${trouble}` : `Job ${state.status}${trouble}`);
}

/** Why the rest cannot run yet, and the offer to have it made here. Only a stream knows the words. */
function writeWait({ generations }) {
  const notice = page.querySelector("[data-wait]");
  const stuck = generations.find((entry) => entry.status === "queued" && STUCK.has(entry.waiting_reason));
  const switchable = generations.filter(maySwitch).length;
  notice.hidden = !stuck;
  write(notice, "wait-hint", stuck?.hint ?? "");
  notice.querySelector("[data-switches]").hidden = !switchable;
  write(notice, "switchable", switchable === 1 ? "the one that waits" : `the ${switchable} that wait`);
}

function writeJob(state) {
  const { counts } = state;
  const over = counts.completed + counts.failed + counts.cancelled;
  page.dataset.status = state.status;
  page.dataset.again = counts.failed + counts.cancelled;
  page.dataset.done = counts.completed;
  writeBadge(page.querySelector(".job-head"), state.status);
  writeBar(page, state);
  page.querySelector("[data-counts] strong").textContent = `${over} of ${counts.total}`;
  write(page, "failed", counts.failed ? `, ${counts.failed} failed` : "");
  write(page, "percent", `${state.progress} %`);
  write(page, "seconds", state.eta_seconds == null ? "" : ` · ${saySeconds(state.eta_seconds)}`);
  const cost = sayCost(state.cost, !ACTIVE.has(state.status));
  write(page, "cost", cost && ` · ${cost}`);
  if (state.generations.some((entry) => "hint" in entry)) writeWait(state);
  write(page, "again-count", String(counts.failed + counts.cancelled));
  document.title = ACTIVE.has(state.status) ? `${state.progress} % · ${title}` : title;
}

function notify(state) {
  if (!document.body.dataset.wantsNotice || !document.hidden || ACTIVE.has(state.status)) return;
  const notice = new Notification(name || "Your models", {
    body: `${state.counts.completed} of ${state.counts.total} models made.`,
    tag: job,
  });
  notice.addEventListener("click", () => window.focus());
}

function show(state) {
  writeJob(state);
  for (const generation of state.generations) writeCard(generation);
  speak(state);
  notify(state);
}

/** Phones let only service workers notify, so the offer is made where a mouse is. */
function offerNotice() {
  const offer = page.querySelector("[data-asks-notice]");
  const isPossible = "Notification" in window && isSecureContext && matchMedia("(pointer: fine)").matches;
  if (!isPossible || Notification.permission === "denied") return;
  offer.hidden = false;
  offer.addEventListener("click", async () => {
    const answer = await Notification.requestPermission();
    if (answer === "granted") document.body.dataset.wantsNotice = "yes";
    offer.disabled = true;
    offer.textContent = answer === "granted" ? "You will be told while this page is open" : "Your browser does not allow it";
  });
}

if (active) {
  offerNotice();
  followJob({ job, version, onState: show });
}
