// Keeps the layers apart: app → features → {ui, live, i18n} → {sync, lib} → proto; a feature never imports another one.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** What each layer may import besides itself. */
const MAY = {
  lib: [],
  proto: ["lib"],
  sync: ["proto", "lib"],
  i18n: ["lib"],
  live: ["sync", "proto", "lib"],
  ui: ["lib"],
  features: ["ui", "live", "sync", "i18n", "lib", "proto"],
  app: ["features", "ui", "live", "sync", "i18n", "lib", "proto"],
  testing: ["app", "features", "ui", "live", "sync", "i18n", "lib", "proto"],
};
/** Layers that run without React and without a page. */
const BARE = new Set(["sync", "lib", "proto"]);
const REACT = /^(react|react-dom|wouter|virtua|lucide-react)(\/|$)/;
const PAGE = /(?<![\w.#"'`-])(document|window|localStorage|sessionStorage)\s*[.[]/;
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)["']([^"']+)["']/gm;

/** The layer and, for a feature, its name: `src/features/auth/x.ts` → `["features", "auth"]`. */
function place(file) {
  const parts = file.split(sep).filter((part) => part !== ".");
  return [parts[1] ?? "", parts[1] === "features" ? (parts[2] ?? "") : ""];
}

/** Every broken rule in one file; `file` is relative to `web/`. */
export function check(file, source) {
  const [layer, feature] = place(file);
  const is_test = /\.test\.tsx?$/.test(file);
  const problems = [];
  const may = MAY[layer];
  if (may === undefined) return file === join("src", "main.tsx") ? [] : [`${file}: not in a known layer`];
  for (const [, specifier] of source.matchAll(IMPORT)) {
    if (BARE.has(layer) && REACT.test(specifier))
      problems.push(`${file}: ${layer} must not import ${specifier}`);
    const target = resolve(file, specifier);
    if (target === undefined) continue;
    const [to, to_feature] = place(target);
    if (is_test && to === "testing") continue;
    if (to !== layer && !may.includes(to))
      problems.push(`${file}: ${layer} must not import ${to} (${specifier})`);
    else if (layer === "features" && to === "features" && to_feature !== feature)
      problems.push(`${file}: feature ${feature} must not import feature ${to_feature}`);
  }
  if (BARE.has(layer) && !is_test) {
    const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const found = PAGE.exec(code);
    if (found) problems.push(`${file}: ${layer} must not touch the page (${found[1]})`);
  }
  return problems;
}

/** The path under `web/` that a specifier names, or nothing for a package. */
function resolve(file, specifier) {
  if (specifier.startsWith("#/")) return join("src", specifier.slice(2));
  if (specifier.startsWith(".")) return normalize(join(dirname(file), specifier));
  return undefined;
}

function main() {
  const root = join(dirname(fileURLToPath(import.meta.url)), "..");
  const problems = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .flatMap((path) => check(relative(root, path), readFileSync(path, "utf8")));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
