// Copies pinned third-party files into the repository, where Django serves them. Run it with `npm ci && npm run build`.
import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const vendor = join(here, "../cercollettiva/web/static/web/vendor");
const testVendor = join(here, "../tests/support/vendor");

async function emptied(folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

async function version(name) {
  return JSON.parse(await readFile(join(modules, name, "package.json"), "utf8")).version;
}

// uPlot publishes its ES module unminified: make it small, and keep its name, version and licence on the first line.
const uplot = await emptied(join(vendor, "uplot"));
await build({
  entryPoints: [join(modules, "uplot/dist/uPlot.esm.js")],
  outfile: join(uplot, "uplot.js"),
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  banner: { js: `/* uPlot ${await version("uplot")}, MIT, Leon Sorokin: see LICENSE beside this file */` },
});
await copyFile(join(modules, "uplot/dist/uPlot.min.css"), join(uplot, "uplot.css"));
await copyFile(join(modules, "uplot/LICENSE"), join(uplot, "LICENSE"));

// axe-core looks for accessibility defects in the browser tests; it is not served.
await mkdir(testVendor, { recursive: true });
await copyFile(join(modules, "axe-core/axe.min.js"), join(testVendor, "axe.min.js"));
await copyFile(join(modules, "axe-core/LICENSE"), join(testVendor, "axe.LICENSE"));
await copyFile(join(modules, "axe-core/LICENSE-3RD-PARTY.txt"), join(testVendor, "axe.LICENSE-3RD-PARTY.txt"));
