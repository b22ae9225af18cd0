// Redoc shows a logo from its makers' server, which our policy forbids: such a picture fails before it is asked for.
const { set, ...rest } = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
const { setAttribute } = Element.prototype;

function isForeign(image, address) {
  if (new URL(address, location.href).origin === location.origin) return false;
  queueMicrotask(() => image.dispatchEvent(new Event("error")));
  return true;
}

Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...rest,
  set(address) {
    if (!isForeign(this, address)) set.call(this, address);
  },
});
HTMLImageElement.prototype.setAttribute = function (name, value) {
  if (name !== "src" || !isForeign(this, value)) setAttribute.call(this, name, value);
};
