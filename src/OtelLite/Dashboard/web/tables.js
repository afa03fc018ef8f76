// From records to CSV and JSON: what a table or chart shows, for a spreadsheet or a script. Pure but for the saving.
import { h } from "./dom.js";

/** One record flat: { tokens: { input: 1 } } becomes { "tokens.input": 1 }; a list is one text. */
export function flat(record, prefix = "") {
  return Object.entries(record).reduce((all, [key, value]) => {
    const name = prefix + key;
    if (Array.isArray(value)) return { ...all, [name]: value.map((v) => (typeof v === "object" ? Object.values(v).join(" ") : v)).join("; ") };
    return value !== null && typeof value === "object" ? { ...all, ...flat(value, `${name}.`) } : { ...all, [name]: value };
  }, {});
}

/** RFC 4180. A text that a spreadsheet would take for a formula is quoted for it: names come from telemetry, which anyone may send. */
export function csv(records) {
  const rows = records.map((r) => flat(r));
  const all = [...new Set(rows.flatMap((r) => Object.keys(r)))];
  // What is an object in one record and null in another has no column of its own.
  const columns = all.filter((name) => !all.some((other) => other.startsWith(`${name}.`)));
  const line = (values) => values.map(cell).join(",");
  return [line(columns), ...rows.map((r) => line(columns.map((c) => r[c])))].join("\r\n") + "\r\n";
}

function cell(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The two buttons that every table and chart has.
 * @param {string} what of what, for the file's name and for screen readers
 * @param {() => object[]|null} records what is shown now; null while there is nothing yet
 */
export function exportButtons(what, records) {
  const button = (label, type, text) => h("button", {
    type: "button", class: "quiet", "aria-label": `${what} as ${label}`, title: `Save what is shown as ${label}`,
    onclick: () => {
      const shown = records();
      if (shown !== null) save(`otellite-${what.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.${label.toLowerCase()}`, type, text(shown));
    },
  }, label);
  return h("span", { class: "exports" },
    button("CSV", "text/csv", csv), button("JSON", "application/json", (shown) => JSON.stringify(shown, null, 2)));
}

function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
