import { test } from "node:test";
import assert from "node:assert/strict";
import { csv, flat } from "../../src/OtelLite/Dashboard/web/tables.js";

test("A record within a record becomes columns of its own, and a list one text", () => {
  assert.deepEqual(flat({ id: "a", tokens: { input: 1, output: 2 }, models: ["x", "y"], bySource: [{ source: "main", n: 2 }], none: null }),
    { id: "a", "tokens.input": 1, "tokens.output": 2, models: "x; y", bySource: "main 2", none: null });
});

test("CSV has every column that some record has, and quotes what RFC 4180 wants quoted", () => {
  assert.equal(csv([{ a: 1, b: 'say "hi", twice' }, { a: null, c: "two\nlines" }]), 'a,b,c\r\n1,"say ""hi"", twice",\r\n,,"two\nlines"\r\n');
});

test("What is an object in one record and nothing in another has no column of its own", () => {
  assert.equal(csv([{ a: null, b: 1 }, { a: { x: 2 }, b: 3 }]), "b,a.x\r\n1,\r\n3,2\r\n");
});

test("A text that a spreadsheet would run as a formula is a text, and a number stays one", () => {
  for (const text of ["=1+1", "+1", "-1", "@A1", "\tx", "＝1+1", "＠A1"]) assert.equal(csv([{ a: text }]), `a\r\n'${text}\r\n`);
  assert.equal(csv([{ a: "\rx" }]), 'a\r\n"\'\rx"\r\n');
  assert.equal(csv([{ a: "\n=1" }]), 'a\r\n"\'\n=1"\r\n');
  assert.equal(csv([{ a: -1 }]), "a\r\n-1\r\n");
});
