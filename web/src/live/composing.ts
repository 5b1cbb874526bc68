// What the next message is about, per conversation: an answer to another message, or another text for an own one.
import { useSyncExternalStore } from "react";
import type { ConversationId } from "#/proto/wire";

export type Composing =
  | { readonly kind: "reply"; readonly seq: number }
  | { readonly kind: "edit"; readonly seq: number; readonly text: string };

let all: Readonly<Record<ConversationId, Composing>> = {};
const listeners = new Set<() => void>();

/** Nothing ends it. */
export function compose(id: ConversationId, next: Composing | undefined): void {
  const { [id]: _old, ...others } = all;
  all = next === undefined ? others : { ...others, [id]: next };
  for (const listener of listeners) listener();
}

export function composingIn(id: ConversationId): Composing | undefined {
  return all[id];
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useComposing(id: ConversationId): Composing | undefined {
  return useSyncExternalStore(subscribe, () => all[id]);
}
