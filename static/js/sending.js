/* How is a form sent with progress? XMLHttpRequest, because fetch cannot tell how much has left. */

const UNREACHABLE = { message: "The server could not be reached.", hint: "Your pictures are still here; try again." };
const UNREADABLE = { message: "The server gave an answer that cannot be read.", hint: "Try again in a moment." };

function readRefusal(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return request.status === 413
      ? { message: "The upload as a whole is too large for this server.", hint: "Send fewer pictures at once." }
      : UNREADABLE;
  }
}

/** Resolves to the address of the job; rejects with {message, hint, details}. */
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
      const answer = readRefusal(request);
      if (request.status === 201) resolve(answer.url);
      else reject(answer);
    });
    request.send(data);
  });
}
