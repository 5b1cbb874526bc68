import { defineConfig } from "@playwright/test";
import e2e from "./playwright.config.ts";

/** Pictures of the main screens for `docs/use`: `npm run shots`. */
export default defineConfig(e2e, { testDir: "shots", testMatch: "*.shot.ts", timeout: 300_000 });
