// Each tool: how often, how long, how often in vain, and who let it run. Figures are the summary's; what goes further is asked for apart.
import { byId, h, morph } from "./dom.js";
import { bytes, count, ms } from "./format.js";
import { exportButtons } from "./tables.js";

let tools = [];
let further = new Map();
let shown = null; // the answer that further is of

export const toolsPart = {
  element: byId("tools"),
  wants: ({ query }) => [`/api/tools?${query}`],
  show([answer]) {
    shown = answer.tools;
    further = new Map(answer.tools.map((t) => [t.name, t]));
    draw();
  },
};

byId("tools-exports").append(exportButtons("Tools", () => shown));

/** @param {object[]} list the summary's tools */
export function showTools(list) {
  tools = list;
  draw();
}

const counts = (list, key) => list.map((entry) => `${entry[key] || "not told"} ${count(entry.count)}`).join(", ");

function draw() {
  const most = Math.max(1, ...tools.map((t) => t.calls));
  morph(byId("tools-rows"), ...tools.map(({ name, calls, failures, p50Ms, p95Ms }) => {
    const figure = (key, value, text, attributes = {}) => h("td", { class: "n", "data-figure": `tools.${name}.${key}`, "data-value": value, ...attributes }, text);
    const more = further.get(name);
    const bar = h("i", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${(100 * calls) / most}%`;
    const kinds = more ? counts(more.failuresByKind, "kind") : "";
    const result = more?.resultBytes ?? null;
    return h("tr", { "data-key": name },
      h("td", { class: "name", title: name }, name, more?.withoutResult > 0 ? h("span", { class: "none", title: "accepted, and no result came: still running, or its event was lost" }, ` ${count(more.withoutResult)} open`) : null, bar),
      figure("calls", calls, count(calls)),
      figure("failures", failures, count(failures), { class: failures > 0 ? "n failed" : "n", title: kinds || null }),
      figure("p50Ms", p50Ms, ms(p50Ms), { title: exactly(p50Ms) }),
      figure("p95Ms", p95Ms, ms(p95Ms), { title: more?.maxMs ? `${exactly(p95Ms)}; the longest ${ms(more.maxMs)}` : exactly(p95Ms) }),
      h("td", { class: "wide" }, more ? counts(more.accepts, "source") || "–" : ""),
      h("td", { class: more?.rejects.length > 0 ? "wide failed" : "wide" }, more ? counts(more.rejects, "source") || "–" : ""),
      h("td", { class: "n wide", title: result === null ? null : `${count(result.total)} bytes in all, the largest ${bytes(result.max)}` },
        more ? (result === null ? "–" : `${bytes(result.total)} · ${bytes(result.p50)}`) : ""));
  }));
  if (tools.length === 0) byId("tools-rows").append(h("tr", {}, h("td", { colspan: 8, class: "none" }, "No tool was called in this range.")));
}

const exactly = (x) => (x === null || x === undefined ? null : `${count(x)} ms`);
