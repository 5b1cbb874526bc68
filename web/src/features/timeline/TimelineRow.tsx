import { memo } from "react";
import { t } from "#/i18n/text";
import { clock, dayName, fullTime } from "#/i18n/time";
import type { ConversationId, User, UserId } from "#/proto/wire";
import type { Line } from "#/sync/client";
import { Bubble } from "./Bubble";
import { eventWords } from "./eventWords";
import { Gap } from "./Gap";
import type { Row } from "./rows";

interface Props {
  readonly row: Row;
  readonly conversation: ConversationId;
  readonly users: ReadonlyMap<UserId, User>;
  readonly me: UserId | undefined;
  readonly hasNames: boolean;
  readonly now_ms: number;
  readonly tabIndex: 0 | -1;
  readonly isMarked: boolean;
}

/** A row of the timeline with what stands above it: the day, the divider. */
export const TimelineRow = memo(
  function TimelineRow(props: Props) {
    const { row, conversation, users, me, hasNames, now_ms, tabIndex, isMarked } = props;
    const { line } = row;
    return (
      <div className="mx-auto w-full max-w-[47.5rem] px-3">
        {row.begins_day && <DayPill text={dayName(row.at_ms, now_ms)} />}
        {row.begins_unread && <UnreadDivider />}
        {line.kind === "gap" && <Gap conversation={conversation} line={line} />}
        {line.kind === "event" && (
          <EventLine line={line} users={users} at_ms={row.at_ms} tabIndex={tabIndex} />
        )}
        {(line.kind === "sent" || line.kind === "pending" || line.kind === "refused") && (
          <Bubble
            conversation={conversation}
            line={line}
            isMarked={isMarked}
            at_ms={row.at_ms}
            author={row.author === undefined ? undefined : users.get(row.author)}
            users={users}
            me={me}
            isOwn={row.is_own}
            isFirst={row.is_first}
            isLast={row.is_last}
            hasNames={hasNames}
            tabIndex={tabIndex}
          />
        )}
      </div>
    );
  },
  (before, after) => sameRow(before.row, after.row) && sameRest(before, after),
);

/** Rows are made anew with each change of the timeline; what they say mostly stays the same. */
function sameRow(before: Row, after: Row): boolean {
  return (Object.keys(before) as (keyof Row)[]).every((name) => before[name] === after[name]);
}

function sameRest(before: Props, after: Props): boolean {
  const names = ["conversation", "users", "me", "hasNames", "now_ms", "tabIndex", "isMarked"] as const;
  return names.every((name) => before[name] === after[name]);
}

export function DayPill({ text }: { readonly text: string }) {
  return (
    <div className="flex justify-center py-2">
      <span className="rounded-full bg-surface px-3 py-0.5 font-medium text-muted text-xs shadow-bubble">
        {text}
      </span>
    </div>
  );
}

function UnreadDivider() {
  return (
    <div className="flex items-center gap-3 py-2 font-medium text-accent-text text-xs">
      <span className="h-px grow bg-accent-text opacity-40" />
      {t("timeline.unread")}
      <span className="h-px grow bg-accent-text opacity-40" />
    </div>
  );
}

interface EventProps {
  readonly line: Extract<Line, { kind: "event" }>;
  readonly users: ReadonlyMap<UserId, User>;
  readonly at_ms: number;
  readonly tabIndex: 0 | -1;
}

/** What happened to the conversation itself. */
function EventLine({ line, users, at_ms, tabIndex }: EventProps) {
  const words = eventWords(line.event, (user) => users.get(user)?.name ?? t("timeline.someone"));
  if (words === undefined) return null;
  return (
    <article
      data-key={line.key}
      tabIndex={tabIndex}
      title={fullTime(at_ms)}
      aria-label={`${words}, ${clock(at_ms)}`}
      className="mx-auto my-1.5 w-fit max-w-full rounded-full px-3 py-0.5 text-center text-muted text-sm"
    >
      {words}
    </article>
  );
}
