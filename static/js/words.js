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

/** To the cent, and more exactly only where there are fractions of a cent. */
export function sayAmount(amount) {
  return `$${amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 4 })}`;
}

export function sayPrice(amount) {
  if (amount === null || Number.isNaN(amount)) return "price unknown";
  return amount === 0 ? "free" : sayAmount(amount);
}

/** Of a job or a model, as jobs/views/costs.py says it; nothing of what is free. */
export function sayCost({ estimated, actual }, isOver) {
  const [expected, billed] = [estimated, actual].map((amount) => (amount === null ? null : Number(amount)));
  if (!expected && !billed && estimated !== null) return "";
  if (isOver && billed !== null) return sayAmount(billed);
  const about = expected === null ? "price unknown" : `about ${sayAmount(expected)}`;
  return billed ? `${sayAmount(billed)} so far, ${about} in all` : about;
}

export const sayNumber = (number) => number.toLocaleString("en-US");

export const sayCount = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

/** Could the local engine make it instead? A stream says so, an answer of the API tells state and engine. */
export function maySwitch({ may_switch: said, status, engine }) {
  return said ?? (status === "queued" && engine.id !== "local");
}

/** The JSON that the page's template left for its scripts. */
export function readPageData() {
  return JSON.parse(document.getElementById("page-data").textContent);
}

/** What a generation does, or why it waits; a stream says it in words, an answer of the API by its codes. */
export function sayState(generation, { stages, reasons }) {
  if (generation.message) return generation.message;
  if (generation.status === "failed") return generation.error?.message ?? "Failed";
  if (generation.status === "cancelled") return "Cancelled";
  return reasons[generation.waiting_reason] ?? stages[generation.stage] ?? generation.stage;
}
