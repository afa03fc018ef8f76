import assert from "node:assert/strict";
import test from "node:test";
import { bar, groups } from "../../src/OtelLite/Dashboard/web/timeline.js";

const at = (seconds) => new Date(1_795_380_800_000 + seconds * 1000).toISOString();
const tokens = { input: 1, output: 2, cacheRead: 3, cacheCreation: 4 };
const request = (more) => ({ at: at(10), requestId: "r1", model: "opus", tokens, costUsd: 0.5, durationMs: 4000, ttftMs: 1000, origin: "main", ...more });
const prompt = (more) => ({ promptId: "p", kind: "human", command: null, startedAt: at(5), costUsd: 0.5, requests: [request()], toolCalls: [], ...more });
const event = (more) => ({ id: 1, at: at(5), name: "user_prompt", promptId: "p", requestId: null, subject: null, durationMs: null, failed: false, note: null, text: null, ...more });

test("a request is told by the ledger and opened by its event", () => {
  const [group] = groups({ prompts: [prompt()] }, { events: [event({ id: 7, text: "hello" }), event({ id: 8, name: "api_request", at: at(10), requestId: "r1" })] });
  assert.equal(group.text, "hello");
  assert.equal(group.eventId, 7);
  assert.deepEqual(group.rows.map((r) => [r.what, r.subject, r.ms, r.ttft, r.costUsd, r.eventId]), [["request", "opus", 4000, 1000, 0.5, 8]]);
  assert.equal(group.tokens, 10);
  assert.deepEqual([group.start, group.end], [Date.parse(at(5)), Date.parse(at(10))]);
});

test("what a transcript alone tells of says so, and is opened by what was imported", () => {
  const told = request({ toldBy: "transcript", cost: "derived", outputTooLow: true });
  const imported = event({ id: 9, name: "transcript_request", at: at(10), requestId: "r1" });
  const [group] = groups({ prompts: [prompt({ requests: [told] })] }, { events: [imported] });
  assert.deepEqual(group.rows.map((r) => [r.note, r.eventId]), [["from the transcript, cost derived, more came out", 9]]);
  for (const events of [[imported, event({ id: 8, name: "api_request", requestId: "r1" })], [event({ id: 8, name: "api_request", requestId: "r1" }), imported]]) {
    assert.deepEqual(groups({ prompts: [prompt({ requests: [request({ toldBy: "event", cost: "reported" })] })] }, { events })[0].rows.map((r) => [r.note, r.eventId]), [[null, 8]]);
  }
});

test("rows stand in the order in which they began, and a failure is counted", () => {
  const [group] = groups({ prompts: [prompt()] }, { events: [
    event({ id: 2, name: "tool_result", at: at(12), subject: "Bash", durationMs: 9000, failed: true, note: "exit 1" }),
    event({ id: 3, name: "tool_decision", at: at(4), subject: "Bash", note: "accept by config" })] });
  assert.deepEqual(group.rows.map((r) => r.what), ["tool", "decision", "request"]);
  assert.equal(group.failed, 1);
  assert.equal(group.rows[0].end - group.rows[0].start, 9000);
});

test("what belongs to no prompt has a group of its own, and one without anything has none", () => {
  const all = groups({ prompts: [prompt({ promptId: null, kind: "none", requests: [request()], startedAt: at(10) })] }, { events: [event({ name: "compaction", promptId: "q", at: at(1), note: "9 to 3 tokens" })] });
  assert.deepEqual(all.map((g) => [g.prompt.promptId, g.rows.length]), [["q", 1], [null, 1]]);
  assert.deepEqual(groups({ prompts: [] }, { events: [] }), []);
});

test("where the events are gone, the ledger still tells the tools", () => {
  const call = { at: at(8), tool: "Read", succeeded: false, durationMs: 10 };
  const [group] = groups({ prompts: [prompt({ toolCalls: [call] })] }, { events: [] });
  assert.deepEqual(group.rows.map((r) => [r.what, r.subject, r.failed, r.eventId]), [["request", "opus", false, null], ["tool", "Read", true, null]]);
});

test("a bar stays within its axis, and a short one can be seen", () => {
  const group = { start: 0, end: 1000 };
  assert.deepEqual(bar({ start: 250, end: 750, ms: 500, ttft: 250 }, group), { left: 25, width: 50, first: 50 });
  assert.deepEqual(bar({ start: 1000, end: 1000, ms: 0 }, group), { left: 99.4, width: 0.6, first: 0 });
  assert.deepEqual(bar({ start: 0, end: 0, ms: null }, { start: 0, end: 0 }), { left: 0, width: 0.6, first: 0 });
});
