/* What moves on the start page? The exhibit: choose a sample, and turn it once the viewer is there. */

import { drawsFast, revealModel } from "./reveal.js";
import { showToast } from "./toast.js";

const exhibit = document.querySelector("[data-exhibit]");
const stage = exhibit.querySelector("[data-stage]");
const poster = exhibit.querySelector("[data-poster]");
const turner = exhibit.querySelector("[data-turns]");
let wanted = 0; // counts the choices, so that a slow model does not replace a later one

async function turn({ quietly = false } = {}) {
  const mine = wanted;
  turner.disabled = true;
  try {
    const { model, alt } = stage.dataset;
    const element = await revealModel(stage, { viewer: exhibit.dataset.viewer, src: model, alt });
    if (mine !== wanted) return element.remove();
    stage.querySelectorAll("model-viewer").forEach((other) => other !== element && other.remove());
    poster.style.visibility = "hidden";
    turner.hidden = true;
  } catch {
    turner.disabled = false;
    if (!quietly) showToast("This browser cannot show the model. The picture of it stays.", { kind: "warn" });
  }
}

function choose(link) {
  const { title, model, preview, picture } = link.dataset;
  const turns = turner.hidden;
  wanted += 1;
  stage.querySelectorAll("model-viewer").forEach((element) => element.remove());
  Object.assign(stage.dataset, { model, alt: `Model of: ${title}` });
  Object.assign(poster, { src: preview, alt: `Model of: ${title}` });
  Object.assign(exhibit.querySelector("img[data-picture]"), { src: picture, alt: `The picture it was made from: ${title}` });
  exhibit.querySelector("strong[data-title]").textContent = title;
  poster.style.visibility = "";
  Object.assign(turner, { hidden: false, disabled: false });
  for (const other of exhibit.querySelectorAll("[data-sample]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  if (turns) turn({ quietly: true });
}

/** On a desk the model is fetched when it is seen and the page has come to rest; elsewhere when it is asked for. */
function turnWhenSeen() {
  const mayFetch = matchMedia("(hover: hover)").matches && !navigator.connection?.saveData;
  if (!mayFetch || !drawsFast()) return;
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    const whenIdle = window.requestIdleCallback ?? ((callback) => setTimeout(callback, 200));
    whenIdle(() => turner.hidden || turner.disabled || turn({ quietly: true }));
  });
  watch.observe(stage);
}

turner.addEventListener("click", () => turn());
exhibit.addEventListener("click", (event) => {
  const link = event.target.closest("[data-sample]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  choose(link);
});
if (document.readyState === "complete") turnWhenSeen();
else addEventListener("load", turnWhenSeen);
