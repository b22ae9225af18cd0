/* How do files reach the page? Picked, dropped (folders too), pasted; all end in one function. */

const readEntries = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const readFile = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/** All files below a dropped entry; a directory hands its entries out in portions. */
async function openEntry(entry) {
  if (entry.isFile) return [await readFile(entry)];
  const reader = entry.createReader();
  const files = [];
  for (let portion = await readEntries(reader); portion.length; portion = await readEntries(reader)) {
    for (const child of portion) files.push(...(await openEntry(child)));
  }
  return files;
}

async function readTransfer(transfer) {
  const entries = Array.from(transfer.items ?? [], (item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return Array.from(transfer.files);
  const files = [];
  for (const entry of entries) files.push(...(await openEntry(entry)));
  return files.filter((file) => !file.name.startsWith(".")); // what a system hides in a folder was not meant
}

function watchDrops(zone, take) {
  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    zone.classList.toggle("is-over", depth > 0);
  };
  document.addEventListener("dragenter", (event) => carriesFiles(event) && mark(1));
  document.addEventListener("dragleave", (event) => carriesFiles(event) && mark(-1));
  document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  document.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    mark(-depth);
    take(await readTransfer(event.dataTransfer));
  });
}

/** `take` gets every list of files, wherever on the page they arrive. */
export function gatherFiles({ zone, inputs, take }) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      take(Array.from(input.files));
      input.value = ""; // the same file can be chosen again after it was removed
    });
  }
  watchDrops(zone, take);
  document.addEventListener("paste", (event) => {
    const files = Array.from(event.clipboardData?.files ?? []);
    if (files.length) take(files);
  });
}
