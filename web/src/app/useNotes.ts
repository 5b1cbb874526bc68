import { useEffect } from "react";
import { useLocation } from "wouter";
import { t } from "#/i18n/text";
import { plain } from "#/lib/markdown";
import { isLookedAt, lookAt, onArrival } from "#/live/arrivals";
import { hide, show } from "#/live/notifications";
import { useClient, useSnapshot } from "#/live/useClient";
import { usePresence } from "#/live/usePresence";
import type { ConversationId, UserId } from "#/proto/wire";
import type { ConversationView, Snapshot } from "#/sync/client";
import { useHasAttention } from "#/ui/useAttention";

/** Tells of messages that come while nobody looks at their conversation, in any tab. */
export function useNotes(current: string | undefined): void {
  const client = useClient();
  const [, go] = useLocation();
  const has_attention = useHasAttention();
  const is_busy = usePresence(useSnapshot((snapshot) => snapshot.me?.user))?.state === "dnd";

  useEffect(() => {
    if (!has_attention || current === undefined) return;
    lookAt(current);
    hide(current);
    const forget = () => lookAt(undefined);
    window.addEventListener("pagehide", forget);
    return () => {
      forget();
      window.removeEventListener("pagehide", forget);
    };
  }, [has_attention, current]);

  useEffect(() => {
    const tell = (id: ConversationId) => {
      const snapshot = client.snapshot();
      const view = snapshot.conversations.find((each) => each.conversation === id);
      if (!view || !isWorthTelling(view) || isLookedAt(id) || is_busy) return;
      show({ tag: id, title: view.title, text: lastWords(view, snapshot), onOpen: () => go(`/c/${id}`) });
    };
    // The message is told of before it is in the snapshot.
    return onArrival((id) => queueMicrotask(() => tell(id)));
  }, [client, go, is_busy]);

  useRead();
}

/** What was read elsewhere needs no note any more. */
function useRead(): void {
  const conversations = useSnapshot((snapshot) => snapshot.conversations);
  useEffect(() => {
    for (const view of conversations) if (view.unread === 0) hide(view.conversation);
  }, [conversations]);
}

/** Muted conversations are quiet unless one is mentioned, and strangers are until they are accepted. */
function isWorthTelling(view: ConversationView): boolean {
  return view.unread > 0 && view.state === "active" && (!view.muted || view.mentions > 0);
}

function lastWords(view: ConversationView, { users }: Snapshot): string {
  const { preview } = view;
  if (preview?.text === undefined) return t("notes.new");
  const text = plain(preview.text, (user) => users.get(user as UserId)?.name);
  const name = preview.from && users.get(preview.from)?.name;
  return view.kind === "group" && name ? t("timeline.arrived", { name, text }) : text;
}
