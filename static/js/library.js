/* What does ticking do? The bar tells how many; deleting is asked in a dialog instead of on a page. */

import { ask } from "./dialog.js";
import { sayCount } from "./words.js";

const form = document.querySelector("[data-library]");

const readBoxes = () => Array.from(form.querySelectorAll("[name=generation]"));
const readTicked = () => readBoxes().filter((box) => box.checked);

function refresh() {
  const ticked = readTicked().length;
  const all = form.querySelector("[data-ticks-all]");
  form.querySelector("[data-bulk]").classList.toggle("is-open", ticked > 0);
  form.querySelector("[data-ticked]").textContent = `${ticked} selected`;
  form.querySelector("[data-spoken]").textContent = ticked ? `${ticked} selected` : "";
  all.checked = ticked === readBoxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
}

function tickAll(isOn) {
  for (const box of readBoxes()) box.checked = isOn;
}

async function confirmDelete(button) {
  document.querySelector("[data-dialog-count]").textContent = sayCount(readTicked().length, "model");
  if (!(await ask("delete-models"))) return;
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "confirmed", value: "yes" }));
  form.requestSubmit(button);
}

if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-ticks-all]")) tickAll(event.target.checked);
    refresh();
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.value !== "delete" || form.elements.confirmed) return;
    event.preventDefault();
    confirmDelete(event.submitter);
  });
  addEventListener("pageshow", refresh);
  refresh();
}
