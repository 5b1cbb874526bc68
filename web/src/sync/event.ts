/** The events that count in a conversation, frames of the server and own acknowledged requests alike. */
import type {
  ConversationId,
  Deleted,
  Edited,
  HistoryEvent,
  Message,
  Pinned,
  Reacted,
  Replies,
  Request,
  UserId,
} from "#/proto/wire";
import type { Frame } from "./input";

/** What changes one message. A reaction without `counts` is an own one: they follow from what is held. */
export type MessageEvent =
  | ({ type: "edited" } & Edited)
  | ({ type: "deleted" } & Deleted)
  | ({ type: "reacted" } & Omit<Reacted, "counts"> & { counts?: Reacted["counts"] })
  | ({ type: "pinned" } & Pinned);

/** One change of a conversation, numbered by `rev`. */
export type Event =
  | ({ type: "message" } & Message)
  | MessageEvent
  | HistoryEvent
  /** Only counts: not for this session's eyes, or not known to this client. */
  | { type: "skipped"; conversation: ConversationId; rev: number };

/** The event that a frame is, if it is one. */
export function eventOf(frame: Frame): Event | undefined {
  switch (frame.type) {
    case "message":
    case "edited":
    case "deleted":
    case "reacted":
    case "pinned":
    case "membership":
    case "updated":
    case "floored":
    case "skipped":
      return frame;
    case "unknown": {
      const { conversation, rev } = frame;
      return conversation === undefined || rev === undefined
        ? undefined
        : { type: "skipped", conversation, rev };
    }
    default:
      return undefined;
  }
}

/** Stands for the event that the asking session does not get: the `ok` carries its `rev`. */
export function ownEvent(
  request: Request,
  reply: object,
  self: UserId,
  is_hidden: boolean,
): Event | undefined {
  const { rev, at_ms } = reply as Replies["pin"];
  if (rev === undefined || at_ms === undefined) return undefined;
  switch (request.type) {
    case "send": {
      const { seq } = reply as Replies["send"];
      return { ...request, type: "message", ...(is_hidden ? {} : { from: self }), seq, rev, at_ms };
    }
    case "edit": {
      const { conversation, seq, edits, body } = request;
      return { type: "edited", conversation, seq, edits: edits + 1, body, rev, at_ms, by: self };
    }
    case "delete": {
      const [seq] = request.seqs;
      if (seq === undefined) return undefined;
      return { type: "deleted", conversation: request.conversation, seq, rev, at_ms, by: self };
    }
    case "react": {
      const { conversation, seq, emoji, on } = request;
      return { type: "reacted", conversation, seq, emoji, on, rev, at_ms, by: self };
    }
    case "pin": {
      const { conversation, seq, on } = request;
      return { type: "pinned", conversation, seq, on, rev, at_ms, by: self };
    }
    default:
      return undefined;
  }
}
