/** How far a conversation is and how far its member has read. Pure. */
import type { Body, Head, Message, UserId } from "#/proto/wire";

/** The previews of the server hold as many code points. */
const PREVIEW_CHARACTERS = 120;

/**
 * A head as last told, moved on by the events applied since.
 *
 * `told_seq` is the newest message when it was told. Explicit mentions above that are known one by one
 * (`mention_seqs`), those below only as a number; so the badge is exact once everything told is read.
 */
export interface KnownHead extends Head {
  readonly told_seq: number;
  readonly mention_seqs: readonly number[];
}

export function told(head: Head): KnownHead {
  return { ...head, told_seq: head.last_seq, mention_seqs: [] };
}

/** Who reads: a program's mark does not follow what it sends. */
export interface Reader {
  readonly user?: UserId;
  readonly is_bot: boolean;
}

/** Counts a message that was made after the head. */
export function withMade(head: KnownHead, message: Message, reader: Reader): KnownHead {
  const is_own = message.from !== undefined && message.from === reader.user;
  const made: KnownHead = {
    ...head,
    last_seq: message.seq,
    // The clock of the server may go back; the place in the list does not.
    at_ms: Math.max(head.at_ms, message.at_ms),
    preview: preview(message),
    ...(message.mentions?.all === undefined ? {} : { all_mention_seq: message.seq }),
  };
  if (is_own && !reader.is_bot) return withRead(made, message.seq, 0);
  const is_called = reader.user !== undefined && message.mentions?.users?.includes(reader.user) === true;
  if (is_own || !is_called || message.seq <= head.read_seq) return made;
  return { ...made, mentions: head.mentions + 1, mention_seqs: [...head.mention_seqs, message.seq] };
}

/** The told mark moves; it never goes back. `mentions` is what the server counted above it. */
export function withRead(head: KnownHead, seq: number, mentions: number): KnownHead {
  if (seq < head.read_seq) return head;
  const mention_seqs = head.mention_seqs.filter((mention) => mention > seq);
  const exact = mention_seqs.length;
  const is_exact = seq >= head.told_seq;
  return { ...head, read_seq: seq, mention_seqs, mentions: is_exact ? exact : Math.max(exact, mentions) };
}

/** Whether a told mark leaves open how many mentions lie above it. */
export function isDoubtful(head: KnownHead, seq: number, mentions: number): boolean {
  return seq > head.read_seq && seq < head.told_seq && mentions > 0;
}

/** The floor moves up: nothing at or below it calls, or is shown. */
export function withFloor(head: KnownHead, floor_seq: number): KnownHead {
  if (floor_seq <= head.floor_seq) return head;
  const mention_seqs = head.mention_seqs.filter((seq) => seq > floor_seq);
  const told = floor_seq >= head.told_seq ? 0 : head.mentions - head.mention_seqs.length;
  const { preview, ...rest } = head;
  return {
    ...rest,
    ...(preview === undefined || preview.seq <= floor_seq ? {} : { preview }),
    floor_seq,
    all_mention_seq: head.all_mention_seq <= floor_seq ? 0 : head.all_mention_seq,
    mention_seqs,
    mentions: told + mention_seqs.length,
  };
}

/** Whether a floor leaves open how many mentions lie above it. */
export function isDoubtfulAbove(head: KnownHead, floor_seq: number): boolean {
  const is_above_mark = floor_seq > Math.max(head.floor_seq, head.read_seq);
  return is_above_mark && floor_seq < head.told_seq && head.mentions > head.mention_seqs.length;
}

/** The newest message says something else. */
export function withText(head: KnownHead, seq: number, body: Body | undefined): KnownHead {
  if (head.preview?.seq !== seq) return head;
  const { text: _text, ...rest } = head.preview;
  return { ...head, preview: { ...rest, ...beginningOf(body) } };
}

function preview(message: Message): NonNullable<Head["preview"]> {
  const { seq, from, body } = message;
  return { seq, ...(from === undefined ? {} : { from }), ...beginningOf(body) };
}

/** What the list shows of a message. */
export function beginningOf(body: Body | undefined): { text?: string } {
  if (body?.kind !== "text") return {};
  // Code points, not UTF-16 units: half a character is never shown.
  return { text: [...body.text.slice(0, 2 * PREVIEW_CHARACTERS)].slice(0, PREVIEW_CHARACTERS).join("") };
}

/** The mark that is shown: the greatest of the told one, the own one and the floor. */
export function shownRead(head: KnownHead, own_read_seq: number): number {
  return Math.max(head.read_seq, own_read_seq, head.floor_seq);
}

export function unread(head: KnownHead, own_read_seq: number): number {
  return Math.max(0, head.last_seq - shownRead(head, own_read_seq));
}

/** Explicit mentions above the shown mark, and one more if everyone was called above it. */
export function mentions(head: KnownHead, own_read_seq: number): number {
  const read_seq = shownRead(head, own_read_seq);
  const all = head.all_mention_seq > read_seq ? 1 : 0;
  return all + explicit(head, read_seq);
}

function explicit(head: KnownHead, read_seq: number): number {
  if (read_seq === Math.max(head.read_seq, head.floor_seq)) return head.mentions;
  const exact = head.mention_seqs.filter((seq) => seq > read_seq).length;
  return read_seq >= head.told_seq
    ? exact
    : Math.max(exact, Math.min(head.mentions, head.last_seq - read_seq));
}
