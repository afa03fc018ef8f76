// One figure over time, split by what it can be split by: which one, and by what, is in the address.
import { looking, queryOf, rangeFrom, zoomed } from "./address.js";
import { Chart, swatch } from "./chart.js";
import { byId, h, morph, setText } from "./dom.js";
import { bucketName, compact, count, reading, seconds, span, usd, usdTick } from "./format.js";
import { exportButtons } from "./tables.js";

const COLOURS = Array.from({ length: 8 }, (_, i) => `--g${i}`);
const OTHER = "--gother";
const GROUPS = 8; // as many as there are colours; the rest is one group
const NOT_TOLD = "not told";

const ofSessions = ["session", "project", "repository", "branch", "machine"];
const ofRequests = ["model", ...ofSessions, "source", "origin"];
const counted = { value: count, read: reading, axis: compact, whole: true };
const inTime = { value: seconds, read: seconds, axis: seconds, whole: true };
const inUsd = { value: usd, read: usd, axis: usdTick, whole: false };

// The first split is the one that is shown when none is chosen.
const FIGURES = {
  __proto__: null,
  costUsd: { title: "Cost", ...inUsd, by: ofRequests },
  tokens: { title: "Tokens", ...counted, by: ["kind", ...ofRequests] },
  input: { title: "Input tokens", ...counted, by: ofRequests },
  output: { title: "Output tokens", ...counted, by: ofRequests },
  cacheRead: { title: "Cache read", ...counted, by: ofRequests },
  cacheCreation: { title: "Cache written", ...counted, by: ofRequests },
  apiRequests: { title: "API requests", ...counted, by: ofRequests },
  apiErrors: { title: "API errors", ...counted, by: ["model", ...ofSessions] },
  prompts: { title: "Prompts", ...counted, by: ["kind", ...ofSessions] },
  toolCalls: { title: "Tool calls", ...counted, by: ["tool", ...ofSessions] },
  toolFailures: { title: "Tool failures", ...counted, by: ["tool", ...ofSessions] },
  activeSeconds: { title: "Active time", ...inTime, by: ["kind", ...ofSessions] },
  lines: { title: "Lines of code", ...counted, by: ["kind", ...ofSessions] },
  commits: { title: "Commits", ...counted, by: ofSessions },
  pullRequests: { title: "Pull requests", ...counted, by: ofSessions },
};

const SPLITS = {
  __proto__: null, kind: "kind", model: "model", session: "session", tool: "tool", source: "source of the query", origin: "who asked", project: "project",
  repository: "repository", branch: "branch", machine: "machine",
};

const KINDS = {
  __proto__: null,
  input: ["Input", "--input"], output: ["Output", "--output"], cacheRead: ["Cache read", "--cache-read"], cacheCreation: ["Cache written", "--cache-creation"],
  user: ["User", "--input"], cli: ["Claude", "--output"], added: ["Added", "--usd"], removed: ["Removed", "--bad"],
  human: ["A person's", "--input"], command: ["Commands", "--output"], taskNotification: ["Background agents' results", "--cache-read"],
};

let go = () => {};
let chart = null;
let answer = null;
let current = null;
let attributes = [];
let drawn = []; // the groups that the chart shows

export const overtime = {
  element: byId("overtime"),
  wants(view) {
    const { figure, by } = chosen(view);
    return [`/api/breakdown?${queryOf(view.query, new URLSearchParams({ figure, by, top: GROUPS }))}`];
  },
  show([breakdown], view) {
    answer = breakdown;
    current = view;
    draw();
  },
  look(view) {
    current = view;
    if (answer !== null) draw();
  },
};

/** The figure and the split that an address asks for; what it does not name is the figure's own. */
function chosen({ look }) {
  const figure = look.figure;
  return { figure, by: look.by || (FIGURES[figure]?.by[0] ?? "model") };
}

/** @param {(next: (view: object) => object) => void} choose goes to another view */
export function listenOvertime(choose) {
  go = choose;
  byId("overtime-exports").append(exportButtons("Chart", records));
  byId("overtime").addEventListener("click", (event) => {
    const tile = event.target.closest("[data-pick]")?.dataset;
    if (tile) go((view) => looking(view, { figure: tile.pick, by: "", only: tile.only ?? "" }));
  });
  byId("by").addEventListener("change", ({ target }) => go((view) => looking(view, { by: target.value })));
  byId("running").addEventListener("change", ({ target }) => go((view) => looking(view, { total: target.checked ? "1" : "" })));
  for (const [id, factor, shift] of [["earlier", 1, -0.5], ["later", 1, 0.5], ["closer", 0.5, 0], ["wider", 2, 0]]) {
    byId(id).addEventListener("click", () => {
      if (answer === null) return;
      const range = zoomed(spanOf(answer), factor, shift, Date.now() / 1000);
      go((view) => ({ ...view, range: rangeOf(range) }));
    });
  }

  byId("chart-table").addEventListener("toggle", () => answer !== null && showTable());
}

const spanOf = ({ from, to }) => [new Date(from) / 1000, new Date(to) / 1000];

/** A range that reaches to now goes on with it. */
const rangeOf = ([from, to]) => rangeFrom(new Date(from * 1000), to >= Date.now() / 1000 - 1 ? null : new Date(to * 1000));

/** @param {string[]} keys the attributes of resources that figures can be split by */
export function offerSplits(keys) {
  attributes = keys;
  if (current !== null) lookOvertime(current);
}

/** The fields say what the address says. */
export function lookOvertime(view) {
  const { figure, by } = chosen(view);
  for (const tile of document.querySelectorAll("[data-pick]")) tile.setAttribute("aria-pressed", String(tile.dataset.pick === figure && (tile.dataset.only ?? view.look.only) === view.look.only));
  byId("running").checked = view.look.total !== "";
  showSplits(view, figure, by);
}

function showSplits({ session }, figure, by) {
  const known = (FIGURES[figure]?.by ?? []).filter((split) => session === null || !ofSessions.includes(split));
  const all = [...new Set([...known, ...(session === null ? attributes.map((key) => `resource.${key}`) : []), by])];
  byId("by").value = by;
  morph(byId("by"), ...all.map((split) => h("option", { value: split, selected: split === by, "data-key": `${split} ${split === by}` }, SPLITS[split] ?? split.replace(/^resource\./, ""))));
  byId("by").value = by;
}

/** The groups as they are drawn: with a name to read, and a colour that depends on nothing but who is there. */
function groupsOf() {
  const all = answer.other === null ? answer.groups : [...answer.groups, { name: null, label: `${count(answer.other.count)} others`, ...answer.other }];
  const colours = coloursOf(answer.groups.map((g) => g.name));
  return all.map((g) => {
    const [label, fixed] = (answer.by === "kind" && KINDS[g.name]) || [g.label || NOT_TOLD, null];
    return { key: keyOf(g.name), name: label, colour: g.name === null ? OTHER : fixed ?? colours.get(g.name), values: g.values, total: g.total };
  });
}

// In the address. A name that looks like one of the two that stand for none is told apart from them.
const keyOf = (name) => (name === null ? "(others)" : name === "" ? "(not told)" : /^[(=]/.test(name) ? `=${name}` : name);

/** Each name's own colour, or the next one that is free: two readers see the same. */
function coloursOf(names) {
  const colours = new Map();
  const used = new Set();
  for (const name of names.toSorted()) {
    let at = [...name].reduce((hash, letter) => (hash * 31 + letter.codePointAt(0)) % 65_521, 7) % COLOURS.length;
    while (used.has(at) && used.size < COLOURS.length) at = (at + 1) % COLOURS.length;
    used.add(at);
    colours.set(name, COLOURS[at]);
  }

  return colours;
}

function draw() {
  lookOvertime(current);
  const look = FIGURES[answer.figure] ?? { title: answer.figure, ...counted };
  const groups = groupsOf();
  const { only } = current.look;
  const alone = groups.filter((g) => g.key === only);
  drawn = alone.length > 0 ? alone : groups;
  const [from, to] = spanOf(answer);
  const total = current.look.total !== "";
  byId("later").disabled = to >= Date.now() / 1000 - 60;
  setText(byId("chart-title"), `${look.title}${total ? ", running total" : ""}`);
  chart ??= new Chart(byId("chart"), (start, end) => go((view) => ({ ...view, range: rangeOf(zoomed([start, end], 1, 0, Date.now() / 1000)) })));
  chart.set({
    figure: answer.figure, times: answer.times, end: Math.max(to, answer.times.at(-1) ?? to), total, groups: drawn, span: widened([from, to]),
    axis: look.axis, value: look.value, whole: look.whole,
  });
  byId("chart").setAttribute("aria-label", inWords(look, drawn, [from, to]));
  showLegend(look, groups, only);
  showTable();
}

/** An axis of some seconds says nothing: a short session stands in the middle of a minute. */
function widened([from, to]) {
  const missing = Math.max(0, 60 - (to - from)) / 2;
  return [from - missing, to + missing];
}

function inWords(look, groups, [from, to]) {
  const sums = answer.times.map((_, i) => groups.reduce((sum, g) => sum + g.values[i], 0));
  const all = groups.reduce((sum, g) => sum + g.total, 0);
  const most = sums.reduce((best, n, i) => (n > sums[best] ? i : best), 0);
  const range = span(new Date(from * 1000), new Date(to * 1000));
  return `${look.title} by ${SPLITS[answer.by] ?? answer.by}, ${range}: ${look.value(all)} in all`
    + (all > 0 ? `, most of it in ${bucketName(answer.times[most], answer.times[most + 1] ?? to)} with ${look.value(sums[most])}` : "");
}

function showLegend(look, groups, only) {
  morph(byId("legend"), ...groups.map((g) => h("button", {
    type: "button", "data-key": g.key, "aria-pressed": String(g.key === only), class: only !== "" && g.key !== only && groups.some((other) => other.key === only) ? "away" : null,
    title: `${look.value(g.total)}${g.key === only ? "; again for all" : "; alone"}`,
    onclick: () => go((view) => looking(view, { only: view.look.only === g.key ? "" : g.key })),
  }, swatch(g.colour), h("span", { title: g.name }, g.name), h("em", {}, look.read(g.total)))));
}

/** What a group has in each bucket, or up to its end. */
function valuesOf(group) {
  let sum = 0;
  return current.look.total === "" ? group.values : group.values.map((n) => (sum += n));
}

function showTable() {
  if (!byId("chart-table").open) return;
  const look = FIGURES[answer.figure] ?? counted;
  const ends = [...answer.times.slice(1), spanOf(answer)[1]];
  const columns = drawn.map(valuesOf);
  const busy = answer.times.map((_, i) => i).filter((i) => drawn.some((g) => g.values[i] !== 0)).toReversed();
  morph(byId("chart-table-head"), h("tr", {}, h("th", { scope: "col" }, "When"), ...drawn.map((g) => h("th", { scope: "col", class: "n", title: g.name }, g.name))));
  morph(byId("chart-table-rows"), ...busy.map((i) => h("tr", { "data-key": answer.times[i] },
    h("td", { class: "name" }, bucketName(answer.times[i], ends[i])), ...columns.map((values) => h("td", { class: "n" }, look.value(values[i]))))));
}

function records() {
  if (answer === null) return null;
  const ends = [...answer.times.slice(1), spanOf(answer)[1]];
  const iso = (time) => new Date(time * 1000).toISOString();
  const total = current.look.total === "" ? "" : "Total";
  return drawn.flatMap((g) => valuesOf(g).map((value, i) => ({ from: iso(answer.times[i]), to: iso(ends[i]), [answer.by]: g.name, [answer.figure + total]: value })));
}
