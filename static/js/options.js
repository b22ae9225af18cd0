/* Which options fit together? The engine sets ranges and choices; a purpose fills them in; the slider and the number agree. */

import { readEngine, readOptions } from "./engines.js";
import { findApplying } from "./prices.js";

const STEPS = 1000;

/** The slider is logarithmic: from 2,000 to 4,000 matters as much as from 200,000 to 400,000. */
function toFaces(position, { least, most }) {
  const faces = least * (most / least) ** (position / STEPS);
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(faces)) - 1);
  return Math.min(most, Math.max(least, Math.round(faces / digits) * digits));
}

const toPosition = (faces, { least, most }) => (STEPS * Math.log(faces / least)) / Math.log(most / least);

function makeList(messages) {
  const list = Object.assign(document.createElement("ul"), { className: "errorlist" });
  list.append(...messages.map((message) => Object.assign(document.createElement("li"), { textContent: message })));
  return list;
}

export function watchOptions(form, { engines, presets, onChange }) {
  const number = form.elements.face_limit;
  const slider = form.querySelector("[data-face-slider]");
  const own = form.querySelector("[data-own-options]");
  const others = form.querySelector("[data-other-options]");
  let isFaceLimitOurs = true; // until a person sets it, each engine has its own default

  for (const options of others?.querySelectorAll("[data-engine]") ?? []) own.append(options);
  for (const heading of own.querySelectorAll("summary")) heading.firstChild.textContent = "More options";
  others?.remove();

  const findRange = () => readEngine(form, engines).options.face_limit;

  function fitEngine() {
    const engine = readEngine(form, engines);
    for (const part of form.querySelectorAll("[data-engine]")) part.hidden = part.dataset.engine !== engine.id;
    for (const part of own.children) {
      for (const field of part.querySelectorAll("input, select")) field.disabled = part.hidden;
    }
    const fallback = form.querySelector("[data-fallback]");
    if (fallback) fallback.hidden = engine.is_free;
    fitFaceLimit(engine);
    fitTexture(engine);
    fitOwn();
    onChange();
  }

  function fitFaceLimit({ options: { face_limit: range } }) {
    form.querySelector("[data-face-limit]").hidden = !range;
    if (!range) return;
    Object.assign(number, { min: range.least, max: range.most });
    form.querySelector("[data-about-of=face_limit]").textContent = range.about;
    if (isFaceLimitOurs) number.value = range.default;
    else if (number.value) setFaces(Number(number.value));
    placeSlider();
  }

  function fitTexture({ options: { texture } }) {
    form.querySelector("[data-textures-of]").hidden = !texture;
    if (!texture) return;
    form.querySelector("[data-about-of=texture]").textContent = texture.about;
    for (const radio of form.querySelectorAll("[name=texture]")) {
      radio.disabled = !texture.choices.includes(radio.value);
      radio.closest("label").hidden = radio.disabled;
      if (radio.disabled) radio.checked = false;
    }
    if (!form.querySelector("[name=texture]:checked")) form.querySelector(`[name=texture][value="${texture.default}"]`).checked = true;
  }

  /** What means nothing beside the other values is out of the way. */
  function fitOwn() {
    const engine = readEngine(form, engines);
    const applying = findApplying(engine, readOptions(form, engine));
    const part = Array.from(own.children).find((each) => each.dataset.engine === engine.id);
    for (const option of part?.querySelectorAll("[data-option]") ?? []) option.hidden = !applying.has(option.dataset.option);
  }

  function placeSlider() {
    const range = findRange();
    const faces = Number(number.value);
    if (!range) return;
    slider.value = faces > 0 ? toPosition(Math.min(range.most, Math.max(range.least, faces)), range) : STEPS / 2;
    slider.setAttribute("aria-valuetext", faces > 0 ? `${faces.toLocaleString("en-US")} faces` : "The engine decides");
  }

  function setFaces(faces) {
    const range = findRange();
    if (range) number.value = Math.min(range.most, Math.max(range.least, faces));
    placeSlider();
  }

  function fillIn(preset) {
    isFaceLimitOurs = false;
    setFaces(preset.face_limit);
    const texture = form.querySelector(`[name=texture][value="${preset.texture}"]`);
    if (texture && !texture.disabled) texture.checked = true;
    for (const box of form.querySelectorAll("[name=formats]")) box.checked = preset.formats.includes(box.value);
    fitOwn();
    onChange();
  }

  /** A purpose holds only as long as nothing that it set was changed. */
  function forgetPurpose() {
    for (const radio of form.querySelectorAll("[data-preset]")) radio.checked = false;
  }

  form.addEventListener("input", (event) => {
    if (event.target === slider) number.value = toFaces(Number(slider.value), findRange());
    if (event.target === slider || event.target === number) {
      isFaceLimitOurs = false;
      placeSlider();
      forgetPurpose();
    }
  });
  form.addEventListener("change", (event) => {
    const { target } = event;
    if (target.dataset.preset) fillIn(presets.find((preset) => preset.id === target.dataset.preset));
    else if (["texture", "formats"].includes(target.name)) forgetPurpose();
    if (target.name !== "engine") fitOwn();
  });

  /** An own option's errors stand below its field, which may have to be unfolded. */
  function showOwnErrors(fields) {
    for (const old of own.querySelectorAll(".errorlist")) old.remove();
    for (const [name, messages] of Object.entries(fields)) {
      const field = own.querySelector(`[name="${CSS.escape(name)}"]`)?.closest(".field");
      if (!field) continue;
      field.append(makeList(messages));
      for (const fold of own.querySelectorAll("details")) if (fold.contains(field)) fold.open = true;
    }
  }

  function showErrors(fields) {
    showOwnErrors(fields);
    for (const place of form.querySelectorAll("[data-errors-of]")) {
      const messages = fields[place.dataset.errorsOf] ?? [];
      place.replaceChildren(...makeList(messages).children);
      place.hidden = !messages.length;
      form.elements[place.dataset.errorsOf]?.setAttribute?.("aria-invalid", String(messages.length > 0));
    }
  }

  const shown = findRange();
  isFaceLimitOurs = !shown || number.value === (shown.default ?? "");
  return { fitEngine, showErrors };
}
