import { AtSign, BellOff, Megaphone, Pin, UsersRound } from "lucide-react";
import { type MouseEvent, memo } from "react";
import { Link } from "wouter";
import { number, t } from "#/i18n/text";
import { shortTime } from "#/i18n/time";
import { typingText } from "#/i18n/typing";
import { cx } from "#/lib/cx";
import { plain } from "#/lib/markdown";
import { useDraft } from "#/live/drafts";
import { usePresence } from "#/live/usePresence";
import type { User, UserId } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { Avatar } from "#/ui/Avatar";
import { Badge } from "#/ui/Badge";
import type { Anchor } from "#/ui/Menu";
import { Ticks } from "#/ui/Ticks";
import { useLongPress } from "#/ui/useLongPress";

interface Props {
  readonly view: ConversationView;
  readonly users: ReadonlyMap<UserId, User>;
  readonly me: UserId | undefined;
  readonly now_ms: number;
  readonly isCurrent: boolean;
  readonly tabIndex: 0 | -1;
  readonly onMenu: (place: MenuPlace) => void;
}

/** Whose menu is to open, and where. */
export interface MenuPlace {
  readonly view: ConversationView;
  readonly anchor: Anchor;
}

/** One conversation of the list: who, what was said last and when, and what is unread. */
export const ConversationRow = memo(function ConversationRow(props: Props) {
  const { view, now_ms, isCurrent, tabIndex, onMenu } = props;
  const openAt = (x: number, y: number) => onMenu({ view, anchor: { top: y, bottom: y, left: x, right: x } });
  const long_press = useLongPress(openAt);
  const presence = useShownPresence(view, props.me);
  return (
    <Link
      {...long_press}
      draggable={false}
      onContextMenu={(event: MouseEvent) => {
        event.preventDefault();
        // By key it opens beside the row, by pointer where that is.
        if (event.clientX === 0 && event.clientY === 0)
          onMenu({ view, anchor: event.currentTarget.getBoundingClientRect() });
        else openAt(event.clientX, event.clientY);
      }}
      href={`/c/${view.conversation}`}
      data-key={view.conversation}
      tabIndex={tabIndex}
      aria-current={isCurrent ? "page" : undefined}
      className={cx(
        "flex h-[4.25rem] items-center gap-3 rounded-2xl px-2.5 outline-offset-[-2px]",
        isCurrent ? "bg-selected" : "hover:bg-hover",
      )}
    >
      <Face view={view} presence={presence} />
      <span className="flex min-w-0 grow flex-col gap-0.5">
        <span className="flex items-baseline gap-2">
          <KindSign kind={view.kind} />
          <bdi className="min-w-0 truncate font-medium">{view.title}</bdi>
          {presence && <span className="sr-only">{t(`timeline.${presence}`)}</span>}
          {view.muted && <Sign icon={<BellOff size={13} />} label={t("list.muted")} />}
          <span className="ms-auto flex shrink-0 items-center gap-1 text-muted text-xs">
            <OwnTick tick={view.own_tick} />
            {view.preview && (
              <time dateTime={new Date(view.at_ms).toISOString()}>{shortTime(view.at_ms, now_ms)}</time>
            )}
          </span>
        </span>
        <span className="flex items-center gap-2">
          <LastLine {...props} />
          <Badges view={view} />
        </span>
      </span>
    </Link>
  );
});

type Shown = keyof typeof PRESENCE;

/** Whether the other side of a direct conversation is there, where that is told. */
function useShownPresence(view: ConversationView, me: UserId | undefined): Shown | undefined {
  const peer = view.peer?.user;
  // The other side joins with the first message; before that the server tells nothing of them.
  const is_told = peer !== me && view.head.head.last_seq > 0;
  const state = usePresence(is_told ? peer : undefined)?.state;
  return state === "online" || state === "away" || state === "dnd" ? state : undefined;
}

/** The avatar, with a sign of whether the other side is there; the row says it in words after the name. */
function Face({ view, presence }: { readonly view: ConversationView; readonly presence: Shown | undefined }) {
  return (
    <span className="relative shrink-0">
      <Avatar id={view.peer?.user ?? view.conversation} name={view.title} />
      {presence && (
        <span
          aria-hidden="true"
          className={cx(
            "absolute end-0 bottom-0 size-3.5 rounded-full border-2 border-surface",
            PRESENCE[presence],
          )}
          title={t(`timeline.${presence}`)}
        />
      )}
    </span>
  );
}

/** A full disc, a ring and a bar: the shape tells them apart without the colour. */
const PRESENCE = {
  online: "bg-online",
  away: "bg-surface ring-2 ring-warning-text ring-inset",
  dnd: "grid place-items-center bg-danger-text before:h-0.5 before:w-1.5 before:rounded-full before:bg-surface",
} as const;

function KindSign({ kind }: { readonly kind: ConversationView["kind"] }) {
  if (kind === "group") return <Sign icon={<UsersRound size={14} />} label={t("list.group")} />;
  if (kind === "broadcast") return <Sign icon={<Megaphone size={14} />} label={t("list.broadcast")} />;
  return null;
}

function Sign({ icon, label }: { readonly icon: React.ReactNode; readonly label: string }) {
  return (
    <span className="shrink-0 self-center text-muted" title={label}>
      {icon}
      <span className="sr-only">{label}</span>
    </span>
  );
}

function OwnTick({ tick }: { readonly tick: ConversationView["own_tick"] }) {
  if (tick === undefined) return null;
  const labels = {
    pending: t("list.pending"),
    refused: t("list.refused"),
    sent: t("timeline.sent"),
    read: t("timeline.read"),
  };
  return (
    <span className={tick === "read" ? "text-accent-text" : undefined}>
      <Ticks tick={tick} label={labels[tick]} />
    </span>
  );
}

function LastLine({ view, users, me, isCurrent }: Props) {
  const draft = useDraft(view.conversation);
  if (view.typing && view.typing.length > 0) {
    return (
      <span className="min-w-0 grow truncate text-accent-text text-sm">
        {typingText(view.typing, (user) => users.get(user)?.name)}
      </span>
    );
  }
  if (draft.trim() !== "" && !isCurrent) {
    return (
      <span className="min-w-0 grow truncate text-muted text-sm">
        <span className="font-medium text-danger-text">{t("list.draft")}</span> {draft}
      </span>
    );
  }
  return (
    <span dir="auto" className="min-w-0 grow truncate text-muted text-sm">
      {lastLine(view, users, me)}
    </span>
  );
}

function lastLine(view: ConversationView, users: ReadonlyMap<UserId, User>, me: UserId | undefined): string {
  const { preview } = view;
  if (preview === undefined) return t("list.nothing");
  if (preview.text === undefined) return t("list.deleted");
  const text = plain(preview.text, (user) => users.get(user as UserId)?.name);
  if (view.kind === "direct" || preview.from === undefined) return text;
  if (preview.from === me) return t("list.you", { text });
  const name = users.get(preview.from)?.name;
  return name === undefined ? text : t("timeline.arrived", { name, text });
}

function Badges({ view }: { readonly view: ConversationView }) {
  return (
    <span className="flex shrink-0 items-center gap-1">
      {view.mentions > 0 && (
        <span className="inline-grid size-5 place-items-center rounded-full bg-accent text-on-accent">
          <AtSign aria-hidden="true" size={13} strokeWidth={2.5} />
          <span className="sr-only">{t("list.mentions", { n: view.mentions })}</span>
        </span>
      )}
      {view.unread > 0 && (
        <Badge
          label={t("list.unread", { n: view.unread })}
          text={view.unread > 999 ? `${number(999)}+` : number(view.unread)}
          isMuted={view.muted}
        />
      )}
      {view.pinned && view.unread === 0 && <Sign icon={<Pin size={14} />} label={t("list.pinned")} />}
    </span>
  );
}
