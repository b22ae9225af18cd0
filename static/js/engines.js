/* Which engine is chosen, and how is it found among many? Search and kinds narrow the list; the rest follows the choice. */

import { computePrice } from "./prices.js";
import { sayPrice } from "./words.js";

const capitalise = (words) => words[0].toUpperCase() + words.slice(1);

/** The chosen engine as the template described it. */
export function readEngine(form, engines) {
  return engines[form.elements.engine.value] ?? Object.values(engines)[0];
}

/** What a field holds: of a switch its word, of radio buttons the chosen one. */
export function readField(form, name) {
  const fields = Array.from(form.querySelectorAll(`[name="${name}"]`)).filter((field) => field.type !== "hidden");
  const field = fields.find((each) => each.type !== "radio" || each.checked) ?? fields[0];
  if (field?.type === "checkbox") return String(field.checked);
  return field && (field.type !== "radio" || field.checked) ? field.value : "";
}

/** Every option of an engine as the form has it now; what was not filled in is at its default. */
export function readOptions(form, engine) {
  const read = ([name, option]) => {
    const value = readField(form, option.field ?? name);
    const isPossible = !option.choices || option.choices.includes(value);
    return [name, (isPossible && value) || option.default || ""];
  };
  return Object.fromEntries(Object.entries(engine.options).map(read));
}

function showPrices(form, engines) {
  for (const place of form.querySelectorAll("[data-price-of]")) {
    const engine = engines[place.dataset.priceOf];
    place.textContent = capitalise(sayPrice(computePrice(engine, readOptions(form, engine))));
  }
}

/** The list of engines: `onChoose` is called with every new choice. */
export function watchEngines(form, { engines, onChoose }) {
  const picker = form.querySelector("[data-engines]");
  let kind = "";
  let isByPointer = false;

  function narrow() {
    const words = picker.querySelector("[data-engine-search]").value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of picker.querySelectorAll(".engine-row")) {
      const text = row.textContent.toLowerCase();
      const isOfKind = !kind || row.dataset.kinds.split(" ").includes(kind);
      row.hidden = !isOfKind || !words.every((word) => text.includes(word));
    }
    for (const group of picker.querySelectorAll("[data-engine-group]")) {
      group.hidden = !group.querySelector(".engine-row:not([hidden])");
    }
    picker.querySelector("[data-engine-none]").hidden = Boolean(picker.querySelector(".engine-row:not([hidden])"));
  }

  function showKind(wanted) {
    kind = wanted;
    for (const button of picker.querySelectorAll("[data-kind]")) {
      button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
    }
    narrow();
  }

  function choose() {
    const { name } = readEngine(form, engines);
    if (picker) picker.querySelector("[data-chosen-name]").textContent = name;
    onChoose();
  }

  picker?.addEventListener("input", (event) => event.target.matches("[data-engine-search]") && narrow());
  picker?.addEventListener("pointerdown", () => (isByPointer = true));
  picker?.addEventListener("keydown", (event) => {
    isByPointer = false; // the arrow keys go on looking
    if (event.key !== "Enter" || !event.target.matches("[data-engine-search], [name=engine]")) return;
    event.preventDefault(); // it would send the form
    const first = picker.querySelector(".engine-row:not([hidden]) input");
    if (event.target.type === "search" && first && !first.checked) first.click();
    close();
  });
  picker?.addEventListener("click", (event) => {
    const button = event.target.closest("[data-kind]");
    if (button) showKind(button.dataset.kind);
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-shows-kind]");
    if (!link) return;
    picker.open = true;
    showKind(link.dataset.showsKind);
    picker.querySelector(".engine-row:not([hidden]) input").focus();
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "engine") {
      choose();
      if (isByPointer) close();
    }
    showPrices(form, engines);
  });

  function close() {
    picker.open = false;
    picker.querySelector("summary").focus();
  }

  choose();
  showPrices(form, engines);
}
