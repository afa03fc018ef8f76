// Groups over time, stacked, with uPlot: steps, because a bucket's figure is of its whole length and nothing is known between.
import { h } from "./dom.js";
import { bucketName } from "./format.js";

const DAY = 86_400;
const MINUTE = 60;
const TINT = 0.72; // how much of a group's colour its area has; the rest is the panel's

/** What counts whole has no half steps on its axis: 1, 2, 5, 10, 20, 50, ... */
export const WHOLE_STEPS = Array.from({ length: 15 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** i)).flat();

// In seconds: nothing is told apart by less.
const TIME_STEPS = [1, 5, 10, 15, 30, ...[1, 5, 10, 15, 30].map((n) => n * MINUTE), ...[1, 2, 3, 4, 6, 8, 12].map((n) => n * 60 * MINUTE), ...[1, 2, 3, 5, 7, 14, 30, 61, 91, 183, 365].map((n) => n * DAY)];

/** The colour that a custom property has now, as its three parts: light-dark() is computed only where it is used as a colour. */
function resolve(name) {
  const probe = h("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color.match(/[\d.]+/g).slice(0, 3).map(Number);
}

const rgb = (parts) => `rgb(${parts.map(Math.round).join(", ")})`;

const mix = (a, b, share) => a.map((part, i) => part * share + b[i] * (1 - share));

function timeLabels(_, splits) {
  return splits.map((t, i) => {
    const time = new Date(t * 1000);
    const midnight = time.getHours() === 0 && time.getMinutes() === 0;
    const sparse = splits.length > 1 && splits[1] - splits[0] >= DAY;
    return sparse || (midnight && i > 0)
      ? time.toLocaleDateString("en-GB", { day: "numeric", month: "short" })
      : time.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: splits[1] - splits[0] < MINUTE ? "2-digit" : undefined });
  });
}

/**
 * Columns as they are drawn: each group on top of those before it. As a running total a bucket's figure is known at its end, and the line starts
 * from nothing.
 * @param {{times: number[], columns: number[][], end: number, total: boolean}} data end: where the last bucket ends
 */
export function stacked({ times, columns, end, total }) {
  const below = times.map(() => 0);
  const layers = columns.map((column) => column.map((n, i) => (below[i] += n)));
  return [[...times, end], ...layers.map((layer) => {
    if (!total) return [...layer, layer.at(-1) ?? 0]; // the last step is drawn to its end
    let sum = 0;
    return [0, ...layer.map((n) => (sum += n))];
  })];
}

/** One chart in one element: groups in, a picture out. */
export class Chart {
  /**
   * @param {HTMLElement} host
   * @param {(from: number, to: number) => void} onZoom a span that was dragged over, in Unix seconds
   */
  constructor(host, onZoom) {
    this.host = host;
    this.onZoom = onZoom;
    this.span = [0, 1];
    this.top = 1;
    this.shown = null;
    this.isLate = false;
    this.data = null;
    this.plot = null;
    this.nothing = h("p", { class: "nothing" }, "Nothing in this range");
    this.tip = h("div", { class: "tip", hidden: true });
    this.isDragging = false;
    host.addEventListener("mousedown", () => { this.isDragging = true; });
    addEventListener("mouseup", () => setTimeout(() => this.dropped()));
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /**
   * @param {{times: number[], end: number, total: boolean, groups: {name: string, colour: string, values: number[]}[], span: [number, number],
   *   figure: string, axis: (n: number, step: number) => string, value: (n: number) => string, whole: boolean}} shown times in Unix seconds, ascending
   */
  set(shown) {
    const before = this.shown;
    const look = (s) => JSON.stringify([s.groups.map((g) => [g.name, g.colour]), s.total, s.figure]);
    this.shown = shown;
    this.span = shown.span[1] > shown.span[0] ? shown.span : [shown.span[0], shown.span[0] + 1];
    const [times, ...layers] = stacked({ times: shown.times, columns: shown.groups.map((g) => g.values), end: shown.end, total: shown.total });
    // The highest is drawn first, so that each lower one covers its part of it.
    this.data = [times, ...layers.toReversed()];
    // uPlot's own maximum leaves out the step that begins before the range and reaches into it.
    this.top = Math.max(0, ...(layers.at(-1) ?? [])) * 1.08 || 1;
    if (before === null || (look(before) !== look(shown) && !this.isDragging)) this.draw();
    else if (look(before) === look(shown)) this.plot.setData(this.data);
    else this.isLate = true;
    const isEmpty = shown.groups.every((g) => g.values.every((n) => n === 0));
    if (isEmpty) this.host.append(this.nothing);
    else this.nothing.remove();
  }

  /** What came while a span was dragged is drawn then: a new picture under the hand would lose where it began. */
  dropped() {
    this.isDragging = false;
    if (this.isLate) this.draw();
  }

  size() {
    return { width: Math.max(80, this.host.clientWidth), height: this.host.clientHeight };
  }

  draw() {
    if (this.data === null) return;
    this.isLate = false;
    const { left, top } = this.plot?.cursor ?? { left: -1, top: -1 };
    this.plot?.destroy();
    const [text, line, panel] = ["--muted", "--line", "--panel"].map(resolve);
    const axis = { stroke: rgb(text), font: "11px system-ui, sans-serif", grid: { stroke: rgb(line), width: 1 }, ticks: { show: false } };
    const { axis: label, whole } = this.shown;
    this.plot = new uPlot({
      ...this.size(),
      legend: { show: false },
      padding: [8, 16, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      select: { show: true },
      scales: {
        x: { time: true, range: () => this.span },
        y: { range: () => [0, this.top] },
      },
      axes: [
        { ...axis, size: 26, space: 64, incrs: TIME_STEPS, values: timeLabels, grid: { show: false } },
        { ...axis, size: (_, values) => Math.max(54, 7 * Math.max(0, ...(values ?? []).map((v) => v.length)) + 12), space: 34, ...(whole && { incrs: WHOLE_STEPS }), values: (_, splits) => splits.map((n) => label(n, splits[1] - splits[0])) },
      ],
      series: [{}, ...this.shown.groups.toReversed().map((g) => this.style(resolve(g.colour), panel))],
      hooks: { setCursor: [(plot) => this.point(plot)], setSelect: [(plot) => this.zoom(plot)] },
    }, this.data, this.host);
    this.plot.over.append(this.tip);
    if (left >= 0) this.plot.setCursor({ left, top });
  }

  style(stroke, panel) {
    return {
      stroke: rgb(stroke),
      width: 1,
      fill: rgb(mix(stroke, panel, TINT)),
      paths: uPlot.paths.stepped({ align: 1 }),
      points: { show: false },
    };
  }

  zoom(plot) {
    const { left, width } = plot.select;
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    if (width > 4) this.onZoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
  }

  point(plot) {
    const { idx, left } = plot.cursor;
    this.tip.hidden = idx === null || idx === undefined || left < 0;
    if (this.tip.hidden) return;
    const { groups, times, end, total, value } = this.shown;
    const bucket = Math.min(total ? idx - 1 : idx, times.length - 1);
    // A tip names what is there, the highest area first as it stands in the picture.
    const of = (group) => (total ? group.values.slice(0, bucket + 1).reduce((a, b) => a + b, 0) : group.values[bucket] ?? 0);
    const rows = groups.map((g) => [g, of(g)]).filter(([, n]) => n > 0).toReversed();
    const sum = rows.reduce((all, [, n]) => all + n, 0);
    this.tip.replaceChildren(
      h("b", {}, bucket < 0 ? bucketName(times[0], times[0]) : total ? `until ${bucketName(times[bucket + 1] ?? end, times[bucket + 1] ?? end)}` : bucketName(times[bucket], times[bucket + 1] ?? end)),
      ...rows.map(([g, n]) => h("span", {}, swatch(g.colour), h("span", {}, g.name), h("em", {}, value(n)))),
      ...(rows.length === 1 ? [] : [h("span", { class: "sum" }, "together", h("em", {}, value(sum)))]));
    const right = left > plot.over.clientWidth / 2;
    this.tip.style.left = right ? "" : `${left + 12}px`;
    this.tip.style.right = right ? `${plot.over.clientWidth - left + 12}px` : "";
    this.tip.style.top = "4px";
  }
}

/** The square of a group's colour that stands beside its name. */
export function swatch(colour) {
  const square = h("i", { class: "swatch", "aria-hidden": "true" });
  square.style.background = `var(${colour})`;
  return square;
}
