/* Which options fit together? The engine sets ranges and choices; a purpose fills them in; the slider and the number agree. */

const STEPS = 1000;

/** The slider is logarithmic: from 2,000 to 4,000 matters as much as from 200,000 to 400,000. */
function toFaces(position, { least, most }) {
  const faces = least * (most / least) ** (position / STEPS);
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(faces)) - 1);
  return Math.min(most, Math.max(least, Math.round(faces / digits) * digits));
}

const toPosition = (faces, { least, most }) => (STEPS * Math.log(faces / least)) / Math.log(most / least);

export function readEngine(form) {
  const { dataset } = form.querySelector("[name=engine]:checked");
  return {
    id: form.elements.engine.value,
    price: dataset.price === "" ? null : Number(dataset.price),
    seconds: Number(dataset.seconds),
    least: Number(dataset.least) || null,
    most: Number(dataset.most) || null,
    views: Number(dataset.views),
    textures: dataset.textures.split(" ").filter(Boolean),
  };
}

export function watchOptions(form, { presets, onChange }) {
  const number = form.elements.face_limit;
  const slider = form.querySelector("[data-face-slider]");

  function fitEngine() {
    const engine = readEngine(form);
    form.querySelector("[data-face-limit]").hidden = !engine.least;
    form.querySelector("[data-textures-of]").hidden = !engine.textures.length;
    if (engine.least) Object.assign(number, { min: engine.least, max: engine.most });
    for (const radio of form.querySelectorAll("[name=texture]")) radio.disabled = !engine.textures.includes(radio.value);
    for (const own of form.querySelectorAll("[data-engine]")) own.hidden = own.dataset.engine !== engine.id;
    const front = form.querySelector("[data-front-only]");
    if (front) front.hidden = engine.views > 1;
    placeSlider();
    onChange();
  }

  function placeSlider() {
    const engine = readEngine(form);
    const faces = Number(number.value);
    if (!engine.least || !(faces > 0)) return;
    slider.value = toPosition(Math.min(engine.most, Math.max(engine.least, faces)), engine);
    slider.setAttribute("aria-valuetext", `${faces.toLocaleString("en-US")} faces`);
  }

  function setFaces(faces) {
    const engine = readEngine(form);
    if (engine.least) number.value = Math.min(engine.most, Math.max(engine.least, faces));
    placeSlider();
  }

  function fillIn(preset) {
    setFaces(preset.face_limit);
    const texture = form.querySelector(`[name=texture][value="${preset.texture}"]`);
    if (texture && !texture.disabled) texture.checked = true;
    for (const box of form.querySelectorAll("[name=formats]")) box.checked = preset.formats.includes(box.value);
    onChange();
  }

  /** A purpose holds only as long as nothing that it set was changed. */
  function forgetPurpose() {
    for (const radio of form.querySelectorAll("[data-preset]")) radio.checked = false;
  }

  form.addEventListener("input", (event) => {
    if (event.target === slider) number.value = toFaces(Number(slider.value), readEngine(form));
    if (event.target === slider || event.target === number) {
      placeSlider();
      forgetPurpose();
    }
  });
  form.addEventListener("change", (event) => {
    const { target } = event;
    if (target.name === "engine") fitEngine();
    else if (target.dataset.preset) fillIn(presets.find((preset) => preset.id === target.dataset.preset));
    else if (["texture", "formats"].includes(target.name)) forgetPurpose();
  });

  function showErrors(fields) {
    for (const place of form.querySelectorAll("[data-errors-of]")) {
      const messages = fields[place.dataset.errorsOf] ?? [];
      place.replaceChildren(...messages.map((message) => Object.assign(document.createElement("li"), { textContent: message })));
      place.hidden = !messages.length;
      form.elements[place.dataset.errorsOf]?.setAttribute?.("aria-invalid", String(messages.length > 0));
    }
  }

  fitEngine();
  return { showErrors };
}
