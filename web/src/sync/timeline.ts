/** The lines of one conversation: what is held, what is on its way, what came back, and what is missing between. */
import type { HistoryEvent, Message, UserId } from "#/proto/wire";
import type { Content } from "./content";
import type { Entry } from "./input";
import { hasOlder } from "./retrieval";
import { isSame, readByOthers, shownReadOf } from "./selectors";
import type { Conversation } from "./step";
import type { Line, TimelineView } from "./view";

/** Of a conversation that is not known. */
export const NO_TIMELINE: TimelineView = {
  lines: [],
  has_older: false,
  has_newer: false,
  is_loading: false,
  read_seq: 0,
  from_seq: 1,
};

/** Builds the view; `entries` are those of this conversation. Lines stay the same object while they say the same. */
export function timelineOf(
  conversation: Conversation,
  entries: readonly Entry[],
  self: UserId | undefined,
  lines: LineCache,
): TimelineView {
  const { content, about, loading, head } = conversation;
  const read_by_others = readByOthers(conversation, self);
  const top = content?.ranges.at(-1)?.[1] ?? 0;
  return {
    lines: lines.all([content, conversation.held, entries, self, read_by_others], () => [
      ...(content === undefined ? [] : held(content, self, read_by_others, lines)),
      ...overHole(conversation, self, lines),
      ...entries.map((entry) => lines.entry(entry)),
    ]),
    has_older: hasOlder(conversation),
    has_newer: content !== undefined && top < head.last_seq,
    is_loading: loading.size > 0,
    read_seq: shownReadOf(conversation),
    from_seq: about.from_seq,
  };
}

/** Messages and events by the `rev` that made them, with a gap where messages are missing. */
function held(content: Content, self: UserId | undefined, read_by_others: number, cache: LineCache): Line[] {
  const messages = [...content.messages.values()].sort((a, b) => a.seq - b.seq);
  const first_rev = content.at_start ? 0 : (messages[0]?.rev ?? Number.POSITIVE_INFINITY);
  const events = [...content.events.values()]
    .filter((event) => event.type !== "floored" && event.rev > first_rev)
    .sort((a, b) => a.rev - b.rev);
  const holes = new Map(content.ranges.slice(1).map(([from], index) => [content.ranges[index]?.[1], from]));
  const lines: Line[] = [];
  let at = 0;
  for (const message of messages) {
    for (let event = events[at]; event !== undefined && event.rev < message.rev; event = events[++at]) {
      lines.push(cache.event(event));
    }
    lines.push(cache.sent(message, self, message.seq <= read_by_others));
    const before_seq = holes.get(message.seq);
    if (before_seq !== undefined) lines.push(cache.gap(message.seq, before_seq));
  }
  for (const event of events.slice(at)) lines.push(cache.event(event));
  return lines;
}

/** Own messages that were acknowledged over a hole: settled, and not yet in their place. */
function overHole(conversation: Conversation, self: UserId | undefined, cache: LineCache): Line[] {
  const lines: Line[] = [];
  for (const event of conversation.held.values()) {
    if (event.type !== "message" || event.from !== self) continue;
    if (conversation.content?.messages.has(event.seq)) continue;
    lines.push(cache.sent(event, self, false));
  }
  return lines;
}

type Sent = Extract<Line, { kind: "sent" }>;
type Gap = Extract<Line, { kind: "gap" }>;

/** Keeps lines for as long as what they are made of lives. */
export class LineCache {
  readonly #sent = new WeakMap<Message, Sent>();
  readonly #others = new WeakMap<object, Line>();
  readonly #gaps = new Map<number, Gap>();
  #all: { readonly sources: readonly unknown[]; readonly lines: readonly Line[] } | undefined;

  /** All of them: the same list while `sources` are the same, for a head or a page that is asked for moves no line. */
  all(sources: readonly unknown[], make: () => readonly Line[]): readonly Line[] {
    if (this.#all === undefined || !isSame(sources, this.#all.sources))
      this.#all = { sources, lines: make() };
    return this.#all.lines;
  }

  sent(message: Message, self: UserId | undefined, is_read: boolean): Line {
    const status = is_read ? "read" : "sent";
    const known = this.#sent.get(message);
    if (known?.status === status) return known;
    const is_own = message.from !== undefined && message.from === self;
    // The key of an own message is the one that its pending line had.
    const key = is_own ? message.client_id : `s${message.seq}`;
    const line: Sent = { kind: "sent", key, message, status };
    this.#sent.set(message, line);
    return line;
  }

  event(event: HistoryEvent): Line {
    return this.#other(event, () => ({ kind: "event", key: `e${event.rev}`, event }));
  }

  entry(entry: Entry): Line {
    return this.#other(entry, () => entryLine(entry));
  }

  gap(after_seq: number, before_seq: number): Line {
    const known = this.#gaps.get(after_seq);
    if (known?.before_seq === before_seq) return known;
    const line: Gap = { kind: "gap", key: `g${after_seq}`, after_seq, before_seq };
    this.#gaps.set(after_seq, line);
    return line;
  }

  #other(source: object, make: () => Line): Line {
    const known = this.#others.get(source);
    if (known !== undefined) return known;
    const line = make();
    this.#others.set(source, line);
    return line;
  }
}

function entryLine(entry: Entry): Line {
  const { client_id, body, reply_to, made_ms, refusal, state } = entry;
  const made = {
    key: client_id,
    client_id,
    body,
    at_ms: made_ms,
    ...(reply_to === undefined ? {} : { reply_to }),
  };
  if (refusal !== undefined) return { kind: "refused", ...made, ...refusal };
  return { kind: "pending", ...made, is_sending: state === "sending" };
}
