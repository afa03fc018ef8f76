// From numbers to what people read. Pure: no page, no clock of its own. tests/web holds every case.

const grouped = new Intl.NumberFormat("en-US");
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** Every digit: a figure that can be trusted is not rounded. */
export const count = (n) => grouped.format(n);

/** Tokens of all kinds. */
export const sumOf = (tokens) => tokens.input + tokens.output + tokens.cacheRead + tokens.cacheCreation;

const READING_FROM = 100_000; // below it every digit is as quick to read

/** For reading: every digit while they are few, then three that matter, 1.23 M; the exact number stands beside it, on hover. */
export function reading(n) {
  if (Math.abs(n) < READING_FROM) return grouped.format(n);
  // Rounded first: 999,999 is a million then, and not a thousand thousands.
  const [digits, exponent] = n.toExponential(2).split("e").map(Number);
  const power = Math.floor(exponent / 3);
  return `${(digits * 10 ** (exponent - 3 * power)).toPrecision(3)} ${"kMBT"[power - 1] ?? `e${3 * power}`}`;
}

/** A share of one, in percent; never a false 0 or 100. */
export function percent(share) {
  if (share === null || share === undefined) return "–";
  const whole = share * 100;
  const digits = whole === 0 || whole === 100 || (whole >= 10 && whole < 99.5) ? 0 : 1;
  const text = whole.toFixed(digits);
  return (text === "0.0" ? "< 0.1" : text === "100.0" ? "> 99.9" : text) + " %";
}

/** Bytes in the unit that leaves at most four digits. */
export function bytes(n) {
  if (n === null || n === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, n < 1000 ? 0 : Math.floor(Math.log10(n) / 3));
  const size = n / 1000 ** power;
  return `${power === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[power]}`;
}

/** For axes, where there is no room: 1.2 k, 3 M. */
export const compact = (n) => short.format(n).replace(/[KMBT]$/, (unit) => ` ${unit === "K" ? "k" : unit}`);

/** Dollars: cents from ten cents on, four decimals below (a small request costs a fraction of a cent), and never a false $0.00. From a hundred thousand on as other numbers. */
export function usd(x) {
  const size = Math.abs(x);
  if (size >= 100_000) return (x < 0 ? "−$" : "$") + reading(Math.round(size));
  const digits = size === 0 || size >= 0.1 ? 2 : size >= 0.0001 ? 4 : 7;
  return (x < 0 ? "−$" : "$") + size.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** For the axis of dollars: as many decimals as the steps between two neighbours have. */
export function usdTick(x, step) {
  let digits = 0;
  while (digits < 9 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6) digits++;
  return "$" + x.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A duration in milliseconds, to about three digits. */
export function ms(x) {
  if (x === null || x === undefined) return "–";
  if (x < 1000) return `${Math.round(x)} ms`;
  return x < 59_950 ? `${(x / 1000).toFixed(1)} s` : seconds(x / 1000);
}

/** A duration in seconds, in its two largest units. */
export function seconds(x) {
  const s = Math.round(x);
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return s % 60 === 0 ? `${minutes} min` : `${minutes} min ${s % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** How long ago, from a difference in milliseconds; a client's clock may be a little ahead. */
export function ago(difference) {
  if (difference < 5_000) return "just now";
  return `${seconds(difference < 60_000 ? Math.floor(difference / 5_000) * 5 : difference >= 3_600_000 ? difference / 1000 : Math.floor(difference / 60_000) * 60)} ago`;
}

/** A moment as the reader's clock shows it, with the day when it is another one or when the day is asked for. */
export function moment(time, now = new Date(), timeZone = undefined, withDay = false) {
  const day = (t) => t.toLocaleDateString("en-CA", { timeZone });
  const clock = time.toLocaleTimeString("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  if (day(time) === day(now) && !withDay) return clock;
  const year = day(time).slice(0, 4) === day(now).slice(0, 4) ? undefined : "numeric";
  return `${time.toLocaleDateString("en-GB", { timeZone, day: "numeric", month: "short", year })}, ${clock}`;
}

/** Two moments: if one of them needs its day, both show it. */
export function span(from, to, now = new Date(), timeZone = undefined) {
  const withDay = [from, to].some((time) => moment(time, now, timeZone).includes(","));
  return `${moment(from, now, timeZone, withDay)} to ${moment(to, now, timeZone, withDay)}`;
}

/** A bucket of a chart, from and to in Unix seconds: its day, or its hours. */
export function bucketName(from, to, now = new Date(), timeZone = undefined) {
  const [start, end] = [new Date(from * 1000), new Date(to * 1000)];
  const days = (to - from) / 86_400;
  if (days >= 0.95) {
    const day = (t) => t.toLocaleDateString("en-GB", { timeZone, weekday: "short", day: "numeric", month: "short" });
    return days < 1.5 ? day(start) : `${day(start)} to ${day(new Date(end - 1))}`;
  }

  const clock = (t) => t.toLocaleTimeString("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", second: to - from < 60 && to > from ? "2-digit" : undefined });
  const first = moment(start, now, timeZone);
  return to === from ? first : `${first.includes(",") ? `${first.split(", ")[0]}, ` : ""}${clock(start)} to ${clock(end)}`;
}

const many = (n, one, more) => `${count(n)} ${n === 1 ? one : more}`;

/** Whether something that was sent never came, or has no price: then the figures say so on top of every page. */
export const isIncomplete = (checks) => checks.metricsIncomplete > 0 || checks.eventsIncomplete > 0 || checks.missingEvents > 0 || checks.unknownCosts > 0;

/** The count that checks itself, in one honest line; empty when there is nothing to tell. */
export function checksLine({ checks, auxiliary, noRequestDetail }) {
  const both = checks.sessions - checks.metricsOnly - checks.eventsOnly - checks.open;
  const parts = [];
  if (both > 0) parts.push(checks.agree === both
    ? `Events and metrics agree for ${both === 1 ? "the session" : `all ${count(both)} sessions`}`
    : `Events and metrics agree for ${count(checks.agree)} of ${many(both, "session", "sessions")}`);
  if (checks.auxiliary > 0) parts.push(`${many(checks.auxiliary, "has", "have")} auxiliary requests without detail (${usd(auxiliary.costUsd)} in this range)`);
  if (checks.metricsIncomplete > 0) parts.push(`${count(checks.metricsIncomplete)} lost metrics`);
  if (checks.eventsIncomplete > 0) parts.push(`${count(checks.eventsIncomplete)} lost events (${usd(noRequestDetail.costUsd)} without request detail in this range)`);
  if (checks.missingEvents > 0) parts.push(`${many(checks.missingEvents, "event is", "events are")} missing`);
  if (checks.metricsOnly > 0) parts.push(`no events arrived of ${many(checks.metricsOnly, "session", "sessions")}`);
  if (checks.eventsOnly > 0) parts.push(`no metrics arrived of ${many(checks.eventsOnly, "session", "sessions")}`);
  if (checks.open > 0) parts.push(`${many(checks.open, "session is", "sessions are")} still under way`);
  if (checks.unknownCosts > 0) parts.push(`${many(checks.unknownCosts, "imported request is", "imported requests are")} counted at no cost, for nothing tells the price`);
  if (checks.unnamedGroups > 0) parts.push(checks.unnamedAgree === checks.unnamedGroups
    ? `${many(checks.unnamedGroups, "group", "groups")} without session ids ${checks.unnamedGroups === 1 ? "agrees" : "agree"}`
    : `of ${many(checks.unnamedGroups, "group", "groups")} without session ids ${checks.unnamedAgree === 1 ? "1 agrees" : `${count(checks.unnamedAgree)} agree`}`);
  const line = parts.join("; ");
  return line && `${line[0].toUpperCase()}${line.slice(1)}.`;
}

export const formats = { count: reading, usd, seconds };
