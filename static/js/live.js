/* How does a page follow a job? By its event stream; when that cannot be had, by asking every few seconds. */

import { showToast } from "./toast.js";

const EVENTS = ["task_queued", "task_progress", "task_retry", "task_completed", "task_failed", "task_cancelled"];
const OVER = new Set(["completed", "failed", "cancelled"]);
const ASK_AGAIN = 2000;
const MAX_FAULTS = 3; // in a row, before the stream is given up for asking
const LOST = "The connection is lost. What you see may be old; it goes on by itself when the server can be reached.";
const ENDS = {
  401: "You are signed out. Sign in again to go on watching; the work goes on.",
  404: "This job was deleted.",
};

/** Calls `onState` with every newer state of the job until it is over. Answers a function that ends it. */
export function followJob({ job, version, onState }) {
  let source = null;
  let timer = null;
  let faults = 0;
  let ended = false;
  let lost = null; // the notice that says so

  const isOver = (state) => OVER.has(state.status);

  function end() {
    ended = true;
    source?.close();
    clearTimeout(timer);
  }

  function noteContact(isThere) {
    if (isThere) lost?.remove();
    lost = isThere ? null : (lost ?? showToast(LOST, { kind: "warn" }));
  }

  function take(state) {
    if (ended) return;
    noteContact(true);
    if (isOver(state)) end();
    onState(state);
  }

  function open() {
    source = new EventSource(`/api/v1/jobs/${job}/events?last_event_id=${version}`);
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        faults = 0;
        version = event.lastEventId || version;
        take(JSON.parse(event.data));
      });
    }
    source.addEventListener("open", () => noteContact(true));
    source.addEventListener("error", () => {
      faults += 1;
      if (ended || (source.readyState !== EventSource.CLOSED && faults < MAX_FAULTS)) return;
      source.close();
      ask();
    });
  }

  /** Nothing more will come. */
  function stop(reason) {
    end();
    lost?.remove();
    showToast(reason, { kind: "warn" });
  }

  async function ask() {
    if (ended) return;
    try {
      const answer = await fetch(`/api/v1/jobs/${job}`, { headers: { Accept: "application/json" } });
      if (answer.ok) take(await answer.json());
      else if (answer.status in ENDS) stop(ENDS[answer.status]);
      else noteContact(false);
    } catch {
      if (!ended) noteContact(false); // the next try may reach it
    }
    if (!ended) timer = setTimeout(ask, ASK_AGAIN);
  }

  // A browser opens six connections to a server: a page that nobody looks at gives its own back.
  function pauseOrResume() {
    if (ended) return;
    source?.close();
    clearTimeout(timer);
    if (!document.hidden || document.body.dataset.wantsNotice) open();
  }

  document.addEventListener("visibilitychange", pauseOrResume);
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && pauseOrResume());
  open();
  return end;
}
