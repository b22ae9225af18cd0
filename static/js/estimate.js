/* Does the server say the same price? Asked a moment after the last change; its word counts. */

const PAUSE = 400;

/**
 * `ask({engine, count, options})` says whether that is a new question, and later calls `onAnswer` with the estimate,
 * or `onRefusal` with what is wrong. Without a question what is still to come is not waited for.
 */
export function watchEstimate({ token, onAnswer, onRefusal }) {
  let timer = null;
  let latest = "";

  async function send(body) {
    try {
      const answer = await fetch("/api/v1/estimate", {
        method: "POST",
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token },
        body,
      });
      const data = await answer.json();
      if (body !== latest) return; // asked anew meanwhile
      if (answer.ok) onAnswer(data);
      else if (answer.status === 400) onRefusal(data);
    } catch {
      // Offline, or an answer that cannot be read: what was computed here stands.
    }
  }

  return (question) => {
    const body = question ? JSON.stringify(question) : "";
    if (body === latest) return false;
    latest = body;
    clearTimeout(timer);
    if (body) timer = setTimeout(send, PAUSE, body);
    return true;
  };
}
