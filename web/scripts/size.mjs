// Fails when the client grows past what a first visit may cost.
import { readFileSync } from "node:fs";

const files = JSON.parse(readFileSync("node_modules/.cache/voodoo/bundle.json", "utf8"));
const KB = 1000;

/** Every chunk that has to arrive before `roots` can run. */
function closure(roots) {
  const seen = new Set();
  const queue = [...roots];
  while (queue.length > 0) {
    const name = queue.pop();
    if (seen.has(name) || files[name] === undefined) continue;
    seen.add(name);
    queue.push(...(files[name].imports ?? []));
  }
  return seen;
}

const total = (names) => [...names].reduce((sum, name) => sum + files[name].gzip_bytes, 0);
const all = Object.keys(files);
const entries = all.filter((name) => files[name].is_entry);

/** The entry together with the lazily loaded screen called `name`. */
function route(name) {
  const chunks = all.filter((file) => files[file].name === name);
  if (chunks.length !== 1) throw new Error(`expected one chunk called ${name}, found ${chunks.length}`);
  return total(closure([...entries, ...chunks]));
}

const budgets = [
  ["log-in route, script", route("Doors"), 120 * KB],
  ["shell, script", route("Shell"), 180 * KB],
  ["styles", total(all.filter((name) => name.endsWith(".css"))), 20 * KB],
  // Each script has a file of its own, which browsers load once a letter of it is shown.
  ["fonts for English", total(all.filter((name) => /-latin-wght.*\.woff2$/.test(name))), 45 * KB],
];

let is_over = false;
for (const [what, bytes, limit_bytes] of budgets) {
  const mark = bytes > limit_bytes ? "OVER" : "ok";
  is_over ||= bytes > limit_bytes;
  console.log(
    `${mark.padEnd(5)}${what.padEnd(24)}${(bytes / KB).toFixed(1).padStart(7)} of ${limit_bytes / KB} KB gzip`,
  );
}
if (is_over) process.exit(1);
