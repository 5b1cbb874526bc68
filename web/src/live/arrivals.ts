// Messages of others as they come, for telling of them. Only the tab that holds the connection hears of them.
import type { ConversationId } from "#/proto/wire";

type Listener = (conversation: ConversationId, seq: number) => void;

const listeners = new Set<Listener>();

export function arrived(conversation: ConversationId, seq: number): void {
  for (const listener of listeners) listener(conversation, seq);
}

export function onArrival(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const LOOKED_AT = "voodoo.lookedAt";

/** Tells the other tabs which conversation is in front of somebody's eyes here. */
export function lookAt(conversation: string | undefined): void {
  try {
    if (conversation === undefined) localStorage.removeItem(LOOKED_AT);
    else localStorage.setItem(LOOKED_AT, conversation);
  } catch {
    // Without storage the other tabs may tell of what is being read here.
  }
}

export function isLookedAt(conversation: string): boolean {
  try {
    return localStorage.getItem(LOOKED_AT) === conversation;
  } catch {
    return false;
  }
}
