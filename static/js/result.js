/* What can be done on the page of a model? Turn it, light it, look into it; have formats made; see what was cut out. */

import "./downloads.js";
import { followJob } from "./live.js";
import "./viewer.js";
import { maySwitch, readPageData, sayPlace, saySeconds, sayState } from "./words.js";

const page = document.querySelector("[data-result]");
const { job, generation, version, active, stages, reasons } = readPageData();

function toggleMask(button) {
  const frame = page.querySelector("[data-mask]");
  const isOn = frame.dataset.mask === "on";
  frame.dataset.mask = isOn ? "off" : "on";
  button.setAttribute("aria-pressed", String(!isOn));
}

/** While the model is being made; a finished one brings the page anew, with its viewer and files. */
function follow(state) {
  const own = state.generations.find((entry) => entry.id === generation);
  if (!own) return;
  if (!["queued", "processing"].includes(own.status)) {
    location.reload();
    return;
  }
  const time = [sayPlace(own.queue_position), saySeconds(own.eta_seconds)].filter(Boolean);
  page.querySelector("[data-words]").textContent = sayState(own, { stages, reasons });
  page.querySelector("[data-eta]").textContent = time.map((words) => ` · ${words}`).join("");
  page.querySelector("[data-bar]").value = own.progress;
  page.querySelector("[data-switches]").hidden = !maySwitch(own);
  if ("hint" in own) page.querySelector("[data-hint]").textContent = own.hint; // only a stream knows it
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-toggles-mask]");
  if (button) toggleMask(button);
});
// Left and right lead to the neighbours, unless the key belongs to something else.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea, model-viewer, dialog[open], summary")) return;
  const direction = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (direction) document.querySelector(`.page-head a[rel=${direction}]`)?.click();
});
if (active) followJob({ job, version, onState: follow });
