/* What does the upload page do with a script? Tiles with reasons, options that fit the engine, an estimate, progress. */

import { readEngine, readOptions, watchEngines } from "./engines.js";
import { watchEstimate } from "./estimate.js";
import { gatherFiles } from "./gathering.js";
import { watchOptions } from "./options.js";
import { Picks } from "./picks.js";
import { computePrice, findApplying, findShortage, multiply } from "./prices.js";
import { renewToken, send } from "./sending.js";
import { describeSides, findMisfit, findSides, needsSeveral, takesSeveral } from "./views.js";
import { readPageData, sayAmount, sayCount, sayPrice, saySeconds } from "./words.js";

const form = document.querySelector("[data-upload]");
const { limits, presets, engines, remaining, stored_views: storedViews } = readPageData();
const zone = form.querySelector(".dropzone");
const button = form.querySelector("[data-submits]");
const estimate = form.querySelector("[data-estimate]");
const oneObject = form.querySelector("[name=one_object]");
const storedCount = Number(form.dataset.generations);
let isSending = false;
let isStale = false; // the form's token
let left = remaining; // of the month's budget
let answer = null; // the server's estimate of the form as it is now

const picks = zone && new Picks({
  list: form.querySelector("[data-picks]"),
  template: document.getElementById("pick"),
  slotTemplate: document.getElementById("slot"),
  limits,
  onChange: () => reconsider(),
});
const options = watchOptions(form, { engines, presets, onChange: refresh });
const confirmEstimate = watchEstimate({
  token: form.elements.csrfmiddlewaretoken.value,
  onAnswer: (estimated) => {
    answer = estimated;
    if (estimated.budget.remaining !== null) left = Number(estimated.budget.remaining);
    refresh();
  },
  onRefusal: ({ message, details }) => {
    const name = details?.parameter ?? "";
    const field = readEngine(form, engines).options[name]?.field ?? name;
    options.showErrors({ [field]: [message] });
  },
});

const isOneObject = () => Boolean(oneObject?.checked) && (picks.entries.length > 1 || needsSeveral(readEngine(form, engines)));

function countModels() {
  if (!picks) return storedCount;
  return isOneObject() ? Math.min(1, picks.entries.length) : picks.entries.length;
}

/** Of one model, as the server will read it: what was filled in and applies. */
function readGiven(engine) {
  const values = readOptions(form, engine);
  const applying = findApplying(engine, values);
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== "" && applying.has(name)));
}

function readTotal(models) {
  if (answer) return answer.amount === null ? null : Number(answer.amount);
  const engine = readEngine(form, engines);
  return multiply(computePrice(engine, readOptions(form, engine)), models);
}

function readSeconds(models) {
  const { seconds, at_once: atOnce } = readEngine(form, engines);
  return answer?.seconds ?? seconds * Math.ceil(models / atOnce);
}

function findProblem(models) {
  return findProblemOfPictures() || findProblemOfSides() || findShortage(readTotal(models), left, sayAmount);
}

function findProblemOfPictures() {
  if (!picks) return "";
  if (picks.entries.length > limits.files) return `At most ${limits.files} pictures fit into one job; remove ${picks.entries.length - limits.files}.`;
  const bad = picks.entries.filter((entry) => entry.reason).length;
  return bad ? `Remove the ${bad === 1 ? "picture" : `${bad} pictures`} that cannot be used.` : "";
}

function findProblemOfSides() {
  const engine = readEngine(form, engines);
  if (!picks) return storedViews.map((views) => findMisfit(engine, views)).find(Boolean) ?? "";
  if (!picks.entries.length) return "";
  return findMisfit(engine, isOneObject() ? picks.sides : ["front"]);
}

function describeEstimate(models) {
  if (!models) return "Choose pictures to begin.";
  return `${sayCount(models, "model")} · ${sayPrice(readTotal(models))} · ${saySeconds(readSeconds(models))}`;
}

/** Tiles, and empty places for the sides that the engine can still use. */
function refreshSides() {
  const engine = readEngine(form, engines);
  const sides = findSides(engine, picks.allSides);
  const place = form.querySelector("[data-sides]");
  const isShown = isOneObject();
  const hasRoom = isShown && !engine.ignores_other_views && picks.entries.length < engine.most_views;
  place.hidden = picks.entries.length < 2 && !needsSeveral(engine);
  place.querySelector("[data-sides-hint]").textContent = describeSides(engine);
  place.querySelector("[data-several]").hidden = !takesSeveral(engine);
  place.querySelector("[data-shows-kind]").hidden = takesSeveral(engine) || !hasMultiView();
  form.classList.toggle("has-sides", isShown);
  picks.setSides({ sides: isShown && sides.length > 1 ? sides : picks.allSides, slots: hasRoom ? sides : [], required: engine.required_views });
}

const hasMultiView = () => Object.values(engines).some((engine) => engine.views.length > 1);

function refresh() {
  if (picks) refreshSides();
  const models = countModels();
  const problem = findProblem(models);
  estimate.textContent = problem || describeEstimate(models);
  estimate.classList.toggle("is-problem", Boolean(problem));
  button.querySelector("[data-label]").textContent = models ? `Make ${sayCount(models, "model")}` : "Make models";
  button.disabled = isSending || !models || Boolean(problem) || Boolean(picks?.isBusy);
  const budget = form.querySelector("[data-budget]");
  if (budget && answer) budget.textContent = `${sayAmount(left)} of ${sayAmount(Number(answer.budget.limit))} left this month`;
  zone?.classList.toggle("dropzone-compact", picks.entries.length > 0);
}

/** The form has changed: computed here at once, confirmed by the server. */
function reconsider() {
  const engine = readEngine(form, engines);
  const models = countModels();
  const isPossible = models && models <= limits.files;
  if (confirmEstimate(isPossible ? { engine: engine.id, count: models, options: readGiven(engine) } : null)) {
    answer = null;
    options.showErrors({});
  }
  refresh();
}

function chooseEngine() {
  const engine = readEngine(form, engines);
  if (oneObject && needsSeveral(engine)) oneObject.checked = true;
  options.fitEngine();
  reconsider();
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
  if (isStale) await renewToken(form).catch(() => {}); // offline: the sending itself will say so
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
    isStale = Boolean(refusal.isSignedOut);
    form.querySelector("[data-sent]").hidden = true;
    refresh();
    showRefusal(refusal);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!isSending && !button.disabled) submit();
});
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
form.addEventListener("change", (event) => isSending || event.target.name === "engine" || reconsider());
watchEngines(form, { engines, onChoose: chooseEngine });
