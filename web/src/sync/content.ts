/** The messages that are held of one conversation. Pure; later states of a message win by `mod_rev`. */
import type { HistoryEvent, Message, ReactionCount, UserId } from "#/proto/wire";
import type { MessageEvent } from "./event";
import type { KeptContent, Range } from "./input";

/** More messages than this are not kept of a conversation that is not open. */
export const MAX_ROWS = 2_000;

export interface Content {
  readonly messages: ReadonlyMap<number, Message>;
  /** Durable events that are lines of their own, by `rev`. */
  readonly events: ReadonlyMap<number, HistoryEvent>;
  /** Which messages are held without a gap: ascending, apart from each other. */
  readonly ranges: readonly Range[];
  /** Nothing older exists for this member. */
  readonly at_start: boolean;
}

export const EMPTY: Content = { messages: new Map(), events: new Map(), ranges: [], at_start: false };

/** The `rev` that touched a message last. */
export function touchedAt(message: Message): number {
  return message.mod_rev ?? message.rev;
}

/** Puts messages in their current state beside what is held. */
export function withMessages(content: Content, messages: readonly Message[]): Content {
  const next = new Map(content.messages);
  let ranges = content.ranges;
  for (const message of messages) {
    const known = next.get(message.seq);
    if (known === undefined || touchedAt(known) < touchedAt(message)) {
      next.set(message.seq, { ...message, mod_rev: touchedAt(message) });
    }
    ranges = withRange(ranges, [message.seq, message.seq]);
  }
  return { ...content, messages: next, ranges };
}

/** Only those that are held already or were made after `since_rev`: what `changes` brings. */
export function withTouched(content: Content, messages: readonly Message[], since_rev: number): Content {
  return withMessages(
    content,
    messages.filter((message) => message.rev > since_rev || content.messages.has(message.seq)),
  );
}

/** A move of the floor is no line: what it removed is not there to be missed. */
export function withEvents(content: Content, events: readonly HistoryEvent[]): Content {
  const lines = events.filter((event) => event.type !== "floored");
  if (lines.every((event) => content.events.has(event.rev))) return content;
  const next = new Map(content.events);
  for (const event of lines) next.set(event.rev, event);
  return { ...content, events: next };
}

/** Changes one held message, if `rev` is news to it. */
export function withChange(content: Content, event: MessageEvent, self: UserId | undefined): Content {
  const known = content.messages.get(event.seq);
  if (known === undefined || touchedAt(known) >= event.rev) return content;
  const next = new Map(content.messages);
  next.set(event.seq, { ...changed(known, event, self), mod_rev: event.rev });
  return { ...content, messages: next };
}

function changed(message: Message, event: MessageEvent, self: UserId | undefined): Message {
  switch (event.type) {
    case "edited":
      return { ...message, body: event.body, edits: event.edits };
    case "deleted": {
      const { body: _body, reactions: _reactions, pinned: _pinned, ...rest } = message;
      return { ...rest, deleted: true };
    }
    case "pinned": {
      const { pinned: _pinned, ...rest } = message;
      return event.on ? { ...rest, pinned: true } : rest;
    }
    case "reacted":
      return { ...message, reactions: reactions(message.reactions ?? [], event, self) };
  }
}

type Reacted = Extract<MessageEvent, { type: "reacted" }>;

function reactions(
  held: readonly ReactionCount[],
  event: Reacted,
  self: UserId | undefined,
): ReactionCount[] {
  const is_mine = event.by !== undefined && event.by === self;
  return (event.counts ?? counted(held, event)).map(({ emoji, count }) => {
    const was_mine = held.some((reaction) => reaction.emoji === emoji && reaction.mine === true);
    const mine = is_mine && emoji === event.emoji ? event.on === true : was_mine;
    return mine ? { emoji, count, mine } : { emoji, count };
  });
}

/** An own reaction that was acknowledged: its event, which has the counts, goes to the others. */
function counted(held: readonly ReactionCount[], event: Reacted): ReactionCount[] {
  const step = event.on === true ? 1 : -1;
  const known = held.find((reaction) => reaction.emoji === event.emoji);
  if (known === undefined) {
    return event.emoji !== undefined && step > 0 ? [...held, { emoji: event.emoji, count: 1 }] : [...held];
  }
  return held
    .map((reaction) => (reaction === known ? { ...reaction, count: reaction.count + step } : reaction))
    .filter((reaction) => reaction.count > 0);
}

/**
 * Drops what lies at or below the floor of retention. Whoever holds the message at the floor holds from then on all
 * that there is before the next.
 */
export function aboveFloor(content: Content, floor_seq: number): Content {
  const is_bare = content.ranges.every(([from]) => from > floor_seq);
  return is_bare ? content : from(content, floor_seq + 1, content.messages.get(floor_seq)?.rev);
}

/** Keeps the newest rows only. */
export function newest(content: Content, n_rows: number): Content {
  if (content.messages.size <= n_rows) return content;
  const seqs = [...content.messages.keys()].sort((a, b) => a - b);
  return from(content, seqs[seqs.length - n_rows] ?? 0, undefined);
}

/** Events go with what they stood behind: all up to `above_rev`, or to the first message left. */
function from(content: Content, first_seq: number, above_rev: number | undefined): Content {
  const messages = new Map([...content.messages].filter(([seq]) => seq >= first_seq));
  const above = above_rev ?? Math.min(...[...messages.values()].map((message) => message.rev));
  const ranges = content.ranges
    .filter(([, to]) => to >= first_seq)
    .map(([low, to]): Range => [Math.max(low, first_seq), to]);
  const events = new Map([...content.events].filter(([rev]) => rev > above));
  return { messages, events, ranges, at_start: above_rev !== undefined };
}

/** Takes back what a cache kept. */
export function adopted(kept: KeptContent): Content {
  const content = withEvents(withMessages(EMPTY, kept.messages), kept.events);
  return { ...content, ranges: kept.ranges, at_start: kept.at_start };
}

/** Joins `range` to the others. */
export function withRange(ranges: readonly Range[], [from, to]: Range): readonly Range[] {
  const last = ranges.at(-1);
  if (last !== undefined && from === last[1] + 1) return [...ranges.slice(0, -1), [last[0], to]];
  if (ranges.some((range) => range[0] <= from && to <= range[1])) return ranges;
  let joined: Range = [from, to];
  const apart: Range[] = [];
  for (const range of ranges) {
    if (range[1] + 1 < joined[0] || joined[1] + 1 < range[0]) apart.push(range);
    else joined = [Math.min(range[0], joined[0]), Math.max(range[1], joined[1])];
  }
  return [...apart, joined].sort((a, b) => a[0] - b[0]);
}
