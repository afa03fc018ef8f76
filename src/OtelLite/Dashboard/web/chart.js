// Time series with uPlot: steps, because a bucket's figure is of its whole length and nothing is known between.
import { h } from "./dom.js";
import { moment } from "./format.js";

const DAY = 86_400;
const MINUTE = 60;

/** What counts whole has no half steps on its axis: 1, 2, 5, 10, 20, 50, ... */
export const WHOLE_STEPS = Array.from({ length: 15 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** i)).flat();

/** The colour that a custom property has now: light-dark() is computed only where it is used as a colour. */
function resolve(name) {
  const probe = h("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

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

/** One chart in one element: columns in, a picture out. */
export class Chart {
  /**
   * @param {HTMLElement} host
   * @param {{label: string, colour: string}[]} series the colour is the name of a custom property
   * @param {{axis: (n: number, step: number) => string, value: (n: number) => string, steps?: number[], sync?: string}} options
   */
  constructor(host, series, options) {
    this.host = host;
    this.series = series;
    this.options = options;
    this.span = [0, 1];
    this.top = 1;
    this.data = null;
    this.plot = null;
    this.nothing = h("p", { class: "nothing" }, "Nothing in this range");
    this.tip = h("div", { class: "tip", hidden: true });
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** @param {number[]} times Unix seconds @param {number[][]} columns one per series @param {[number, number]} span of the time axis */
  set(times, columns, span) {
    this.span = span[1] > span[0] ? span : [span[0], span[0] + 1];
    const first = this.data === null;
    this.data = [times, ...columns];
    // uPlot's own maximum leaves out the step that begins before the range and reaches into it.
    this.top = Math.max(...columns.flat()) * 1.08 || 1;
    if (first) this.draw();
    else this.plot.setData(this.data);
    const isEmpty = columns.every((column) => column.every((n) => n === 0));
    if (isEmpty) this.host.append(this.nothing);
    else this.nothing.remove();
  }

  size() {
    return { width: Math.max(80, this.host.clientWidth), height: this.host.clientHeight };
  }

  draw() {
    if (this.data === null) return;
    this.plot?.destroy();
    const [text, line] = [resolve("--muted"), resolve("--line")];
    const axis = { stroke: text, font: "11px system-ui, sans-serif", grid: { stroke: line, width: 1 }, ticks: { show: false } };
    this.plot = new uPlot({
      ...this.size(),
      legend: { show: false },
      padding: [8, 16, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, sync: this.options.sync ? { key: this.options.sync } : undefined },
      scales: {
        x: { time: true, range: () => this.span },
        y: { range: () => [0, this.top] },
      },
      axes: [
        { ...axis, size: 26, space: 64, values: timeLabels, grid: { show: false } },
        { ...axis, size: 54, space: 34, ...(this.options.steps && { incrs: this.options.steps }), values: (_, splits) => splits.map((n) => this.options.axis(n, splits[1] - splits[0])) },
      ],
      series: [{}, ...this.series.map((s) => this.style(resolve(s.colour)))],
      hooks: { setCursor: [(plot) => this.point(plot)] },
    }, this.data, this.host);
    this.plot.over.append(this.tip);
  }

  style(stroke) {
    return {
      stroke,
      width: 1.75,
      fill: stroke.replace("rgb(", "rgba(").replace(")", ", .14)"),
      paths: uPlot.paths.stepped({ align: 1 }),
      points: { show: false },
    };
  }

  point(plot) {
    const { idx, left } = plot.cursor;
    this.tip.hidden = idx === null || idx === undefined || left < 0;
    if (this.tip.hidden) return;
    const rows = this.series.map((s, i) => h("span", {}, s.label, h("em", {}, this.options.value(this.data[i + 1][idx]))));
    this.tip.replaceChildren(h("b", {}, moment(new Date(this.data[0][idx] * 1000))), ...rows);
    const right = left > plot.over.clientWidth / 2;
    this.tip.style.left = right ? "" : `${left + 12}px`;
    this.tip.style.right = right ? `${plot.over.clientWidth - left + 12}px` : "";
    this.tip.style.top = "4px";
  }
}
