/* Which pictures were chosen? One tile each: thumbnail, name, ✓ or the reason, its side, and a way to remove it. */

import { checkBytes, checkDimensions } from "./checking.js";
import { sayView } from "./views.js";
import { saySize } from "./words.js";

const MOST_SLOTS = 4; // empty places shown at once

const sameFile = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;

export class Picks {
  /** `onChange` is called after every change; `limits` come from the server. */
  constructor({ list, template, slotTemplate, limits, onChange }) {
    Object.assign(this, { list, template, slotTemplate, limits, onChange });
    this.entries = [];
    this.slots = [];
    this.allSides = Array.from(template.content.querySelectorAll("option"), (option) => option.value);
    this.allowedSides = this.allSides;
    list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-removes-pick]");
      if (button) this.remove(this.entries.find((entry) => entry.tile.contains(button)));
    });
    list.addEventListener("change", (event) => this.swapSides(event.target));
  }

  get files() {
    return this.entries.map((entry) => entry.file);
  }

  get sides() {
    return this.entries.map((entry) => entry.tile.querySelector("select").value);
  }

  get isBusy() {
    return this.entries.some((entry) => entry.reason === undefined);
  }

  get hasProblems() {
    return this.entries.some((entry) => entry.reason) || this.entries.length > this.limits.files;
  }

  /** `side`: which side of the object they show; without it the next free one. */
  add(files, side = "") {
    for (const file of files) if (!this.entries.some((entry) => sameFile(entry.file, file))) this.addOne(file, side);
    this.nameSides();
    this.onChange();
  }

  addOne(file, side) {
    const tile = this.template.content.firstElementChild.cloneNode(true);
    const entry = { file, tile, reason: undefined };
    tile.querySelector("[data-name]").textContent = file.name;
    tile.querySelector("[data-removes-pick]").setAttribute("aria-label", `Remove ${file.name}`);
    tile.querySelector("select").setAttribute("aria-label", `Side that ${file.name} shows`);
    if (side) tile.querySelector("select").value = side;
    entry.isNamed = Boolean(side);
    this.entries.push(entry);
    if (this.slots[0]) this.slots[0].before(tile);
    else this.list.append(tile);
    this.judge(entry);
  }

  async judge(entry) {
    const reason = await checkBytes(entry.file, this.limits).catch(() => "The file could not be read.");
    this.show(entry, reason || (await this.drawThumbnail(entry)));
    this.onChange();
  }

  /** Shows the picture and answers why it cannot be used, or "". */
  drawThumbnail(entry) {
    const image = entry.tile.querySelector("img");
    const address = URL.createObjectURL(entry.file);
    entry.address = address;
    return new Promise((resolve) => {
      image.addEventListener("load", () => {
        image.hidden = false;
        const size = { width: image.naturalWidth, height: image.naturalHeight };
        entry.words = `${size.width} × ${size.height} · ${saySize(entry.file.size)}`;
        resolve(checkDimensions(size, this.limits));
      });
      image.addEventListener("error", () => resolve("The picture is damaged or incomplete."));
      image.src = address;
    });
  }

  show(entry, reason) {
    entry.reason = reason;
    entry.tile.dataset.state = reason ? "bad" : "good";
    entry.tile.querySelector("[data-verdict]").textContent = reason || entry.words || saySize(entry.file.size);
  }

  /** The server's reasons: a list of {index, message}. */
  showRefusals(refusals) {
    for (const { index, message } of refusals) {
      const entry = this.entries[index];
      if (entry) this.show(entry, message.replace(`${entry.file.name}: `, ""));
    }
    this.onChange();
  }

  remove(entry) {
    const place = this.entries.indexOf(entry);
    this.entries.splice(place, 1);
    entry.tile.remove();
    if (entry.address) URL.revokeObjectURL(entry.address);
    this.nameSides();
    this.onChange();
    const next = this.entries[Math.min(place, this.entries.length - 1)];
    (next?.tile.querySelector("[data-removes-pick]") ?? document.querySelector("[data-picks-files]"))?.focus();
  }

  /** The sides that the engine takes, and those for which it still has a place: empty slots to be filled. */
  setSides({ sides, slots, required }) {
    this.allowedSides = sides;
    for (const option of this.entries.flatMap((entry) => Array.from(entry.tile.querySelector("select").options))) {
      option.hidden = option.disabled = !sides.includes(option.value);
    }
    this.nameSides();
    this.showSlots(slots, required);
  }

  /** Keeps the sides that fit and gives each other picture the next free one. There is always a front. */
  nameSides() {
    const taken = new Set();
    const free = [];
    for (const entry of this.entries) {
      const { value } = entry.tile.querySelector("select");
      if (entry.isNamed && this.allowedSides.includes(value) && !taken.has(value)) taken.add(value);
      else free.push(entry);
    }
    for (const entry of free) {
      const side = this.allowedSides.find((each) => !taken.has(each));
      if (side) entry.tile.querySelector("select").value = side;
      entry.isNamed = Boolean(side);
      taken.add(side);
    }
    if (this.entries.length && !taken.has("front")) this.entries[0].tile.querySelector("select").value = "front";
  }

  showSlots(sides, required) {
    for (const slot of this.slots) slot.remove();
    const taken = new Set(this.sides);
    this.slots = sides.filter((side) => !taken.has(side)).slice(0, MOST_SLOTS).map((side) => this.makeSlot(side, required));
    this.list.append(...this.slots);
  }

  makeSlot(side, required) {
    const slot = this.slotTemplate.content.firstElementChild.cloneNode(true);
    slot.querySelector("[data-side]").textContent = sayView(side);
    slot.querySelector("[data-need]").textContent = required.includes(side) ? "needed" : "optional";
    slot.querySelector("input").addEventListener("change", (event) => this.add(Array.from(event.target.files), side));
    return slot;
  }

  /** A side can be shown once: whoever had it gets the one that became free. */
  swapSides(select) {
    const selects = this.entries.map((entry) => entry.tile.querySelector("select"));
    if (!selects.includes(select)) return;
    const taken = new Set(selects.map((other) => other.value));
    const free = this.allowedSides.find((side) => !taken.has(side));
    for (const other of selects) if (other !== select && other.value === select.value && free) other.value = free;
    this.onChange();
  }
}
