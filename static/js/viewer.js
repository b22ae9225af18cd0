/* How is the model looked at? Buttons around <model-viewer>: turning, wireframe, light, ground, screenshot, full screen. */

import { showToast } from "./toast.js";

const frame = document.querySelector("[data-viewer]");
const viewer = frame?.querySelector("model-viewer");
const ORBIT = viewer?.getAttribute("camera-orbit");

const press = (button, isOn) => button.setAttribute("aria-pressed", String(isOn));

function rotate(button) {
  const isOn = viewer.toggleAttribute("auto-rotate");
  press(button, isOn);
}

/** The element has no wireframe of its own; its scene is reached through the symbol it keeps it under. */
function findScene() {
  const symbol = Object.getOwnPropertySymbols(viewer).find((entry) => entry.description === "scene");
  return symbol && viewer[symbol];
}

function toggleWireframe(button) {
  const isOn = button.getAttribute("aria-pressed") !== "true";
  const scene = findScene();
  scene.traverse((object) => {
    // The shadow and the ground are meshes too, but not of the model's standard material.
    for (const material of [object.material].flat()) if (material?.isMeshStandardMaterial) material.wireframe = isOn;
  });
  scene.queueRender();
  press(button, isOn);
}

function reset() {
  viewer.cameraOrbit = ORBIT;
  viewer.cameraTarget = "auto auto auto";
  viewer.fieldOfView = "auto";
  viewer.resetTurntableRotation();
  viewer.jumpCameraToGoal();
}

async function saveScreenshot() {
  const address = URL.createObjectURL(await viewer.toBlob({ mimeType: "image/png", idealAspect: false }));
  const link = Object.assign(document.createElement("a"), { href: address, download: `${viewer.dataset.name}.png` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  showToast("The screenshot is saved.", { kind: "good" });
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else frame.requestFullscreen();
}

const ACTIONS = { rotate, wireframe: toggleWireframe, reset, screenshot: saveScreenshot, fullscreen: toggleFullScreen };

function start() {
  frame.addEventListener("click", (event) => {
    const button = event.target.closest("[data-does]");
    if (button) ACTIONS[button.dataset.does](button);
  });
  frame.querySelector("[data-exposure]").addEventListener("input", (event) => (viewer.exposure = Number(event.target.value)));
  frame.addEventListener("change", (event) => {
    if (event.target.name === "ground") frame.dataset.ground = event.target.value;
  });
  const full = frame.querySelector('[data-does="fullscreen"]');
  full.hidden = !document.fullscreenEnabled;
  document.addEventListener("fullscreenchange", () => press(full, Boolean(document.fullscreenElement)));
  viewer.addEventListener("load", () => {
    frame.dataset.ready = "";
    frame.querySelector('[data-does="wireframe"]').hidden = !findScene();
  });
  viewer.addEventListener("progress", ({ detail: { totalProgress: share } }) => {
    frame.querySelector("[data-viewer-percent]").textContent = share > 0 && share < 1 ? `: ${Math.round(share * 100)} %` : "";
  });
  viewer.addEventListener("error", () => {
    frame.querySelector("[data-viewer-loading]").hidden = true;
    frame.querySelector("[data-viewer-problem]").hidden = false;
  });
}

if (viewer) start();
