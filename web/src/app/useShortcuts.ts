import { useEffect } from "react";
import { useLocation } from "wouter";
import { useClient } from "#/live/useClient";
import type { Client } from "#/sync/client";

export type Called = "switch" | "help";

/** Keys that work wherever one is: from conversation to conversation, and to what leads anywhere. */
export function useShortcuts(current: string | undefined, call: (what: Called) => void): void {
  const client = useClient();
  const [, go] = useLocation();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const called = calledBy(event);
      const next = neighbour(event, client, current);
      // A dialog that is open has the keys for itself.
      if ((called ?? next) === undefined || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      if (called) call(called);
      else go(`/c/${next}`);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [client, current, go, call]);
}

function calledBy(event: KeyboardEvent): Called | undefined {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return undefined;
  return ({ k: "switch", "/": "help" } as const)[event.key];
}

/** Alt with an arrow leads to the next conversation, with Shift to the next unread one. */
function neighbour(event: KeyboardEvent, client: Client, current: string | undefined): string | undefined {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step === undefined || !event.altKey || event.ctrlKey || event.metaKey) return undefined;
  const conversations = client.snapshot().conversations.filter((view) => !view.archived);
  const index = conversations.findIndex((view) => view.conversation === current);
  const rest =
    step > 0 ? conversations.slice(index + 1) : conversations.slice(0, Math.max(0, index)).reverse();
  return rest.find((view) => !event.shiftKey || view.unread > 0)?.conversation;
}
