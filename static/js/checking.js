/* May this file be uploaded? The server's own rules, judged at once by content; the server stays the judge. */

const SIGNATURES = [
  { type: "image/jpeg", matches: (head) => head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff },
  { type: "image/png", matches: (head) => startsWith(head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) },
  { type: "image/webp", matches: (head) => text(head, 0, 4) === "RIFF" && text(head, 8, 12) === "WEBP" },
];
const HEAD_BYTES = 4096;
const ANIMATED = "Animated pictures are not accepted. Save one frame and use that.";

const startsWith = (bytes, wanted) => wanted.every((value, index) => bytes[index] === value);
const text = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

function isAnimated(type, head) {
  if (type === "image/webp") return text(head, 12, 16) === "VP8X" && (head[20] & 0x02) !== 0;
  if (type !== "image/png") return false;
  const words = Array.from(head, (byte) => String.fromCharCode(byte)).join("");
  const animation = words.indexOf("acTL");
  const pixels = words.indexOf("IDAT");
  return animation > 0 && (pixels < 0 || animation < pixels);
}

/** Why its bytes cannot be used, or "". */
export async function checkBytes(file, limits) {
  if (file.size === 0) return "The file is empty.";
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const known = SIGNATURES.find((signature) => signature.matches(head));
  if (!known) return "Only JPEG, PNG and WebP pictures are accepted.";
  if (file.size > limits.bytes) return `Too large: the limit is ${limits.bytes / 1024 / 1024} MB for each file.`;
  return isAnimated(known.type, head) ? ANIMATED : "";
}

/** Why a picture of this many pixels cannot be used, or "". */
export function checkDimensions({ width, height }, limits) {
  if (Math.min(width, height) < limits.min_side) {
    return `${width} × ${height} pixels is too small; each side needs at least ${limits.min_side}.`;
  }
  if (Math.max(width, height) > limits.max_side || width * height > limits.pixels) {
    return `${width} × ${height} pixels is too large; the limit is ${limits.pixels / 1e6} megapixels.`;
  }
  return "";
}
