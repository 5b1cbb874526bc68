import { useEffect } from "react";
import { t } from "#/i18n/text";
import { useConversation, useSnapshot } from "#/live/useClient";
import type { ConversationId } from "#/proto/wire";
import type { Snapshot } from "#/sync/client";

/** Unread messages of conversations that are not muted. */
function unread({ conversations }: Snapshot): number {
  return conversations.reduce((sum, view) => sum + (view.muted ? 0 : view.unread), 0);
}

/** The title of the page: how much is unread, and what is open. */
export function useTitle(current: string | undefined): void {
  const n = useSnapshot(unread);
  const name = useConversation(current as ConversationId | undefined)?.title;
  useEffect(() => {
    const app = n > 0 ? t("app.title", { n }) : t("app.name");
    document.title = name === undefined ? app : `${app} · ${name}`;
  }, [n, name]);
}
