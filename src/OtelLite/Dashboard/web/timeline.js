// From a session's prompts and events to the rows of its timeline. Pure: no page. tests/web holds it.
import { sumOf } from "./format.js";

/** What an event is called in the list; those that are missing here are told by their own name. */
const NAMES = {
  __proto__: null,
  tool_decision: "decision",
  tool_result: "tool",
  api_error: "error",
  api_retries_exhausted: "retries exhausted",
  api_refusal: "refusal",
  subagent_completed: "agent done",
  skill_activated: "skill",
  permission_mode_changed: "mode",
  internal_error: "internal error",
};

// A prompt heads its group, and a request is told by the ledger, which knows what it cost.
const HEADS = new Set(["user_prompt", "api_request", "transcript_request"]);

/**
 * One group per prompt, in time. Times are in milliseconds since 1970; a row's bar goes from start to end, as events tell their end and how
 * long it took.
 * @param {{prompts: object[]}} details the answer of /api/sessions/{id}
 * @param {{events: object[]}} happened the answer of /api/sessions/{id}/events
 */
export function groups(details, happened) {
  const byPrompt = new Map(details.prompts.map((p) => [p.promptId ?? "", { prompt: p, rows: [] }]));
  const promptOf = (id) => {
    const key = id ?? "";
    if (!byPrompt.has(key)) byPrompt.set(key, { prompt: { promptId: id, kind: "none", command: null, startedAt: null, costUsd: 0, requests: [], toolCalls: [] }, rows: [] });
    return byPrompt.get(key);
  };

  const requestEvents = new Map();
  const texts = new Map();
  for (const event of happened.events) {
    if (event.name === "api_request" && event.requestId) requestEvents.set(event.requestId, event.id);
    if (event.name === "transcript_request" && event.requestId && !requestEvents.has(event.requestId)) requestEvents.set(event.requestId, event.id);
    if (event.name === "user_prompt" && event.promptId && !texts.has(event.promptId)) texts.set(event.promptId, event);
    if (!HEADS.has(event.name)) promptOf(event.promptId).rows.push(eventRow(event));
  }

  for (const group of byPrompt.values()) {
    for (const request of group.prompt.requests) group.rows.push(requestRow(request, requestEvents.get(request.requestId) ?? null));
    // Without the events themselves, the ledger still knows the tools.
    if (happened.events.length === 0) for (const call of group.prompt.toolCalls) group.rows.push(callRow(call));
    group.rows.sort((a, b) => a.start - b.start || a.end - b.end);
    const said = texts.get(group.prompt.promptId);
    group.text = said?.text ?? null;
    group.eventId = said?.id ?? null;
    group.start = Math.min(...group.rows.map((r) => r.start), Date.parse(group.prompt.startedAt ?? "") || Infinity);
    group.end = Math.max(group.start, ...group.rows.map((r) => r.end));
    group.tokens = group.prompt.requests.reduce((sum, r) => sum + sumOf(r.tokens), 0);
    group.failed = group.rows.filter((r) => r.failed).length;
  }

  return [...byPrompt.values()].filter((g) => g.rows.length > 0 || g.prompt.kind !== "none").sort((a, b) => a.start - b.start);
}

function eventRow(event) {
  const end = Date.parse(event.at);
  return {
    kind: event.name, what: NAMES[event.name] ?? event.name.replaceAll("_", " "), subject: event.subject, note: event.note, failed: event.failed,
    start: end - (event.durationMs ?? 0), end, ms: event.durationMs, eventId: event.id,
  };
}

function requestRow(request, eventId) {
  const end = Date.parse(request.at);
  return {
    kind: "request", what: request.origin && request.origin !== "main" ? `request, ${request.origin}` : "request", subject: request.model,
    note: [request.agent, request.skill, request.mcpTool, ...fromTranscript(request)].filter(Boolean).join(", ") || null, failed: false,
    start: end - request.durationMs, end, ms: request.durationMs, ttft: request.ttftMs ?? null, tokens: request.tokens, costUsd: request.costUsd, eventId,
  };
}

// What a request's numbers are worth that its transcript alone tells of.
const fromTranscript = ({ toldBy, cost, outputTooLow }) => (toldBy !== "transcript" ? [] : [
  "from the transcript", cost === "derived" ? "cost derived" : "cost unknown", outputTooLow ? "more came out" : null]);

function callRow(call) {
  const end = Date.parse(call.at);
  return { kind: "tool_result", what: "tool", subject: call.tool, note: null, failed: !call.succeeded, start: end - call.durationMs, end, ms: call.durationMs, eventId: null };
}

/** Where a row's bar stands on the axis of its group, in percent; short ones keep a width that can be seen. */
export function bar(row, group, least = 0.6) {
  const span = Math.max(1, group.end - group.start);
  const width = Math.max(least, (100 * (row.end - row.start)) / span);
  const left = Math.min(100 - width, (100 * (row.start - group.start)) / span);
  return { left: Math.max(0, left), width, first: row.ttft && row.ms > 0 ? Math.min(100, (100 * row.ttft) / row.ms) : 0 };
}
