/* How is a form sent with progress? XMLHttpRequest, because fetch cannot tell how much has left. */

const UNREACHABLE = { message: "The server could not be reached.", hint: "Your pictures are still here; try again." };
const UNREADABLE = { message: "The server gave an answer that cannot be read.", hint: "Try again in a moment." };

const SIGNED_OUT = {
  message: "You are signed out.",
  hint: "Sign in in another tab, then press the button again: your pictures are still here.",
  isSignedOut: true,
};

/** Answered by the login page, or refused for a token of an earlier sign-in. */
const isSignedOut = (request, address) =>
  request.status === 401 ||
  (request.status === 403 && !request.getResponseHeader("Content-Type")?.includes("json")) ||
  new URL(request.responseURL).pathname !== new URL(address, location.href).pathname;

function readRefusal(request, address) {
  if (isSignedOut(request, address)) return SIGNED_OUT;
  try {
    return JSON.parse(request.responseText);
  } catch {
    return request.status === 413
      ? { message: "The upload as a whole is too large for this server.", hint: "Send fewer pictures at once." }
      : UNREADABLE;
  }
}

/** A new sign-in wants another token than the one that this page came with. */
export async function renewToken(form) {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const { csrfmiddlewaretoken: token } = form.elements;
  token.value = page.querySelector("[name=csrfmiddlewaretoken]")?.value ?? token.value;
}

/** Resolves to the address of the job; rejects with {message, hint, details}; after `isSignedOut` the token has to be renewed. */
export function send(address, data, { onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("error", () => reject(UNREACHABLE));
    request.addEventListener("load", () => {
      const answer = readRefusal(request, address);
      if (request.status === 201) resolve(answer.url);
      else reject(answer);
    });
    request.send(data);
  });
}
