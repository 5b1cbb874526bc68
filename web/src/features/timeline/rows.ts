// How lines become rows: who stands together, where a day begins, and where the unread ones do.
import { type Day, dayOf } from "#/i18n/time";
import type { UserId } from "#/proto/wire";
import type { Line } from "#/sync/client";

/** One sender's messages stand together up to this long after each other. */
const GROUP_MS = 5 * 60_000;

export interface Row {
  readonly key: string;
  readonly line: Line;
  readonly is_own: boolean;
  readonly author: UserId | undefined;
  readonly at_ms: number;
  /** A day begins here. */
  readonly begins_day: boolean;
  /** The unread messages begin here. */
  readonly begins_unread: boolean;
  readonly is_first: boolean;
  readonly is_last: boolean;
}

interface Context {
  readonly me: UserId | undefined;
  /** The mark at opening: the divider stands before the first message of others above it. */
  readonly unread_after: number | undefined;
}

export function toRows(lines: readonly Line[], { me, unread_after }: Context): readonly Row[] {
  const rows: Row[] = [];
  let is_divided = unread_after === undefined;
  let day: Day | undefined;
  for (const line of lines) {
    const author = authorOf(line, me);
    const at_ms = timeOf(line) ?? rows.at(-1)?.at_ms ?? 0;
    const is_own = author !== undefined && author === me;
    const before = rows.at(-1);
    // To ask the calendar for each of thousands takes longer than all the rest.
    const is_same_day = day !== undefined && day.from_ms <= at_ms && at_ms < day.to_ms;
    if (!is_same_day) day = dayOf(at_ms);
    const begins_day = line.kind !== "gap" && !is_same_day;
    const begins_unread = !is_divided && isUnread(line, is_own, unread_after ?? 0);
    is_divided ||= begins_unread;
    const is_first =
      begins_day || begins_unread || before === undefined || !isTogether(before, line, author, at_ms);
    if (is_first && before) rows[rows.length - 1] = { ...before, is_last: true };
    rows.push({
      key: line.key,
      line,
      is_own,
      author,
      at_ms,
      begins_day,
      begins_unread,
      is_first,
      is_last: false,
    });
  }
  const last = rows.at(-1);
  if (last) rows[rows.length - 1] = { ...last, is_last: true };
  return rows;
}

function isTogether(before: Row, line: Line, author: UserId | undefined, at_ms: number): boolean {
  const is_message = (other: Line) => other.kind !== "gap" && other.kind !== "event";
  if (!is_message(before.line) || !is_message(line) || isReply(line)) return false;
  return before.author === author && at_ms - before.at_ms <= GROUP_MS;
}

function isReply(line: Line): boolean {
  if (line.kind === "sent") return line.message.reply_to !== undefined;
  return (line.kind === "pending" || line.kind === "refused") && line.reply_to !== undefined;
}

function isUnread(line: Line, is_own: boolean, unread_after: number): boolean {
  return line.kind === "sent" && !is_own && line.message.seq > unread_after;
}

function authorOf(line: Line, me: UserId | undefined): UserId | undefined {
  if (line.kind === "sent") return line.message.from;
  return line.kind === "pending" || line.kind === "refused" ? me : undefined;
}

function timeOf(line: Line): number | undefined {
  switch (line.kind) {
    case "sent":
      return line.message.at_ms;
    case "pending":
    case "refused":
      return line.at_ms;
    case "event":
      return line.event.at_ms;
    case "gap":
      return undefined;
  }
}
