// React's window on the sync client: the one place where snapshots become state of views.
import { createContext, useContext, useSyncExternalStore } from "react";
import type { ConversationId } from "#/proto/wire";
import type { Actions, Client, ConversationView, Snapshot, TimelineView } from "#/sync/client";

export const ClientContext = createContext<Client | undefined>(undefined);

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error("a view that needs the client stands outside of ClientContext");
  return client;
}

export function useActions(): Actions {
  return useClient().actions;
}

/** Selects from the snapshot; `select` must return the same object while nothing it reads has changed. */
export function useSnapshot<Selected>(select: (snapshot: Snapshot) => Selected): Selected {
  const client = useClient();
  return useSyncExternalStore(client.subscribe, () => select(client.snapshot()));
}

export function useConversation(id: ConversationId | undefined): ConversationView | undefined {
  return useSnapshot((snapshot) => snapshot.conversations.find((view) => view.conversation === id));
}

export function useTimeline(id: ConversationId): TimelineView {
  return useSnapshot((snapshot) => snapshot.timeline(id));
}
