/* How are times, places, sizes and prices said? The same words as jobs/templatetags/wording.py. */

export function saySeconds(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s`;
  return `about ${Math.round(seconds / 60)} min`;
}

export function sayPlace(position) {
  if (position === null || position === undefined) return "";
  return position === 0 ? "next" : `${position} before it`;
}

export function saySize(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  const [number, unit] = bytes < 1024 * 1024 ? [bytes / 1024, "KB"] : [bytes / 1024 / 1024, "MB"];
  return `${number.toFixed(number >= 10 || Number.isInteger(number) ? 0 : 1)} ${unit}`;
}

export function sayPrice(amount) {
  if (amount === null || Number.isNaN(amount)) return "price unknown";
  return amount === 0 ? "free" : `$${amount.toFixed(2)}`;
}

export const sayNumber = (number) => number.toLocaleString("en-US");

export const sayCount = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

/** The JSON that the page's template left for its scripts. */
export function readPageData() {
  return JSON.parse(document.getElementById("page-data").textContent);
}
