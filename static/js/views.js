/* Which sides of one object does an engine take? The server's own rules (jobs/catalog/checks.py), judged at once. */

export const sayView = (view) => view.replace("_", " ");
const list = (views) => views.map(sayView).join(", ");

/** The sides that may be named; an engine that passes others over takes them all. */
export const findSides = (engine, all) => (engine.ignores_other_views ? all : engine.views);

export const needsSeveral = (engine) => engine.least_views > 1 || engine.required_views.length > 1;
export const takesSeveral = (engine) => engine.ignores_other_views || engine.views.length > 1;

/** Why the engine cannot work from these sides of one object, or "". */
export function findMisfit(engine, views) {
  if (engine.ignores_other_views) return "";
  const foreign = views.find((view) => !engine.views.includes(view));
  if (foreign) return `${engine.name} takes no ${sayView(foreign)} view.`;
  const missing = engine.required_views.find((view) => !views.includes(view));
  if (missing) return `${engine.name} needs a ${sayView(missing)} view too; it needs ${list(engine.required_views)}.`;
  if (views.length < engine.least_views) return `${engine.name} needs at least ${engine.least_views} sides of one object.`;
  if (views.length > engine.most_views) return `${engine.name} takes at most ${engine.most_views} sides of one object.`;
  const gap = engine.is_order_fixed && engine.views.slice(0, views.length).find((view) => !views.includes(view));
  return gap ? `${engine.name} reads the sides in order: add a ${sayView(gap)} view.` : "";
}

/** What the engine does with several sides, in a sentence. */
export function describeSides(engine) {
  if (engine.ignores_other_views) return `${engine.name} uses the front alone.`;
  if (engine.views.length < 2) return `${engine.name} works from one picture.`;
  if (engine.required_views.length === engine.most_views) return `${engine.name} needs ${list(engine.views)}.`;
  return `${engine.name} takes ${engine.least_views > 1 ? `${engine.least_views} to` : "up to"} ${engine.most_views} sides.`;
}
