import { test } from "node:test";
import assert from "node:assert/strict";
import { DEFAULT, RANGES, custom, fromHash, slides, toHash } from "../../src/OtelLite/Dashboard/web/scope.js";

test("An address without a range means since the scrape", () => {
  assert.equal(fromHash(""), DEFAULT);
  assert.equal(fromHash("#"), DEFAULT);
});

test("Every range comes back from its address", () => {
  for (const { query } of [...RANGES, { query: "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z" }]) {
    assert.equal(fromHash(toHash(query)), query);
  }
});

test("A range that was typed is asked for in UTC, and may be open at its end", () => {
  const from = new Date(2026, 0, 31, 9, 30);
  assert.equal(custom("2026-01-31T09:30", ""), `from=${from.toISOString().replace(".000Z", "Z")}`);
  assert.match(custom("2026-01-31T09:30", "2026-01-31T10:30"), /^from=[^&]+Z&to=[^&]+Z$/);
});

test("Only ranges that end now slide", () => {
  assert.ok(slides("range=24h"));
  assert.ok(slides(DEFAULT));
  assert.ok(!slides(""));
  assert.ok(!slides("from=2026-01-01T00:00:00Z"));
});
