// Keeps the parts of the page fresh: what is seen at once after a commit, the rest now and then, and nothing of a page that nobody sees.
import { h, setText } from "./dom.js";

const PAUSE_MS = 100; // after an answer, before the same part asks again
const UNSEEN_PAUSE_MS = 2_000;
const MARGIN = "300px"; // a part that is about to be scrolled into view counts as seen

/**
 * A part of the page: where it stands, what it asks for a view, and how it shows the answers.
 * @typedef {{element: HTMLElement, wants: (view: object) => string[], show: (answers: object[], view: object) => void,
 *   look?: (view: object) => void, pauseMs?: number, fail?: (error: Error) => void}} Part look: another view asks the same; fail: says in its own place what is wrong
 */

export class Fresh {
  /** @param {Part[]} parts */
  constructor(parts) {
    this.states = new Map(parts.map((part) => [part, { asked: "", run: 0, seen: true, running: false, again: false, wake: () => {} }]));
    this.view = null;
    this.isAnswered = false; // whether the scope makes sense: until then what is wrong with a part is wrong with the whole, and said once
    this.stop = new AbortController();
    const observer = new IntersectionObserver((changes) => {
      for (const { target, isIntersecting } of changes) {
        for (const [part, state] of this.states) {
          if (part.element !== target) continue;
          state.seen = isIntersecting;
          if (isIntersecting) state.wake();
        }
      }
    }, { rootMargin: MARGIN });
    for (const { element } of parts) observer.observe(element);
  }

  /** Shows another view: what asks something else for it is asked at once. */
  choose(view, isOtherScope) {
    this.view = view;
    if (isOtherScope) {
      this.isAnswered = false;
      this.stop.abort();
      this.stop = new AbortController();
    }

    for (const [part, state] of this.states) {
      const asked = part.wants(view).join("\n");
      if (!isOtherScope && asked === state.asked) {
        if (asked !== "") part.look?.(view);
        continue;
      }

      Object.assign(state, { asked, run: state.run + 1, running: false, again: false, error: null });
      problem(part, null);
      part.element.classList.add("waiting");
      this.ask(part);
    }
  }

  /** The scope makes sense: what is wrong with a part is wrong with that part. */
  answered() {
    this.isAnswered = true;
    for (const [part, state] of this.states) if (state.error) problem(part, state.error);
  }

  /** Something was committed, or time has passed. */
  changed() {
    this.answered();
    for (const part of this.states.keys()) this.ask(part);
  }

  async ask(part) {
    const state = this.states.get(part);
    if (state.running) {
      state.again = true;
      return;
    }

    const { asked, run } = state;
    if (asked === "" || document.hidden) return;
    const { signal } = this.stop;
    const isOld = () => signal.aborted || state.run !== run;
    Object.assign(state, { running: true, again: false });
    const began = performance.now();
    try {
      const answers = await Promise.all(asked.split("\n").map((path) => get(path, signal)));
      if (isOld()) return;
      state.error = null;
      problem(part, null);
      part.show(answers, this.view);
    } catch (error) {
      if (isOld() || error.name === "AbortError") return;
      // A server that is away has a line of its own.
      if (error.isAnswer) state.error = error;
      if (error.isAnswer && this.isAnswered) problem(part, error);
    }

    part.element.classList.remove("waiting");

    // A slow answer is asked for less often, so that asking never takes more than a third of the time.
    await this.pause(state, Math.max(part.pauseMs ?? (state.seen ? PAUSE_MS : UNSEEN_PAUSE_MS), 2 * (performance.now() - began)));
    if (isOld()) return;
    state.running = false;
    if (state.again) this.ask(part);
  }

  pause(state, ms) {
    return new Promise((done) => {
      state.wake = done;
      setTimeout(done, ms);
    });
  }
}

/** What is wrong with one part is said there, and the others go on. */
function problem(part, error) {
  const before = part.element.querySelector(":scope > .part-problem");
  if (error !== null && part.fail !== undefined) part.fail(error);
  else if (error === null) before?.remove();
  else if (before === null) part.element.append(h("p", { class: "failed part-problem", role: "alert" }, error.message));
  else setText(before, error.message);
}

/** An answer of the API; what was wrong with the question is the error's message. */
export async function get(path, signal) {
  const answer = await fetch(path, { signal });
  if (answer.status === 401) location.reload();
  if (!answer.ok) {
    // What is refused before it is read (a question of 10,000 letters) has no detail.
    const detail = await answer.json().then((problem) => problem.detail, () => `the server refuses this question (${answer.status})`);
    throw Object.assign(new Error(detail), { isAnswer: true });
  }

  return answer.json();
}
