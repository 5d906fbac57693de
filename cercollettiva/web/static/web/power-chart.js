// Power over the last hours: one step for each quarter-hour, and a gap stays a gap.
//
// Hooks: [data-chart="<id of a JSON script>"], data-meaning="production|grid" for the colour, data-missing and data-peak for
// two words; the [data-readout] after it says what is under the finger. The JSON is {"starts": [s], "ends": [s],
// "power_w": [W or null]}, oldest first. The table that follows the chart holds the same values for everyone.

import * as formats from "./formats.js";
import uPlot from "./vendor/uplot/uplot.js";

const HOUR = 3600;

function draw(element) {
  const { starts, ends, power_w: powers } = JSON.parse(document.getElementById(element.dataset.chart).textContent);
  const readout = element.parentElement.querySelector("[data-readout]");
  const known = powers.filter((power) => power !== null);
  const most = Math.max(0, ...known);
  const least = Math.min(0, ...known);
  const unit = Math.max(most, -least) >= 1000 ? "kW" : "W";
  const step = roundStep(Math.max(most - least, 100));
  const range = [least && least - (most - least) * 0.06, most ? most + (most - least) * 0.12 : 100];
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--cer-${name}`).trim();
  const font = () => `${Math.round(13 * devicePixelRatio)}px ${colour("font")}`;

  function backdrop(plot) {
    const { ctx, bbox } = plot;
    const x = (seconds) => plot.valToPos(seconds, "x", true);
    const foot = 4 * devicePixelRatio;
    const bottom = plot.valToPos(range[0], "y", true);
    ctx.save();
    powers.forEach((power, at) => {
      if (power !== null) return;
      const left = Math.round(x(starts[at]));
      const width = Math.round(x(ends[at])) - left;
      ctx.fillStyle = colour("alarm-soft");
      ctx.fillRect(left, bbox.top, width, bbox.height);
      ctx.fillStyle = colour("alarm");
      ctx.fillRect(left, bottom - foot, width, foot);
    });
    for (const level of levels()) {
      ctx.fillStyle = level === 0 ? colour("ink") : colour("rule");
      ctx.fillRect(bbox.left, Math.round(plot.valToPos(level, "y", true)), bbox.width, Math.ceil(devicePixelRatio));
    }
    ctx.restore();
  }

  function labels(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.font = font();
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    ctx.lineWidth = 3 * devicePixelRatio;
    ctx.strokeStyle = colour("paper");
    ctx.fillStyle = colour("ink-3");
    for (const level of levels()) {
      if (level === 0) continue;
      const text = formats.quantity(unit === "kW" ? level / 1000 : level, unit, unit === "kW" && step < 1000 ? 1 : 0);
      const y = plot.valToPos(level, "y", true) - 3 * devicePixelRatio;
      ctx.strokeText(text, bbox.left + 2 * devicePixelRatio, y); // a halo keeps it legible over the line
      ctx.fillText(text, bbox.left + 2 * devicePixelRatio, y);
    }
    ctx.restore();
  }

  function levels() {
    const found = [];
    for (let level = Math.ceil(range[0] / step) * step; level <= range[1]; level += step) found.push(level);
    return found;
  }

  function say(at) {
    if (!readout) return;
    const peak = at === null;
    if (peak) at = powers.indexOf(most || Math.max(...known));
    if (at < 0) {
      readout.textContent = "";
      return;
    }
    const power = powers[at] === null ? element.dataset.missing : formats.power(powers[at], { unit });
    const when = formats.interval(starts[at] * 1000, ends[at] * 1000);
    readout.textContent = peak ? `${element.dataset.peak} ${power}, ${when}` : `${when}: ${power}`;
  }

  const plot = new uPlot(
    {
      width: element.clientWidth,
      height: element.clientHeight,
      legend: { show: false },
      padding: [8, 0, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: false, range: [starts[0], ends.at(-1)] }, y: { range } },
      axes: [
        {
          stroke: () => colour("ink-3"),
          font: `13px ${colour("font")}`,
          size: 28,
          gap: 6,
          grid: { show: false },
          ticks: { stroke: () => colour("edge"), width: 1, size: 4 },
          splits: () => sixHours(starts[0], ends.at(-1)),
          values: (_plot, splits) => splits.map(hourOrDay),
        },
        { show: false },
      ],
      series: [
        {},
        {
          stroke: () => colour(element.dataset.meaning),
          width: 2.5,
          points: { show: false },
          paths: uPlot.paths.stepped({ align: 1, alignGaps: 1 }),
          spanGaps: false,
          gaps: (_plot, _series, _from, _to, gaps) => gaps.map(([from, to]) => [from, to + devicePixelRatio]), // no riser
        },
      ],
      hooks: {
        drawClear: [backdrop],
        draw: [labels],
        setCursor: [
          ({ cursor, posToVal }) => {
            const seconds = cursor.left >= 0 ? posToVal(cursor.left, "x") : null;
            const at = seconds === null ? -1 : starts.findIndex((start, i) => start <= seconds && seconds < ends[i]);
            say(at < 0 ? null : at);
          },
        ],
      },
    },
    steps(starts, ends, powers),
    element,
  );
  say(null);

  // A finger moves the cursor sideways; up and down it scrolls the page.
  const follow = (event) => {
    if (event.pointerType === "mouse") return;
    plot.setCursor({ left: event.clientX - plot.over.getBoundingClientRect().left, top: 0 });
  };
  plot.over.addEventListener("pointerdown", follow);
  plot.over.addEventListener("pointermove", follow);

  const repaint = () => plot.redraw(false);
  new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: element.clientHeight })).observe(element);
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  document.fonts.ready.then(repaint);
}

// The points of a stepped line: where a bucket is followed by nothing, a last point ends its step.
function steps(starts, ends, powers) {
  const x = [];
  const y = [];
  starts.forEach((start, at) => {
    x.push(start);
    y.push(powers[at]);
    const last = at === starts.length - 1;
    const gap = !last && starts[at + 1] > ends[at];
    if (powers[at] !== null && (last || gap || powers[at + 1] === null)) {
      x.push(ends[at] - 1);
      y.push(powers[at]);
    }
    if (gap) {
      x.push(ends[at]);
      y.push(null);
    }
  });
  return [x, y];
}

// 1, 2 or 5 times a power of ten, so that two to four lines cross the chart.
function roundStep(span) {
  const power = 10 ** Math.floor(Math.log10(span / 2));
  return [5, 2, 1].map((figure) => figure * power).find((step) => span / step >= 2) ?? power;
}

function sixHours(from, to) {
  const found = [];
  for (let at = Math.ceil(from / HOUR) * HOUR; at <= to; at += HOUR) {
    if (Number(formats.time(at * 1000).slice(0, 2)) % 6 === 0) found.push(at);
  }
  return found;
}

function hourOrDay(at) {
  const hour = Number(formats.time(at * 1000).slice(0, 2));
  if (hour !== 0) return String(hour);
  const [weekday, day] = formats.date(at * 1000, "day").split(" ");
  return `${weekday.slice(0, 3)} ${day}`;
}

for (const element of document.querySelectorAll("[data-chart]")) draw(element);
