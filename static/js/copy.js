/* How is text copied? data-copies="id" on a button copies the text of that element and says so. */

import { showToast } from "./toast.js";

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent.trim());
    showToast("Copied.", { kind: "good" });
  } catch {
    // Outside of https and loopback browsers offer no clipboard; the text is selected instead.
    select(element);
    showToast("The text is selected. Press Ctrl+C or ⌘C to copy it.");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copies]");
  if (button) copy(document.getElementById(button.dataset.copies));
});
