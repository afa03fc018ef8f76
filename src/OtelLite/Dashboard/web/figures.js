// The figures that have their own place in index.html: each says what it is of, what it is exactly, and that it has changed.
import { setText } from "./dom.js";
import { count, formats, reading, sumOf } from "./format.js";

/** Sets every figure where it stands; flashes the ones that changed. */
export function showFigures(summary) {
  for (const element of document.querySelectorAll("[data-figure][data-format]")) {
    const value = element.dataset.figure.split(".").reduce((at, key) => at[key], summary);
    const exact = element.dataset.format === "usd" ? `$${value}` : element.dataset.format === "seconds" ? `${count(value)} s` : count(value);
    put(element, value, formats[element.dataset.format](value), exact);
  }

  const sums = { tokens: sumOf(summary.tokens), calls: summary.tools.reduce((sum, t) => sum + t.calls, 0), failures: summary.tools.reduce((sum, t) => sum + t.failures, 0) };
  for (const element of document.querySelectorAll("[data-sum]")) put(element, sums[element.dataset.sum], reading(sums[element.dataset.sum]), count(sums[element.dataset.sum]));
}

function put(element, value, text, exact) {
  const before = element.dataset.value;
  if (before === String(value)) return;
  element.dataset.value = value;
  setText(element, text);
  element.title = exact;
  if (before !== undefined) flash(element);
}

function flash(element) {
  element.classList.remove("changed");
  void element.offsetWidth; // starts the animation anew
  element.classList.add("changed");
}
