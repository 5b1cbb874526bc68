// Who is logged in on this device, as far as it knows, and where to go once one is.
import type { UserId } from "#/proto/wire";

const KEY = "voodoo.user";

/** The log-in itself is a cookie that no script can read; this only spares waiting for the server at the start. */
export function remember(user: UserId): void {
  try {
    localStorage.setItem(KEY, user);
  } catch {
    // Without storage each start asks the server first.
  }
}

export function remembered(): UserId | undefined {
  try {
    return (localStorage.getItem(KEY) as UserId | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** How the page looks is nobody's secret, and stays. */
const KEPT = "voodoo.theme";

/** Removes what this device knew of whoever was logged in. */
export function forgetUser(): void {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith("voodoo.") && key !== KEPT);
    for (const key of keys) localStorage.removeItem(key);
  } catch {
    // Nothing was kept then.
  }
}

/** To the log-in, and from there back to where one wanted to go; `is_ended` where one was logged in until now. */
export function leaveForLogIn(is_ended = false): void {
  forgetUser();
  // An invite is a door of its own, for those without an account too.
  if (window.location.pathname === "/join") return window.location.reload();
  window.history.replaceState({ next: window.location.pathname, is_ended }, "", "/log-in");
  window.location.reload();
}

/** Only paths of this page: nobody can be sent elsewhere. */
export function nextPath(): string {
  // The invite waits in this tab for those who had an account all along.
  if (new URLSearchParams(window.location.search).get("then") === "join") return "/join";
  const state: unknown = window.history.state;
  const next = typeof state === "object" && state !== null ? (state as { next?: unknown }).next : undefined;
  return typeof next === "string" && /^\/(c\/\w+(\/info|\/m\/\d+)?|settings)$/.test(next) ? next : "/";
}
