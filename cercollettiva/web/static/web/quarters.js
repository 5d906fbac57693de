// The quarter-hours of a period, up to a year: one can drag or press a button to look closer. A gap stays a gap.
//
// Hooks: [data-quarters="<address of the JSON>"] with words in its data; in it .quarters-chart, [data-quarters-readout] and
// buttons [data-zoom="in|out|left|right"]. The JSON is {"start", "step" (s), "exchange", "produced" ([W or null])}. It is
// fetched when the chart comes into sight.

import * as formats from "./formats.js";
import uPlot from "./vendor/uplot/uplot.js";

const RETRY = 30_000;
const stepped = uPlot.paths.stepped({ align: 1 });
const linear = uPlot.paths.linear();

// Steps only where one could see them: with several points on a pixel a line says the same, many times faster.
function paths(plot, series, from, to) {
  return (to - from > plot.bbox.width / 2 ? linear : stepped)(plot, series, from, to);
}

export function draw(element, { start, step, exchange, produced }) {
  const chart = element.querySelector(".quarters-chart");
  const readout = element.querySelector("[data-quarters-readout]");
  const count = Math.max(exchange.length, produced.length);
  const x = new Float64Array(count);
  for (let i = 0; i < count; i++) x[i] = start + i * step;
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--cer-${name}`).trim();
  const lines = [
    { data: exchange, meaning: "grid" },
    { data: produced, meaning: "production" },
  ].filter(({ data }) => data.length);

  function values(_plot, splits) {
    const most = Math.max(...splits.map(Math.abs));
    return splits.map((watts) => formats.power(watts, { unit: most >= 1000 ? "kW" : "W" }).replace(/,00(?=\D)/, ""));
  }

  function say({ cursor }) {
    const { idx } = cursor;
    if (idx === null || idx === undefined || !readout) return;
    const at = x[idx] * 1000;
    const said = [];
    if (exchange.length) {
      const watts = exchange[idx];
      const { drawn, injected, missing } = element.dataset;
      said.push(watts === null ? missing : `${watts < 0 ? injected : drawn} ${formats.power(Math.abs(watts))}`);
    }
    if (produced.length && produced[idx] !== null) said.push(`${element.dataset.produced} ${formats.power(produced[idx])}`);
    readout.textContent = `${formats.date(at, "day")}, ${formats.interval(at, at + step * 1000)}: ${said.join(", ")}`;
  }

  const axis = { stroke: () => colour("ink-3"), font: `13px ${colour("font")}`, ticks: { show: false } };
  const plot = new uPlot(
    {
      width: chart.clientWidth,
      height: chart.clientHeight,
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false }, points: { show: false } },
      axes: [
        { ...axis, grid: { show: false }, space: 60, values: (_plot, splits, _axis, _space, incr) => splits.map((at) => tick(at, incr)) },
        { ...axis, grid: { stroke: () => colour("rule"), width: 1 }, size: 62, values },
      ],
      series: [
        {},
        ...lines.map(({ meaning }) => ({ stroke: () => colour(meaning), width: 1.5, points: { show: false }, paths, spanGaps: false })),
      ],
      hooks: { setCursor: [say], draw: [() => performance.mark("quarters-drawn")] },
    },
    [x, ...lines.map(({ data }) => data)],
    chart,
  );

  const repaint = () => plot.redraw(false);
  new ResizeObserver(() => plot.setSize({ width: chart.clientWidth, height: chart.clientHeight })).observe(chart);
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  for (const button of element.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom(plot, x, button.dataset.zoom));
  }
  return plot;
}

function tick(at, incr) {
  if (incr < 86_400) {
    const clock = formats.time(at * 1000).slice(0, 5);
    if (clock !== "00:00") return clock;
  }
  const [, day, month] = formats.date(at * 1000, "day").split(" ");
  return incr >= 86_400 * 27 ? month.slice(0, 3) : `${day} ${month.slice(0, 3)}`;
}

function zoom(plot, x, how) {
  const [first, last] = [x[0], x.at(-1)];
  const { min, max } = plot.scales.x;
  const width = max - min;
  const ranges = {
    in: [min + width / 4, max - width / 4],
    out: [first, last],
    left: [Math.max(first, min - width / 2), Math.max(first, min - width / 2) + width],
    right: [Math.min(last, max + width / 2) - width, Math.min(last, max + width / 2)],
  };
  const [from, to] = ranges[how];
  plot.setScale("x", { min: from, max: to });
}

async function load(element) {
  const readout = element.querySelector("[data-quarters-readout]");
  try {
    const answer = await fetch(element.dataset.quarters, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const data = await answer.json();
    if (!data.exchange.length && !data.produced.length) {
      readout.textContent = element.dataset.missing;
      return;
    }
    readout.textContent = "";
    performance.mark("quarters-known"); // the two marks are for whoever measures
    draw(element, data);
    element.querySelector(".btns").hidden = false;
    element.querySelector("[data-when-produced]").hidden = !data.produced.length;
  } catch {
    readout.textContent = element.dataset.failed;
    setTimeout(() => load(element), RETRY);
  }
}

for (const element of document.querySelectorAll("[data-quarters]")) {
  const sight = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return;
    sight.disconnect();
    load(element);
  }, { rootMargin: "200px" });
  sight.observe(element);
}
