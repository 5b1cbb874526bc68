// Vite plugins that finish a build: compressed siblings for the server, and a report for the size gate.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSED = new Set([".js", ".css", ".html", ".svg", ".json", ".webmanifest"]);
/** Below this a second file costs more than it saves. */
const MIN_BYTES = 512;
/** Where `scripts/size.mjs` looks; outside `dist`, which is shipped whole. */
export const REPORT = "node_modules/.cache/voodoo/bundle.json";

/** Writes `name.br` beside each text file of the output. */
export function brotli(): Plugin {
  let directory = "dist";
  return {
    name: "voodoo-brotli",
    apply: "build",
    configResolved(config) {
      directory = config.build.outDir;
    },
    closeBundle() {
      for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !COMPRESSED.has(extname(entry.name))) continue;
        const file = join(entry.parentPath, entry.name);
        const bytes = readFileSync(file);
        if (bytes.length < MIN_BYTES) continue;
        const params = {
          [constants.BROTLI_PARAM_QUALITY]: 11,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        };
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
      }
    },
  };
}

/** Records what each chunk is made of and how large it is compressed. */
export function report(): Plugin {
  return {
    name: "voodoo-report",
    apply: "build",
    writeBundle(_options, bundle) {
      const files: Record<string, unknown> = {};
      for (const [name, file] of Object.entries(bundle)) {
        const source = file.type === "chunk" ? file.code : file.source;
        const gzip_bytes = gzipSync(source, { level: 9 }).length;
        files[name] =
          file.type === "chunk"
            ? { gzip_bytes, name: file.name, is_entry: file.isEntry, imports: file.imports }
            : { gzip_bytes };
      }
      mkdirSync(dirname(REPORT), { recursive: true });
      writeFileSync(REPORT, JSON.stringify(files, null, 2));
    },
  };
}
