/* What does one model cost as the form is filled in? The engine's price and what the chosen options add or take away. */

/** US dollars; null where the price is not known. */
export function readPrice(form, engine, surcharges) {
  if (engine.price === null) return null;
  const chosen = (surcharges[engine.id] ?? []).filter(({ field, value }) => form.elements[field]?.value === value);
  return chosen.reduce((price, { amount }) => price + amount, engine.price);
}

/** Of a total that is too high, in words; nothing when it fits. */
export function findShortage(total, remaining, say) {
  if (remaining === null || !(total > remaining + 0.00001)) return "";
  return `This costs ${say(total)}, but ${remaining > 0 ? `only ${say(remaining)}` : "nothing"} of your budget is left this month.`;
}
