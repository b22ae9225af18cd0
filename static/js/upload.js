/* What does the upload page do with a script? Tiles with reasons, options that fit the engine, an estimate, progress. */

import { gatherFiles } from "./gathering.js";
import { readEngine, watchOptions } from "./options.js";
import { Picks } from "./picks.js";
import { findShortage, readPrice } from "./prices.js";
import { send } from "./sending.js";
import { readPageData, sayCount, sayPrice, saySeconds } from "./words.js";

const form = document.querySelector("[data-upload]");
const { limits, presets, prices } = readPageData();
const zone = form.querySelector(".dropzone");
const button = form.querySelector("[data-submits]");
const estimate = form.querySelector("[data-estimate]");
const oneObject = form.querySelector("[name=one_object]");
const storedCount = Number(form.dataset.generations);
let isSending = false;

const picks = zone && new Picks({
  list: form.querySelector("[data-picks]"),
  template: document.getElementById("pick"),
  limits,
  onChange: refresh,
});
const options = watchOptions(form, { presets, onChange: refresh });

function countModels() {
  if (!picks) return storedCount;
  return oneObject?.checked && picks.entries.length > 1 ? 1 : picks.entries.length;
}

function readTotal(models) {
  const price = readPrice(form, readEngine(form), prices.surcharges);
  return price === null ? null : price * models;
}

function findProblem(models) {
  return findProblemOfPictures() || findShortage(readTotal(models), prices.remaining, sayPrice);
}

function findProblemOfPictures() {
  if (!picks) return "";
  if (picks.entries.length > limits.files) return `At most ${limits.files} pictures fit into one job; remove ${picks.entries.length - limits.files}.`;
  const bad = picks.entries.filter((entry) => entry.reason).length;
  return bad ? `Remove the ${bad === 1 ? "picture" : `${bad} pictures`} that cannot be used.` : "";
}

function describeEstimate(models) {
  if (!models) return "Choose pictures to begin.";
  const { seconds } = readEngine(form);
  return `${sayCount(models, "model")} · ${sayPrice(readTotal(models))} · ${saySeconds(seconds * models)}`;
}

function refresh() {
  const models = countModels();
  const problem = findProblem(models);
  estimate.textContent = problem || describeEstimate(models);
  estimate.classList.toggle("is-problem", Boolean(problem));
  button.querySelector("[data-label]").textContent = models ? `Make ${sayCount(models, "model")}` : "Make models";
  button.disabled = isSending || !models || Boolean(problem) || Boolean(picks?.isBusy);
  if (!picks) return;
  zone.classList.toggle("dropzone-compact", picks.entries.length > 0);
  form.classList.toggle("has-sides", Boolean(oneObject?.checked));
  form.querySelector("[data-sides]").hidden = picks.entries.length < 2;
}

function showProgress(share) {
  const bar = form.querySelector("[data-sent]");
  bar.hidden = false;
  bar.value = Math.round(share * 100);
  estimate.textContent = share < 1 ? `Sending: ${bar.value} %` : "Checking the pictures …";
}

function showRefusal({ message, hint, details }) {
  const notice = form.querySelector("[data-refusal]");
  notice.hidden = false;
  notice.querySelector(".notice-title").textContent = message;
  notice.querySelector("[data-hint]").textContent = hint ?? "";
  picks?.showRefusals(details?.files ?? []);
  options.showErrors(details?.fields ?? {});
  notice.focus();
}

async function submit() {
  isSending = true;
  form.querySelector("[data-refusal]").hidden = true;
  refresh();
  showProgress(0);
  const data = new FormData(form);
  data.delete("files");
  for (const file of picks?.files ?? []) data.append("files", file);
  if (picks) data.set("views", oneObject?.checked ? picks.sides.join(",") : "");
  try {
    const place = await send(form.action, data, { onProgress: showProgress });
    form.dataset.done = "";
    location.assign(place);
  } catch (refusal) {
    isSending = false;
    form.querySelector("[data-sent]").hidden = true;
    refresh();
    showRefusal(refusal);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!isSending && !button.disabled) submit();
});
oneObject?.addEventListener("change", refresh);
addEventListener("beforeunload", (event) => {
  if (isSending && !("done" in form.dataset)) event.preventDefault();
});
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  // Back from the job: another press is another job, so it gets a token of its own.
  form.elements.token.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("");
  isSending = false;
  delete form.dataset.done;
  refresh();
});
if (picks) {
  form.elements.files.required = false; // the tiles hold the pictures, not the field
  gatherFiles({ zone, inputs: form.querySelectorAll("[data-picks-files]"), take: (files) => picks.add(files) });
}
form.addEventListener("change", () => isSending || refresh());
refresh();
