// Small objects of the wire and of views, complete and alike, for tests.
import type { ClientId, Conversation, ConversationId, Limits, Message, User, UserId } from "#/proto/wire";
import type { ConversationView, Line, PendingLine, RefusedLine, TimelineView } from "#/sync/client";

export const CONVERSATION = "c_1" as ConversationId;

export function user(id: string, name: string, more: Partial<User> = {}): User {
  return {
    user: id as UserId,
    handle: name.toLowerCase().replaceAll(" ", "."),
    name,
    kind: "human",
    profile: 1,
    ...more,
  };
}

export const ME = user("u_me", "Maya Okafor", { role: "admin" });
export const ADA = user("u_ada", "Ada Lovelace");

export function message(more: Partial<Message> & { seq: number }): Message {
  return {
    conversation: CONVERSATION,
    rev: more.seq,
    from: ADA.user,
    client_id: `client-${more.seq}` as ClientId,
    at_ms: 1_764_000_000_000 + more.seq * 60_000,
    body: { kind: "text", text: `message ${more.seq}` },
    ...more,
  };
}

export function sentLine(
  more: Partial<Message> & { seq: number },
  status: "sent" | "read" = "sent",
): Extract<Line, { kind: "sent" }> {
  return { kind: "sent", key: String(more.seq), message: message(more), status };
}

export function pendingLine(more: { client_id: string; text?: string; at_ms?: number }): PendingLine {
  return {
    kind: "pending",
    key: more.client_id,
    client_id: more.client_id as ClientId,
    body: { kind: "text", text: more.text ?? "waiting" },
    at_ms: more.at_ms ?? 1_764_000_000_000,
    is_sending: false,
  };
}

export function refusedLine(more: { client_id: string; text?: string; code?: string }): RefusedLine {
  return {
    kind: "refused",
    key: more.client_id,
    client_id: more.client_id as ClientId,
    body: { kind: "text", text: more.text ?? "refused" },
    at_ms: 1_764_000_000_000,
    code: more.code ?? "forbidden",
    message: "not allowed",
    retry: "never",
  };
}

export function conversation(id: string, peer: User, more: Partial<Conversation["head"]> = {}): Conversation {
  const conversation = id as ConversationId;
  return {
    conversation,
    kind: "direct",
    peer,
    role: "member",
    state: "active",
    members: 2,
    settings: { history: "all", post: "all", join: "closed", slow_ms: 0 },
    from_seq: 1,
    join_rev: 1,
    head: {
      conversation,
      last_seq: 0,
      last_rev: 1,
      info_rev: 1,
      floor_seq: 0,
      read_seq: 0,
      mentions: 0,
      all_mention_seq: 0,
      at_ms: 1_764_000_000_000,
      ...more,
    },
  };
}

export function conversationView(
  id: string,
  peer: User,
  more: Partial<ConversationView> = {},
): ConversationView {
  const head = conversation(id, peer);
  return {
    conversation: head.conversation,
    kind: "direct",
    title: peer.name,
    peer,
    role: "member",
    state: "active",
    unread: 0,
    mentions: 0,
    at_ms: head.head.at_ms,
    muted: false,
    pinned: false,
    archived: false,
    head,
    ...more,
  };
}

export const EMPTY_TIMELINE: TimelineView = {
  lines: [],
  has_older: false,
  has_newer: false,
  is_loading: false,
  read_seq: 0,
  from_seq: 1,
};

export const LIMITS: Limits = {
  frame_in_bytes: 65_536,
  frame_out_bytes: 262_144,
  in_flight: 32,
  text: 16_384,
  text_bytes: 49_152,
  title: 128,
  description: 1_024,
  reactions: 20,
  mentions: 50,
  edit_window_ms: 172_800_000,
  page: 100,
  small_conversation: 200,
  focus: 8,
  watch: 200,
};
