// The list of sessions: sorted, searched and paged by the server, so that a hundred thousand are as quick as ten.
import { looking, queryOf } from "./address.js";
import { byId, h, morph, setText } from "./dom.js";
import { ago, count, moment, ms, reading, sumOf, usd } from "./format.js";
import { exportButtons } from "./tables.js";
import { CHECKS, sessionHash } from "./session.js";

const PAGE = 25;
const PAGES = 40_000; // the server leaves out a million at most
const TYPING_MS = 120; // what is typed within it is one question

const COLUMNS = [
  { name: "Session", sort: "id" },
  { name: "Model", wide: true },
  { name: "Started", sort: "started", wide: true, n: true },
  { name: "Lasted", sort: "duration", wide: true, n: true },
  { name: "Prompts", sort: "prompts", wide: true, n: true },
  { name: "Requests", sort: "requests", wide: true, n: true },
  { name: "Errors", sort: "errors", wide: true, n: true },
  { name: "Output", sort: "output", wide: true, n: true, title: "Output tokens" },
  { name: "Tokens", sort: "tokens", wide: true, n: true, title: "Tokens of all four kinds" },
  { name: "Cost", sort: "cost", n: true },
  { name: "Seen", sort: "seen", n: true, title: "When something of it happened last" },
];

const WRONG = new Set(["eventsIncomplete", "metricsIncomplete", "metricsOnly", "eventsOnly"]);

let shown = null;
let go = () => {};
let current = null;
let typing = 0;

export const sessions = {
  element: byId("sessions"),
  wants(view) {
    const { query, session, look } = view;
    if (session !== null) return [];
    const page = pageOf(view);
    const asked = { sort: look.sort, order: look.order, limit: PAGE, ...(page > 1 && { offset: (page - 1) * PAGE }), ...(look.text && { text: look.text }), ...(look.cost && { minCost: look.cost }), ...(look.active && { active: "true" }) };
    return [`/api/sessions?${queryOf(query, new URLSearchParams(asked))}`];
  },
  show([answer], view) {
    shown = answer;
    current = view;
    showHead(view);
    showRows(answer, new Date());
    showPages(answer, view);
  },
};

/** @param {(view: object, replace?: boolean) => void} choose goes to another view */
export function listenSessions(choose) {
  go = choose;
  byId("sessions-exports").append(exportButtons("Sessions", () => shown?.sessions ?? null));
  byId("sessions-text").addEventListener("input", ({ target }) => {
    clearTimeout(typing);
    // Each letter is no step back of its own.
    typing = setTimeout(() => {
      typing = 0;
      go((view) => looking(view, { text: target.value.trim() }), true);
    }, TYPING_MS);
  });
  byId("sessions-cost").addEventListener("change", ({ target }) => go((view) => looking(view, { cost: target.value })));
  byId("sessions-active").addEventListener("change", ({ target }) => go((view) => looking(view, { active: target.checked ? "1" : "" })));
}

/** The fields say what the address says, but for what is being written. What was written for another scope is not searched for in this one. */
export function lookSessions({ look }, isOtherScope) {
  if (isOtherScope) {
    clearTimeout(typing);
    typing = 0;
  }

  const text = byId("sessions-text");
  if (typing === 0 && text.value.trim() !== look.text) text.value = look.text;
  if (document.activeElement !== byId("sessions-cost")) byId("sessions-cost").value = Number.isFinite(Number(look.cost)) ? look.cost : "";
  byId("sessions-active").checked = look.active !== "";
}

function showHead({ look }) {
  morph(byId("sessions-head"), ...COLUMNS.map(({ name, sort, wide, n, title }) => {
    const chosen = sort !== undefined && look.sort === sort;
    return h("th", { scope: "col", class: [n ? "n" : "", wide ? "wide" : ""].join(" ").trim() || null, title, "data-key": name, "aria-sort": chosen ? (look.order === "desc" ? "descending" : "ascending") : null },
      sort === undefined ? name : h("button", { type: "button", class: "sort", "data-key": sort, onclick: () => go((view) => sorted(view, sort)) },
        name, h("i", { "aria-hidden": "true" }, chosen ? (look.order === "desc" ? "↓" : "↑") : "")));
  }));
}

// The largest first, and again the other way round.
const sorted = (view, sort) => looking(view, { sort, order: view.look.sort === sort && view.look.order === "desc" ? "asc" : "desc" });

/** A session as every list shows it: a mark when it is active, its project and branch, the beginning of its id; and a link to its page. */
export function sessionName(s) {
  return h("span", { class: "session-name" },
    s.active === undefined ? null : h("i", { class: s.active ? "dot on" : "dot", role: "img", "aria-label": s.active ? "active" : "not active" }),
    h("a", { href: sessionHash(s.id), "data-key": s.id, title: s.named ? [s.name, s.folder, s.id].filter(Boolean).join("\n") : "its client sends no session ids: grouped by user and resource" },
      s.project ? `${s.project} ` : null, s.branch ? h("span", { class: "branch" }, `${s.branch} `) : null, h("code", {}, s.named ? [...s.id].slice(0, 8).join("") : s.id)),
    WRONG.has(s.check) ? h("span", { class: "warn", title: CHECKS[s.check], role: "img", "aria-label": CHECKS[s.check] }, " ⚠") : null);
}

function showRows({ total, sessions: list }, at) {
  morph(byId("sessions-rows"), ...list.map((s) => {
    const [started, seen] = [new Date(s.startedAt), new Date(s.lastSeenAt)];
    const tokens = sumOf(s.tokens);
    const n = (text, exact, wide = true, extra = {}) => h("td", { class: wide ? "n wide" : "n", title: exact, ...extra }, text);
    return h("tr", { "data-key": s.id },
      h("td", { class: "name" }, sessionName(s)),
      h("td", { class: "wide", title: s.models.join(", ") }, s.models.length > 1 ? `${s.models[0]} +${s.models.length - 1}` : s.models[0] ?? "–"),
      n(moment(started, at), started.toLocaleString()),
      n(ms(seen - started), null),
      n(count(s.prompts), null),
      n(count(s.apiRequests), null),
      n(count(s.apiErrors), null, true, { class: s.apiErrors > 0 ? "n wide failed" : "n wide" }),
      n(reading(s.tokens.output), count(s.tokens.output)),
      n(reading(tokens), count(tokens)),
      n(usd(s.costUsd), `$${s.costUsd}`, false),
      h("td", { class: "n", "data-seen": s.lastSeenAt, title: seen.toLocaleString() }, ago(at - seen)));
  }));
  if (total === 0) byId("sessions-rows").append(h("tr", {}, h("td", { colspan: COLUMNS.length, class: "none" }, current.look.text || current.look.cost || current.look.active ? "No session fits." : "No session did anything in this range.")));
}

function showPages({ total, sessions: list }, view) {
  const page = pageOf(view);
  const first = (page - 1) * PAGE;
  const last = first + list.length;
  setText(byId("sessions-count"), total === 0 ? "" : list.length === 0 ? `${count(total)} sessions; this page is behind the last` : `${count(first + 1)} to ${count(last)} of ${count(total)}`);
  const step = (label, to, possible) => h("button", { type: "button", class: "quiet", "data-key": label, disabled: !possible, onclick: () => go((now) => looking(now, { page: String(to(pageOf(now))) })) }, label);
  morph(byId("sessions-pages"), ...(total <= PAGE && page === 1 ? []
    : [step("First", () => 1, page > 1), step("Earlier", (at) => Math.max(1, at - 1), page > 1), step("Further", (at) => at + 1, last < total)]));
}

const pageOf = ({ look }) => Math.min(PAGES, Math.max(1, Math.floor(Number(look.page)) || 1));
