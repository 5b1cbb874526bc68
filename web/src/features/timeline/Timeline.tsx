import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { t } from "#/i18n/text";
import { dayName } from "#/i18n/time";
import { useActions, useSnapshot, useTimeline } from "#/live/useClient";
import type { ConversationId, User, UserId } from "#/proto/wire";
import type { ConversationView, TimelineView } from "#/sync/client";
import { useNow } from "#/ui/useNow";
import { type ListHandle, type ListView, VirtualList } from "#/ui/VirtualList";
import { JumpButton } from "./JumpButton";
import { MessageOver } from "./MessageOver";
import { Beginning, Origin } from "./Origin";
import { PinnedBar } from "./PinnedBar";
import { type Row, toRows } from "./rows";
import { TimelineLoading } from "./TimelineLoading";
import { DayPill, TimelineRow } from "./TimelineRow";
import { useArrivals } from "./useArrivals";
import { CountsContext, useCounts } from "./useCounts";
import { useDivider } from "./useDivider";
import { useJump } from "./useJump";
import { MessageActionsContext, useActionsOf } from "./useMessageActions";
import { useReadMark } from "./useReadMark";

interface TimelineProps {
  readonly view: ConversationView;
  /** The message that the address names. */
  readonly target?: number | undefined;
}

/** All that was said in a conversation, opened where one stopped reading. Give it the conversation as `key`. */
export function Timeline({ view, target }: TimelineProps) {
  const id = view.conversation;
  const { open, close } = useActions();
  const timeline = useTimeline(id);
  const users = useSnapshot((snapshot) => snapshot.users);
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  const unread_after = useDivider(timeline.read_seq, view.unread, lastPending(timeline));
  const rows = useMemo(
    () => toRows(timeline.lines, { me, unread_after }),
    [timeline.lines, me, unread_after],
  );
  const news = useArrivals(rows, users);
  useNames(rows, users);

  useEffect(() => {
    open(id);
    return () => close(id);
  }, [id, open, close]);

  return (
    <div className="relative flex min-h-0 grow flex-col">
      <Content
        view={view}
        timeline={timeline}
        rows={rows}
        isDivided={unread_after !== undefined}
        target={target}
      />
      <div role="log" aria-live="polite" className="sr-only">
        {news}
      </div>
    </div>
  );
}

/** Which own message was written last and is on its way. */
function lastPending({ lines }: TimelineView): string | undefined {
  const last = lines.at(-1);
  return last?.kind === "pending" ? last.key : undefined;
}

/** Asks for the names of those who are shown and not known yet. */
function useNames(rows: readonly Row[], users: ReadonlyMap<UserId, User>): void {
  const { wantUsers } = useActions();
  const unknown = useMemo(() => unknownIn(rows, users).join(" "), [rows, users]);
  useEffect(() => {
    if (unknown !== "") wantUsers(unknown.split(" ") as UserId[]);
  }, [unknown, wantUsers]);
}

function unknownIn(rows: readonly Row[], users: ReadonlyMap<UserId, User>): readonly UserId[] {
  const shown = rows.flatMap(({ line, author }) => {
    if (line.kind !== "event") return author === undefined ? [] : [author];
    const { event } = line;
    if (event.type === "floored") return [];
    const changed = event.type === "membership" ? event.changes.map(({ user }) => user) : [];
    return event.by === undefined ? changed : [event.by, ...changed];
  });
  return [...new Set(shown)].filter((user) => !users.has(user));
}

interface ContentProps extends TimelineProps {
  readonly timeline: TimelineView;
  readonly rows: readonly Row[];
  readonly isDivided: boolean;
}

function Content({ isDivided, ...props }: ContentProps) {
  const { view, timeline, rows } = props;
  const is_divider_far = isDivided && timeline.has_older && isAbove(rows, timeline.read_seq);
  const is_patient = useFirstUnread(view.conversation, is_divider_far, timeline.read_seq);
  // The list opens once, so it waits until the place to open at is there.
  const [isOpen, setOpen] = useState(false);
  const may_open = rows.length > 0 && !(is_divider_far && is_patient) && !timeline.is_loading;
  useEffect(() => {
    if (may_open) setOpen(true);
  }, [may_open]);
  if (isOpen || may_open) return <Lines {...props} />;
  if (rows.length > 0 || timeline.is_loading || timeline.has_older)
    return <TimelineLoading label={t("timeline.loading")} />;
  return <Beginning view={view} />;
}

/** Whether the first unread message lies above everything that is loaded. */
function isAbove(rows: readonly Row[], read_seq: number): boolean {
  const first = rows.find(({ line }) => line.kind === "sent");
  return first?.line.kind === "sent" && first.line.message.seq > read_seq + 1;
}

/** Longer than this nobody waits for the first unread message; the latest ones do. */
const PATIENCE_MS = 3_000;

/** Loads what is around the first unread message where it is far away; whether it is still worth waiting for. */
function useFirstUnread(id: ConversationId, is_far: boolean, read_seq: number): boolean {
  const { loadAround } = useActions();
  const [isPatient, setPatient] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once, for the mark as it was at opening.
  useEffect(() => {
    if (!is_far) return;
    loadAround(id, read_seq + 1);
    const timer = setTimeout(() => setPatient(false), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [is_far]);
  return isPatient;
}

function Lines({ view, timeline, rows, target }: Omit<ContentProps, "isDivided">) {
  const id = view.conversation;
  const { loadOlder, loadNewer } = useActions();
  const users = useSnapshot((snapshot) => snapshot.users);
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  const list = useRef<ListHandle>(null);
  const now_ms = useNow();
  const [sight, setSight] = useState<Sight>({ first: 0, last: 0, is_far: false });
  const seen = useReadMark(id, timeline.read_seq, view.unread > 0);
  useFollowOwn(rows, list);
  const { jump, toLatest, marked } = useJump({ id, rows, list, target });
  const { actions, over } = useActionsOf(view, jump);
  const open_at = useMemo(() => rows.find((row) => row.begins_unread)?.key, [rows]);
  const in_sight = useMemo(() => rows.slice(sight.first, sight.last + 1), [rows, sight]);
  const counted = useCounts(id, view.kind === "broadcast", in_sight);

  const onView = useCallback(
    (next: ListView) => {
      setSight((before) => {
        const is_far = next.screensToEnd > 1;
        const is_same = before.first === next.first && before.last === next.last && before.is_far === is_far;
        return is_same ? before : { first: next.first, last: next.last, is_far };
      });
      seen(seqUpTo(rows, next.last));
    },
    [rows, seen],
  );

  return (
    <MessageActionsContext value={actions}>
      <PinnedBar lines={timeline.lines} onJump={jump} />
      <CountsContext value={counted}>
        <div className="relative mb-1.5 min-h-0 grow">
          <VirtualList
            ref={list}
            label={t("timeline.label", { name: view.title })}
            rows={rows}
            openAtKey={open_at}
            isBusy={timeline.is_loading}
            onView={onView}
            onNearStart={() => {
              if (timeline.has_older && !timeline.is_loading) loadOlder(id);
            }}
            onNearEnd={() => {
              if (timeline.has_newer && !timeline.is_loading) loadNewer(id);
            }}
            renderRow={(row, tabIndex) => (
              <TimelineRow
                row={row}
                conversation={id}
                users={users}
                me={me}
                hasNames={view.kind === "group"}
                now_ms={now_ms}
                tabIndex={tabIndex}
                isMarked={row.key === marked}
              />
            )}
          >
            {!timeline.has_older && <Origin view={view} />}
          </VirtualList>
          <FloatingDay row={rows[sight.first]} index={sight.first} now_ms={now_ms} />
          {(sight.is_far || timeline.has_newer) && (
            <JumpButton nNew={view.unread} onJump={() => toLatest(view.head.head.last_seq)} />
          )}
        </div>
      </CountsContext>
      <MessageOver conversation={id} over={over} />
    </MessageActionsContext>
  );
}

interface Sight {
  readonly first: number;
  readonly last: number;
  /** More than a screen from the end. */
  readonly is_far: boolean;
}

function seqUpTo(rows: readonly Row[], index: number): number {
  for (let at = Math.min(index, rows.length - 1); at >= 0; at -= 1) {
    const line = rows[at]?.line;
    if (line?.kind === "sent") return line.message.seq;
  }
  return 0;
}

/** One's own new message is always followed, wherever one was reading. */
function useFollowOwn(rows: readonly Row[], list: React.RefObject<ListHandle | null>): void {
  const last = rows.at(-1);
  const key = last?.line.kind === "pending" ? last.key : undefined;
  const before = useRef(key);
  useLayoutEffect(() => {
    if (key !== undefined && key !== before.current) list.current?.scrollToEnd();
    before.current = key;
  }, [key, list]);
}

const SHOWN_MS = 1_500;

/** The day of what is at the top, while one scrolls. */
function FloatingDay(props: {
  readonly row: Row | undefined;
  readonly index: number;
  readonly now_ms: number;
}) {
  const { row, index, now_ms } = props;
  const [isShown, setShown] = useState(false);
  const is_first_look = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: shown anew whenever another row reaches the top.
  useEffect(() => {
    if (is_first_look.current) {
      is_first_look.current = false;
      return;
    }
    setShown(true);
    const timer = setTimeout(() => setShown(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [index]);
  if (!isShown || row === undefined || row.begins_day) return null;
  return (
    <div aria-hidden="true" className="pointer-events-none absolute inset-x-0 top-0 motion-safe:animate-fade">
      <DayPill text={dayName(row.at_ms, now_ms)} />
    </div>
  );
}
