/** Questions to the state. Pure; no answer is a fresh object where the state already holds one. */
import type * as wire from "#/proto/wire";
import { mentions, shownRead, unread } from "./head";
import type { Conversation, State } from "./step";

/** Messages above the shown mark, or from where the user marked it unread. */
export function unreadOf(conversation: Conversation): number {
  const { unread_from } = conversation.about;
  const counted = unread(conversation.head, conversation.own_read_seq);
  if (unread_from === undefined || conversation.is_unmarked) return counted;
  return Math.max(1, counted, conversation.head.last_seq - unread_from + 1);
}

export function mentionsOf(conversation: Conversation): number {
  return mentions(conversation.head, conversation.own_read_seq);
}

export function shownReadOf(conversation: Conversation): number {
  return shownRead(conversation.head, conversation.own_read_seq);
}

/** The title, or the name of the other side. */
export function titleOf(conversation: Conversation, users: State["users"]): string {
  const { title, peer } = conversation.about;
  if (peer === undefined) return title ?? "";
  return users.get(peer.user)?.name ?? peer.name;
}

/** How far anybody else has read, as far as it was told. */
export function readByOthers(conversation: Conversation, self: wire.UserId | undefined): number {
  let seq = 0;
  for (const [user, read] of conversation.reads) if (user !== self && read > seq) seq = read;
  return seq;
}

/** Entries of the outbox that are still to be acknowledged. */
export function waitingIn(state: State): number {
  return state.outbox.filter((entry) => entry.state !== "refused").length;
}

/** Whether both hold the same objects in the same order. */
export function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
