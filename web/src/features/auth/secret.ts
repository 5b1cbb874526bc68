// The secret of a link stands behind its `#`, where no server and no log sees it.
import { useSyncExternalStore } from "react";

const KEY = "voodoo.secret";

interface Kept {
  readonly path: string;
  readonly secret: string;
}

let memory: Kept | undefined;

/** What stands behind the `#`, taken out of the address bar at once; a reload of the page still finds it. */
function take(): string {
  const path = window.location.pathname;
  const secret = window.location.hash.slice(1);
  if (secret !== "") {
    keep({ path, secret });
    window.history.replaceState(window.history.state, "", path);
  }
  const kept = memory ?? stored();
  return kept?.path === path ? kept.secret : "";
}

function keep(next: Kept): void {
  memory = next;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Without storage the secret is lost at a reload, and the link has to be opened anew.
  }
}

function stored(): Kept | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** After it was used. */
export function dropSecret(): void {
  memory = undefined;
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was stored then.
  }
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

/** The secret of the link by which one came; empty if there is none. */
export function useSecret(): string {
  return useSyncExternalStore(subscribe, take);
}
