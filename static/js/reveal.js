/* How does a picture of a model become the model? The viewer is loaded on demand and laid over its poster. */

/** Does a graphics card draw? Without one a turning model would keep a processor busy that nobody gave us. */
export function drawsFast() {
  const context = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (!context) return false;
  const name = context.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER;
  const renderer = context.getParameter(name);
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|software|basic render/i.test(renderer);
}

/** A <model-viewer> for `src`, kept invisible until the model can be drawn; resolves then, or rejects. */
export async function revealModel(stage, { viewer, src, alt, attributes = {} }) {
  await import(viewer);
  const element = document.createElement("model-viewer");
  const rests = matchMedia("(prefers-reduced-motion: reduce)").matches || !drawsFast();
  const settings = {
    src,
    alt,
    "camera-controls": "",
    "touch-action": "pan-y",
    "interaction-prompt": "none",
    "shadow-intensity": "0.6",
    "shadow-softness": "1",
    "environment-image": "neutral",
    "camera-orbit": "28deg 76deg auto", // where the poster was taken from: jobs/previews
    "rotation-per-second": "18deg",
    ...(rests ? {} : { "auto-rotate": "", "auto-rotate-delay": "0" }),
    ...attributes,
  };
  for (const [name, value] of Object.entries(settings)) element.setAttribute(name, value);
  element.classList.add("is-arriving");
  stage.append(element);
  await new Promise((resolve, reject) => {
    element.addEventListener("load", resolve, { once: true });
    element.addEventListener("error", (event) => reject(new Error(event.detail?.type ?? "model")), { once: true });
  });
  element.classList.remove("is-arriving");
  return element;
}
