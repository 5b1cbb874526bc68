import { useEffect } from "react";
import { t } from "#/i18n/text";
import { useConversation, useSnapshot } from "#/live/useClient";
import type { ConversationId } from "#/proto/wire";
import type { ConversationView, Snapshot } from "#/sync/client";

/** Unread messages of conversations that are neither muted nor put away nor begun by strangers. */
function unread({ conversations }: Snapshot): number {
  return conversations.reduce((sum, view) => sum + (isQuiet(view) ? 0 : view.unread), 0);
}

function isQuiet(view: ConversationView): boolean {
  return view.muted || view.archived || view.state === "request";
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
