import { useEffect } from "react";
import { useLocation } from "wouter";
import { useClient } from "#/live/useClient";

/** Alt with an arrow leads to the next conversation, with Shift to the next unread one. */
export function useShortcuts(current: string | undefined): void {
  const client = useClient();
  const [, go] = useLocation();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (step === undefined || !event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const { conversations } = client.snapshot();
      const index = conversations.findIndex((view) => view.conversation === current);
      const rest =
        step > 0 ? conversations.slice(index + 1) : conversations.slice(0, Math.max(0, index)).reverse();
      const next = rest.find((view) => !event.shiftKey || view.unread > 0);
      if (next) go(`/c/${next.conversation}`);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [client, current, go]);
}
