import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { brotli, report } from "./scripts/bundle.ts";

const { version } = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8"));
const server = { target: "http://127.0.0.1:8080", ws: true, changeOrigin: false };

export default defineConfig({
  plugins: [react(), tailwindcss(), brotli(), report()],
  define: { __VERSION__: JSON.stringify(version) },
  resolve: { alias: { "#": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    port: 5173,
    strictPort: true,
    proxy: { "/ws": server, "/api": server, "/livez": server },
  },
  build: {
    target: "es2024",
    cssTarget: ["chrome123", "safari17.5", "firefox128"],
    // The content security policy admits neither inline scripts nor data: fonts, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
});
