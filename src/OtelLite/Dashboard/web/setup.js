// What an empty database shows: the block to paste, for each kind of shell.
import { byId, copyFrom, h } from "./dom.js";

let loaded = false;
let wanted = false; // for a second machine or another shell, when something is stored already

/** Shows the section while nothing is stored, and when it is asked for. The block is fetched when it is first needed. */
export async function showSetup(isEmpty) {
  byId("setup").hidden = !isEmpty && !wanted;
  byId("setup-close").hidden = isEmpty;
  byId("setup-title").textContent = isEmpty ? "Waiting for the first export" : "Connect Claude Code";
  document.querySelector(".pulse").hidden = !isEmpty;
  if (byId("setup").hidden || loaded) return;
  loaded = true;
  const answer = await fetch("/api/setup");
  if (!answer.ok) {
    loaded = false;
    return;
  }

  const { shells } = await answer.json();
  const windows = navigator.userAgent.includes("Windows");
  choose(shells, windows ? shells.length - 1 : 0);
}

/** Opens the section on request, and closes it again. */
export function wantSetup(want) {
  wanted = want;
  showSetup(false);
  if (want) byId("setup").scrollIntoView();
}

function choose(shells, chosen, takeFocus = false) {
  const tabs = shells.map((shell, i) => h("button", {
    type: "button", role: "tab", id: `shell-${i}`, "aria-selected": String(i === chosen), "aria-controls": "shell-block", tabindex: i === chosen ? 0 : -1,
    onclick: () => choose(shells, i, true),
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) choose(shells, (i + step + shells.length) % shells.length, true);
    },
  }, shell.name));
  const copy = h("button", { type: "button", class: "copy", onclick: () => copyFrom(copy, shells[chosen].text) }, "Copy");
  byId("setup-shells").replaceChildren(
    h("div", { class: "shell-tabs", role: "tablist", "aria-label": "Shell" }, ...tabs),
    h("div", { class: "block", id: "shell-block", role: "tabpanel", "aria-labelledby": `shell-${chosen}` },
      h("pre", { tabindex: 0 }, shells[chosen].text), copy));
  if (takeFocus) tabs[chosen].focus();
}
