// Makes of the page's parts what a release serves: one script, one style sheet, one page. A browser asks a host for six files at a time, and
// the page has thirty: apart they came 150 ms later. Run at build: node bundle.mjs FOLDER
import { readFile, writeFile, copyFile, mkdir } from "node:fs/promises";
import { build } from "esbuild";

const into = process.argv[2];
const web = new URL("web/", import.meta.url);
const uplot = new URL("../node_modules/uplot/dist/", import.meta.url);
const text = (name, folder = web) => readFile(new URL(name, folder), "utf8");
const made = async (name, options) => (await build({
  entryPoints: [new URL(name, web).pathname.replace(/^\/([A-Za-z]:)/, "$1")], bundle: true, minify: true, write: false, format: "esm", target: "es2022", external: ["/web/*"], ...options,
})).outputFiles[0].text;

await mkdir(into, { recursive: true });
// The library is a variable, which the charts' module finds beside it.
await writeFile(`${into}/app.js`, `${await text("uPlot.iife.min.js", uplot)}\n${await made("app.js")}`);
await writeFile(`${into}/style.css`, `${await text("uPlot.min.css", uplot)}${await made("style.css")}`);
await writeFile(`${into}/index.html`, (await text("index.html")).replace(/\s*<!--parts-->.*?<!--\/parts-->/s, ""));
for (const name of ["sign-in.html", "favicon.svg"]) await copyFile(new URL(name, web), `${into}/${name}`);
