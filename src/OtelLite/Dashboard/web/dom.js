// The one way this page makes elements. Text goes in as text nodes only, so what telemetry says can't become markup.

/**
 * h("td", { class: "n", "data-value": 3 }, "3"). Attributes that are undefined, null or false are left out; onX are listeners.
 * @param {string} tag
 * @param {Record<string, unknown>} attributes
 * @param {...(Node|string|number|null)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }

  element.append(...children.filter((c) => c !== null && c !== undefined).map((c) => (typeof c === "number" ? String(c) : c)));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Copies, and says so on the button for a moment. */
export async function copyFrom(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy by hand";
  }

  setTimeout(() => { button.textContent = label; }, 1500);
}
