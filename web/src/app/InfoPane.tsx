import { useCallback, useEffect } from "react";
import { useLocation } from "wouter";
import { ConversationInfo } from "#/features/members/ConversationInfo";
import { useConversation } from "#/live/useClient";
import type { ConversationId } from "#/proto/wire";

/** What there is to know of the open conversation, beside it or in its place. */
export function InfoPane({ id }: { readonly id: string }) {
  const view = useConversation(id as ConversationId);
  const [, go] = useLocation();
  const close = useCallback(() => go(`/c/${id}`), [go, id]);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      // Dialogs and menus above take their own Escape.
      if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]"))
        close();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [close]);
  if (!view) return null;
  return (
    <ConversationInfo
      view={view}
      onClose={close}
      onOpen={(other) => go(`/c/${other}`)}
      onGone={() => go("/")}
    />
  );
}
