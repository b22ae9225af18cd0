/* What does one model cost as the form is filled in? The engine's price and what its options add or take away. */

const PARTS = 10_000; // of a dollar: sums of whole numbers are exact

/** The options that mean something beside the others: PBR materials do not without a texture. */
export function findApplying(engine, values) {
  const applies = ([, { only_with: wanted = {} }]) =>
    Object.entries(wanted).every(([name, allowed]) => allowed.includes(values[name]));
  return new Set(Object.entries(engine.options).filter(applies).map(([name]) => name));
}

/** US dollars; null where the price is not known. */
export function computePrice(engine, values) {
  if (engine.price === null) return null;
  const applying = findApplying(engine, values);
  const chosen = engine.surcharges.filter(({ option, value }) => applying.has(option) && values[option] === value);
  return chosen.reduce((parts, { amount }) => parts + Math.round(amount * PARTS), Math.round(engine.price * PARTS)) / PARTS;
}

export const multiply = (price, count) => (price === null ? null : (Math.round(price * PARTS) * count) / PARTS);

/** Of a total that is too high, in words; nothing when it fits. */
export function findShortage(total, remaining, say) {
  if (remaining === null || !(total > remaining + 0.00001)) return "";
  return `This costs ${say(total)}, but ${remaining > 0 ? `only ${say(remaining)}` : "nothing"} of your budget is left this month. Fewer pictures or another engine cost less.`;
}
