import { test } from "node:test";
import assert from "node:assert/strict";
import { ago, bytes, checksLine, compact, count, isIncomplete, moment, ms, percent, reading, seconds, span, usd, usdTick } from "../../src/OtelLite/Dashboard/web/format.js";

function cases(format, ...pairs) {
  for (const [input, expected] of pairs) assert.equal(format(input), expected, `of ${input}`);
}

test("A count shows every digit", () => cases(count, [0, "0"], [999, "999"], [1234567, "1,234,567"]));

test("An axis is short", () => cases(compact, [0, "0"], [1500, "1.5 k"], [2_000_000, "2 M"]));

test("Money shows cents, and less than a cent where there is less", () => cases(usd,
  [0, "$0.00"], [1, "$1.00"], [1234.5, "$1,234.50"], [0.4563, "$0.46"], [0.0963, "$0.0963"], [0.009, "$0.0090"], [0.0000123, "$0.0000123"], [-2, "−$2.00"]));

test("Neighbours on an axis of dollars differ", () => {
  assert.deepEqual([0, 0.05, 0.1].map((x) => usdTick(x, 0.05)), ["$0.00", "$0.05", "$0.10"]);
  assert.deepEqual([0, 0.1].map((x) => usdTick(x, 0.1)), ["$0.0", "$0.1"]);
  assert.deepEqual([0.25, 0.75].map((x) => usdTick(x, 0.25)), ["$0.25", "$0.75"]);
  assert.deepEqual([0, 500, 1000].map((x) => usdTick(x, 500)), ["$0", "$500", "$1,000"]);
});

test("Of two moments both name their day when one has to", () => {
  const now = new Date("2026-11-24T12:00:00Z");
  const between = (from, to) => span(new Date(from), new Date(to), now, "UTC");
  assert.equal(between("2026-11-24T03:00:00Z", "2026-11-24T09:30:00Z"), "03:00 to 09:30");
  assert.equal(between("2026-11-22T00:00:00Z", "2026-11-24T00:00:00Z"), "22 Nov, 00:00 to 24 Nov, 00:00");
});

test("The count that checks itself says what is missing", () => {
  const none = { sessions: 0, agree: 0, auxiliary: 0, eventsIncomplete: 0, metricsIncomplete: 0, metricsOnly: 0, eventsOnly: 0, open: 0, missingEvents: 0, unnamedGroups: 0, unnamedAgree: 0 };
  const line = (checks, costUsd = 0) => checksLine({ checks: { ...none, ...checks }, auxiliary: { costUsd }, noRequestDetail: { costUsd: 0.5 } });
  assert.equal(line({}), "");
  assert.equal(line({ sessions: 1, agree: 1 }), "Events and metrics agree for the session.");
  assert.equal(line({ sessions: 42, agree: 42 }), "Events and metrics agree for all 42 sessions.");
  assert.equal(line({ sessions: 42, agree: 41, metricsIncomplete: 1 }), "Events and metrics agree for 41 of 42 sessions; 1 lost metrics.");
  assert.equal(line({ sessions: 2, agree: 1, auxiliary: 1 }, 0.03), "Events and metrics agree for 1 of 2 sessions; 1 has auxiliary requests without detail ($0.0300 in this range).");
  assert.equal(line({ sessions: 3, agree: 1, eventsIncomplete: 1, open: 1, missingEvents: 12 }),
    "Events and metrics agree for 1 of 2 sessions; 1 lost events ($0.50 without request detail in this range); 12 events are missing; 1 session is still under way.");
  assert.equal(line({ sessions: 2, eventsOnly: 2 }), "No metrics arrived of 2 sessions.");
  assert.equal(line({ sessions: 3, agree: 2, metricsOnly: 1 }), "Events and metrics agree for all 2 sessions; no events arrived of 1 session.");
  assert.equal(line({ missingEvents: 1 }), "1 event is missing.");
  assert.equal(line({ unnamedGroups: 1, unnamedAgree: 1 }), "1 group without session ids agrees.");
  assert.equal(line({ sessions: 1, agree: 1, unnamedGroups: 3, unnamedAgree: 1 }), "Events and metrics agree for the session; of 3 groups without session ids 1 agrees.");
});

test("Milliseconds turn into larger units", () => cases(ms,
  [null, "–"], [0, "0 ms"], [999, "999 ms"], [1000, "1.0 s"], [59_949, "59.9 s"], [59_950, "1 min"], [90_000, "1 min 30 s"]));

test("A duration has its two largest units", () => cases(seconds,
  [0, "0 s"], [59.4, "59 s"], [59.6, "1 min"], [61, "1 min 1 s"], [3600, "1 h"], [5400, "1 h 30 min"], [86_400, "1 d"], [90_000, "1 d 1 h"]));

test("How long ago is told in steps that do not flicker", () => cases(ago,
  [-3_000, "just now"], [4_999, "just now"], [9_999, "5 s ago"], [59_999, "55 s ago"], [119_000, "1 min ago"], [3_600_000, "1 h ago"], [90_000_000, "1 d 1 h ago"]));

test("A moment names its day when it is another one", () => {
  const now = new Date("2026-11-24T12:00:00Z");
  const at = (text, zone = "UTC") => moment(new Date(text), now, zone);
  assert.equal(at("2026-11-24T04:08:00Z"), "04:08");
  assert.equal(at("2026-11-23T04:08:00Z"), "23 Nov, 04:08");
  assert.equal(at("2025-11-23T04:08:00Z"), "23 Nov 2025, 04:08");
  assert.equal(at("2026-11-23T23:30:00Z", "Europe/Berlin"), "00:30");
});

test("For reading, every digit while they are few and then the three that matter", () => {
  for (const [n, text] of [[0, "0"], [99_999, "99,999"], [100_000, "100 k"], [123_456, "123 k"], [999_499, "999 k"], [999_999, "1.00 M"], [1_234_567, "1.23 M"], [12_345_678_901, "12.3 B"], [-2_500_000, "-2.50 M"], [9.9e17, "990 e15"]]) {
    assert.equal(reading(n), text);
  }
});

test("A share is never a false nothing and never a false all", () => {
  for (const [share, text] of [[0, "0 %"], [1, "100 %"], [0.0004, "< 0.1 %"], [0.9999, "> 99.9 %"], [0.052, "5.2 %"], [0.5, "50 %"], [0.996, "99.6 %"], [null, "–"]]) assert.equal(percent(share), text);
});

test("Bytes are in the unit that leaves few digits", () => {
  for (const [n, text] of [[0, "0 B"], [999, "999 B"], [1_000, "1.0 kB"], [12_345_678, "12.3 MB"], [5_000_000_000, "5.0 GB"], [123_000_000, "123 MB"], [null, "–"]]) assert.equal(bytes(n), text);
});

test("Only what never came makes the honest line a warning", () => {
  const checks = { metricsIncomplete: 0, eventsIncomplete: 0, missingEvents: 0, metricsOnly: 3, auxiliary: 2 };
  assert.equal(isIncomplete(checks), false);
  for (const key of ["metricsIncomplete", "eventsIncomplete", "missingEvents"]) assert.equal(isIncomplete({ ...checks, [key]: 1 }), true);
});

test("Large amounts are shortened as other numbers are", () => {
  assert.equal(usd(99_999.994), "$99,999.99");
  assert.equal(usd(123_456.7), `$${reading(123_457)}`);
  assert.equal(usd(-1_234_567), `−$${reading(1_234_567)}`);
});
