/* How is something told in passing? `showToast("Copied.")`; errors stay until they are closed. */

const SECONDS = 6;

const region = () => document.querySelector(".toasts");

function makeCloseButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "notice-close";
  button.setAttribute("aria-label", "Close");
  button.dataset.closesNotice = "";
  button.textContent = "×";
  return button;
}

/** Closes by itself after a while, but not while somebody points at it or has the focus in it. */
function leaveLater(notice) {
  const tryToLeave = () => {
    if (notice.matches(":hover, :focus-within")) setTimeout(tryToLeave, 1000);
    else notice.remove();
  };
  setTimeout(tryToLeave, SECONDS * 1000);
}

/** kind: "", "good", "warn" or "bad". */
export function showToast(text, { kind = "" } = {}) {
  const notice = document.createElement("div");
  notice.className = kind ? `notice notice-${kind}` : "notice";
  const words = document.createElement("p");
  words.textContent = text;
  notice.append(words, makeCloseButton());
  region().append(notice);
  if (kind !== "bad" && kind !== "warn") leaveLater(notice);
  return notice;
}

document.addEventListener("click", (event) => {
  event.target.closest("[data-closes-notice]")?.closest(".notice").remove();
});

for (const notice of document.querySelectorAll(".toasts .notice:not(.notice-bad, .notice-warn)")) leaveLater(notice);
