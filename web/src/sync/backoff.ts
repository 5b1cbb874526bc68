/** When to come back after a socket ended. Pure: chance is handed in. */

/** No wait grows beyond this. */
const MAX_WAIT_MS = 120_000;
/** The window before a server has told one. */
export const FIRST_WINDOW_MS = 1_000;
/** The least wait after a close for flooding. */
const FLOOD_WAIT_MS = 30_000;

/** What a close code lets a client do; the table of the server's `codes.rs`. */
export type Return = "yes" | "after_flood" | "stop";

const RETURNS: Readonly<Record<number, Return>> = {
  1000: "yes",
  1002: "stop",
  1003: "stop",
  1007: "stop",
  1009: "stop",
  1011: "yes",
  4400: "stop",
  4401: "stop",
  4403: "stop",
  4408: "yes",
  4409: "stop",
  4410: "stop",
  4420: "yes",
  4429: "after_flood",
  4503: "yes",
};

/** Why it does not come back, in words for people. */
const WHY: Readonly<Record<number, string>> = {
  1002: "This page and the server do not understand each other.",
  1003: "This page and the server do not understand each other.",
  1007: "This page and the server do not understand each other.",
  1009: "A message was too large for the server.",
  4400: "This page and the server do not understand each other. Reload it.",
  4401: "Log in again.",
  4403: "You may not use this server any more.",
  4409: "Voodoo is open in too many places.",
  4410: "This page is older than the server. Reload it.",
};

export function mayReturn(code: number): Return {
  // A code without a row (1001, 1005, 1006 …) says nothing against coming back.
  return RETURNS[code] ?? "yes";
}

export function whyStopped(code: number): string {
  return WHY[code] ?? "The server ended the connection.";
}

export interface Backoff {
  readonly window_ms: number;
  readonly n_failures: number;
}

export const FRESH: Backoff = { window_ms: FIRST_WINDOW_MS, n_failures: 0 };

/** uniform(0, window) first, then full jitter over a doubling bound up to two minutes. */
export function nextWait(
  backoff: Backoff,
  code: number,
  chance: number,
): { backoff: Backoff; wait_ms: number } {
  const bound_ms = Math.min(backoff.window_ms * 2 ** Math.min(backoff.n_failures, 16), MAX_WAIT_MS);
  const least_ms = mayReturn(code) === "after_flood" ? FLOOD_WAIT_MS : 0;
  const wait_ms = least_ms + Math.floor(bound_ms * chance);
  return { backoff: { ...backoff, n_failures: backoff.n_failures + 1 }, wait_ms };
}
