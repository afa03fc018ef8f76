import { test } from "node:test";
import assert from "node:assert/strict";
import { DEFAULT, RANGES, custom, looking, narrowing, queryOf, read, scopeOf, slides, write, zoomed } from "../../src/OtelLite/Dashboard/web/address.js";

const view = (hash) => read(hash);

test("An address without a range means since the scrape", () => {
  assert.equal(scopeOf(view("")), DEFAULT);
  assert.equal(scopeOf(view("#")), DEFAULT);
  assert.equal(write(view("#")), "#");
});

test("Every range comes back from its address", () => {
  for (const { query } of [...RANGES, { query: "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z" }]) {
    const hash = write({ ...view("#"), range: query });
    assert.equal(scopeOf(view(hash)), query, hash);
    assert.equal(write(view(hash)), hash);
  }
});

test("A whole view comes back from its address: range, filters, figure, split, group, order, search and page", () => {
  const hash = "#range=7d&model=claude-opus-4-8&project=owner/name&figure=tokens&by=resource.host.arch&only=arm64&total=1&sort=cost&order=asc&page=3&text=a%20b&cost=1.5&active=1";
  const v = view(hash);
  assert.equal(scopeOf(v), "range=7d&model=claude-opus-4-8&project=owner/name");
  assert.deepEqual(v.look, { figure: "tokens", by: "resource.host.arch", only: "arm64", total: "1", sort: "cost", order: "asc", page: "3", text: "a b", cost: "1.5", active: "1" });
  assert.equal(write(v), hash);
});

test("A session's address shows its whole life, unless it names a range", () => {
  assert.equal(scopeOf(view("#session=a%26b")), "session=a%26b");
  assert.equal(scopeOf(view("#session=x&range=1h")), "range=1h&session=x");
  assert.equal(write(view("#session=x&range=1h")), "#session=x&range=1h");
});

test("What an address says that is not known is asked for, so that the server can say what is wrong with it", () => {
  assert.equal(scopeOf(view("#range=1h&colour=red")), "range=1h&colour=red");
});

test("A new order, search or filter begins at the first page, and a new split shows all groups", () => {
  const third = view("#all&page=3&only=x");
  assert.equal(looking(third, { sort: "cost" }).look.page, "1");
  assert.equal(looking(third, { cost: "2" }).look.page, "1");
  assert.equal(narrowing(third, "model", "m").look.page, "1");
  assert.equal(looking(third, { only: "y" }).look.page, "3");
  assert.equal(looking(third, { by: "model" }).look.only, "");
});

test("A word that every object knows is no figure and no look of its own", () => {
  for (const word of ["constructor", "__proto__", "toString"]) {
    assert.equal(view(`#figure=${word}`).look.figure, word);
    assert.equal(scopeOf(view(`#all&${word}=x`)), `${word}=x`);
  }
});

test("A filter is one value, and is taken away by none", () => {
  const one = narrowing(view("#all"), "model", "a");
  assert.equal(scopeOf(one), "model=a");
  assert.equal(scopeOf(narrowing(one, "model", "b")), "model=b");
  assert.equal(scopeOf(narrowing(one, "model", null)), "");
});

test("A range that was typed is asked for in UTC, and may be open at its end", () => {
  const from = new Date(2026, 0, 31, 9, 30);
  assert.equal(custom("2026-01-31T09:30", ""), `from=${from.toISOString().replace(".000Z", "Z")}`);
  assert.match(custom("2026-01-31T09:30", "2026-01-31T10:30"), /^from=[^&]+Z&to=[^&]+Z$/);
});

test("Only ranges that end now slide", () => {
  assert.ok(slides("range=24h"));
  assert.ok(slides(DEFAULT));
  assert.ok(slides(""));
  assert.ok(slides("from=2026-01-01T00:00:00Z"));
  assert.ok(!slides("from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"));
});

test("Moving in time keeps the length, ends now at the latest, and never shows less than a minute", () => {
  assert.deepEqual(zoomed([1000, 2000], 1, -0.5, 5000), [500, 1500]);
  assert.deepEqual(zoomed([1000, 2000], 1, 0.5, 1800), [800, 1800]);
  assert.deepEqual(zoomed([1000, 2000], 2, 0, 5000), [500, 2500]);
  assert.deepEqual(zoomed([1000, 1010], 0.5, 0, 5000), [975, 1035]);
  const [from, to] = zoomed([0, 3e8], 2, 0, 3e8);
  assert.equal(to - from, 10 * 366 * 86_400);
});

test("what is asked for before the page is read is what the default view asks", async () => {
  const { readFile } = await import("node:fs/promises");
  const asked = queryOf(scopeOf(read("")), "");
  const first = await readFile(new URL("../../src/OtelLite/Dashboard/web/index.html", import.meta.url), "utf8");
  assert.ok(first.includes(`query: "${asked}"`) && first.includes(`"/api/summary?${asked}"`), asked);
});
