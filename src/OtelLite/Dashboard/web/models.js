// Each model: what it cost, how well the cache served it, how fast it was. Figures are the summary's; what goes further is asked for apart.
import { byId, h, morph } from "./dom.js";
import { count, ms, percent, reading, usd } from "./format.js";
import { exportButtons } from "./tables.js";

const KINDS = ["input", "output", "cacheRead", "cacheCreation"];
const COLUMNS = 13;

// What of all models is known without its requests: where the summary has it, and what it is called and is.
const PARTS = [
  ["auxiliary", "of which auxiliary, no request detail", "Requests of Claude Code's own that it counts in its metrics and sends no event of"],
  ["noRequestDetail", "of which no request detail", "Metrics tell of them, and their events were lost or are switched off"],
];

let summary = null;
let further = new Map();
let shown = null;

export const modelsPart = {
  element: byId("models"),
  wants: ({ query }) => [`/api/models?${query}`],
  show([answer]) {
    shown = answer.models;
    further = new Map(answer.models.map((m) => [m.model, m]));
    if (summary !== null) draw();
  },
};

byId("models-exports").append(exportButtons("Models", () => shown && [...shown, ...PARTS.filter(([name]) => isThere(summary[name])).map(([name, model]) => ({ model, ...summary[name] }))]));

export function showModels(answer) {
  summary = answer;
  draw();
}

// One figure in a table, with what tests and copying read.
const figure = (path, value, text, exact, className = "n") => h("td", { class: className, "data-figure": path, "data-value": value, title: exact }, text);

const tokensOf = (path, tokens) => KINDS.map((kind) => figure(`${path}.tokens.${kind}`, tokens[kind], reading(tokens[kind]), count(tokens[kind])));

function draw() {
  const { models } = summary;
  morph(byId("models-rows"),
    ...models.map(row),
    ...PARTS.flatMap(part),
    models.length === 0 ? h("tr", {}, h("td", { colspan: COLUMNS, class: "none" }, "No model was asked in this range.")) : null);
}

function row({ model, tokens, costUsd, apiRequests }) {
  const more = further.get(model);
  const n = (text, title, wide = true) => h("td", { class: wide ? "n wide" : "n", title }, text);
  const prompt = tokens.input + tokens.cacheRead + tokens.cacheCreation;
  return h("tr", { "data-key": model },
    h("td", { class: "name", title: model }, model || "unknown"),
    figure(`models.${model}.apiRequests`, apiRequests, count(apiRequests)),
    n(more ? (more.apiErrors === 0 ? "0" : `${count(more.apiErrors)} · ${percent(more.errorRate)}`) : "", null),
    ...tokensOf(`models.${model}`, tokens),
    n(prompt > 0 ? percent(tokens.cacheRead / prompt) : "–", prompt > 0 ? `${count(tokens.cacheRead)} of ${count(prompt)} prompt tokens` : null, false),
    figure(`models.${model}.costUsd`, costUsd, usd(costUsd), `$${costUsd}`),
    n(more && more.costPerRequest !== null ? usd(more.costPerRequest) : "–", more && more.costPerRequest !== null ? `$${more.costPerRequest}` : null),
    n(!more ? "" : more.p50Ms === null ? "–" : `${ms(more.p50Ms)}, ${ms(more.p95Ms)}`, null),
    n(more ? ms(more.ttftP50Ms) : "", null),
    n(more && more.outputTokensPerSecond !== null ? `${Math.round(more.outputTokensPerSecond)}/s` : "–", null));
}

const isThere = ({ tokens, costUsd }) => costUsd > 0 || KINDS.some((kind) => tokens[kind] > 0);

function part([name, text, title]) {
  const { tokens, costUsd } = summary[name];
  if (!isThere(summary[name])) return [];
  const none = (className = "n none") => h("td", { class: className }, "–");
  return [h("tr", { "data-key": `of which ${name}` },
    h("td", { class: "none", title }, text), none(), none("n none wide"), ...tokensOf(name, tokens), none(),
    figure(`${name}.costUsd`, costUsd, usd(costUsd), `$${costUsd}`), ...Array.from({ length: 4 }, () => none("n none wide")))];
}
