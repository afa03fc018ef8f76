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

/** Sets a text only where it differs: what stays must not disturb a selection. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const keyOf = (node) => node.dataset?.key;

const isSame = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

/**
 * Makes an element's children be these, and touches only what differs: focus, selection and the place one has scrolled to stay where they are.
 * Children with a data-key are known again by it wherever they move; listeners of one that stays are the old ones, so they may close over
 * nothing that its key does not tell.
 */
export function morph(parent, ...children) {
  const wanted = children.filter((c) => c !== null && c !== undefined).map((c) => (c instanceof Node ? c : document.createTextNode(c)));
  const keyed = new Map([...parent.children].filter((c) => keyOf(c) !== undefined).map((c) => [keyOf(c), c]));
  const focused = document.activeElement;
  let at = parent.firstChild;
  for (const next of wanted) {
    const old = keyOf(next) === undefined ? at : keyed.get(keyOf(next)) ?? at;
    if (old === null || !isSame(old, next)) {
      parent.insertBefore(next, at);
      continue;
    }

    if (old === at) at = at.nextSibling;
    else parent.insertBefore(old, at);
    become(old, next);
  }

  while (at !== null) {
    const following = at.nextSibling;
    at.remove();
    at = following;
  }

  // An element that moves loses the focus on its way.
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

function become(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }

  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (name !== "style" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  // The Content-Security-Policy lets a script set styles and not the attribute.
  if (old.style.cssText !== next.style.cssText) old.style.cssText = next.style.cssText;
  morph(old, ...next.childNodes);
}

/** Copies, and says so on the button for a moment. */
export async function copyFrom(button, text) {
  const label = (button.dataset.label ??= button.textContent);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy by hand";
  }

  setTimeout(() => { button.textContent = label; }, 1500);
}
