import { Eye, Pin } from "lucide-react";
import { memo, useState } from "react";
import { compact, t } from "#/i18n/text";
import { clock, fullTime } from "#/i18n/time";
import { cx } from "#/lib/cx";
import { emojiCount } from "#/lib/emoji";
import { hue } from "#/lib/identity";
import { plain } from "#/lib/markdown";
import type { Body, ConversationId, Message, User, UserId } from "#/proto/wire";
import type { Line } from "#/sync/client";
import { Avatar } from "#/ui/Avatar";
import { RichText } from "#/ui/RichText";
import { type Tick, Ticks } from "#/ui/Ticks";
import { Quote } from "./Quote";
import { Reactions } from "./Reactions";
import { Refused } from "./Refused";
import { Toolbar, useMessageGestures } from "./Toolbar";
import { useCountsOf } from "./useCounts";
import { useMessageActions } from "./useMessageActions";

type Spoken = Extract<Line, { kind: "sent" | "pending" | "refused" }>;

interface Props {
  readonly conversation: ConversationId;
  readonly line: Spoken;
  /** One was just led here. */
  readonly isMarked: boolean;
  readonly at_ms: number;
  readonly author: User | undefined;
  readonly users: ReadonlyMap<UserId, User>;
  readonly me: UserId | undefined;
  readonly isOwn: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Several people write here, so each needs a name and a face. */
  readonly hasNames: boolean;
  readonly tabIndex: 0 | -1;
}

/** One message. */
export const Bubble = memo(function Bubble(props: Props) {
  const { line, isOwn, isFirst, isLast, hasNames, author, tabIndex, isMarked } = props;
  const message = messageOf(line);
  const gestures = useMessageGestures(message);
  const name = nameOf(props);
  const [isUnderPointer, setUnderPointer] = useState(false);
  return (
    <article
      {...gestures}
      onMouseEnter={() => setUnderPointer(true)}
      onMouseLeave={() => setUnderPointer(false)}
      data-key={line.key}
      tabIndex={tabIndex}
      aria-label={spoken(props, name)}
      className={cx(
        "flex items-end gap-2 rounded-2xl pointer-coarse:select-none",
        isOwn && "flex-row-reverse",
        isFirst ? "pt-2" : "pt-0.5",
        isMarked && "motion-safe:animate-mark bg-selected",
      )}
    >
      {hasNames && !isOwn && (
        <span className="w-8 shrink-0">
          {isLast && <Avatar id={author?.user ?? ""} name={name} size="small" />}
        </span>
      )}
      <div className={cx("flex min-w-0 max-w-[min(88%,36rem)] flex-col gap-1", isOwn && "items-end")}>
        <Box {...props} name={name} />
        {message && !message.deleted && <MessageReactions message={message} isOwn={isOwn} />}
        {line.kind === "refused" && <Refused line={line} />}
      </div>
      <div className="hidden min-w-8 grow basis-0 self-stretch pointer-fine:block">
        {isUnderPointer && message && !message.deleted && <Toolbar message={message} isOwn={isOwn} />}
      </div>
    </article>
  );
});

/** The bubble itself: who, what is answered, the words, and when. */
function Box(props: Props & { readonly name: string }) {
  const { line, isOwn, isFirst, hasNames, author, name, conversation } = props;
  const message = messageOf(line);
  const is_jumbo = jumbo(line) > 0;
  const reply_to = message ? message.reply_to : line.kind === "sent" ? undefined : line.reply_to;
  const { jump } = useMessageActions();
  return (
    <div className={cx("relative min-w-16 max-w-full px-3 py-1.5", shape(props), !is_jumbo && ground(isOwn))}>
      {hasNames && !isOwn && isFirst && <Author id={author?.user ?? ""} name={name} />}
      {reply_to !== undefined && !message?.deleted && (
        <Quote conversation={conversation} seq={reply_to} isOwn={isOwn} onJump={jump} />
      )}
      <Words {...props} isJumbo={is_jumbo} />
      <Meta {...props} />
    </div>
  );
}

function MessageReactions({ message, isOwn }: { readonly message: Message; readonly isOwn: boolean }) {
  const { react } = useMessageActions();
  const counts = useCountsOf(message);
  const reactions = counts?.reactions ?? message.reactions ?? [];
  if (reactions.length === 0) return null;
  return (
    <Reactions reactions={reactions} isOwn={isOwn} onToggle={(emoji, on) => react(message, emoji, on)} />
  );
}

function messageOf(line: Spoken): Message | undefined {
  return line.kind === "sent" ? line.message : undefined;
}

function nameOf({ isOwn, author }: Props): string {
  return isOwn ? t("timeline.you") : (author?.name ?? t("timeline.someone"));
}

function ground(is_own: boolean): string {
  return is_own ? "bg-own" : "bg-other shadow-bubble";
}

/** The corners on the sender's side are tight where bubbles of one group meet. */
function shape({ isOwn, isFirst }: Props): string {
  if (isOwn) return cx("rounded-2xl rounded-ee-md", !isFirst && "rounded-se-md");
  return cx("rounded-2xl rounded-es-md", !isFirst && "rounded-ss-md");
}

function Author({ id, name }: { readonly id: string; readonly name: string }) {
  return (
    <bdi
      className="person-text block w-fit max-w-full truncate font-semibold text-sm"
      style={personStyle(id)}
    >
      {name}
    </bdi>
  );
}

function Words({ line, users, me, isOwn, at_ms, isJumbo }: Props & { readonly isJumbo: boolean }) {
  if (line.kind === "sent" && line.message.deleted)
    return <Aside text={t("timeline.deleted")} tail={tail(line, isOwn, at_ms)} />;
  const body = bodyOf(line);
  if (body?.kind !== "text")
    return <Aside text={t("timeline.unknownBody")} tail={tail(line, isOwn, at_ms)} />;
  if (isJumbo) return <p className="pb-4 text-5xl leading-tight">{body.text}</p>;
  const named = line.kind === "sent" ? line.message.mentions?.users : undefined;
  return (
    <div className="break-words [overflow-wrap:anywhere]">
      <RichText
        source={body.text}
        nameOf={(id) =>
          named?.includes(id as UserId) ? (users.get(id as UserId)?.name ?? undefined) : undefined
        }
        self={me}
        spoilerLabel={t("timeline.spoiler")}
        tail={tail(line, isOwn, at_ms)}
      />
    </div>
  );
}

function Aside({ text, tail }: { readonly text: string; readonly tail: string }) {
  return (
    <p className="text-muted italic">
      {text}
      <span aria-hidden="true" className="invisible inline-block h-4 ps-2 text-xs not-italic">
        {tail}
      </span>
    </p>
  );
}

/** What `Meta` will cover: the time, the word "edited" and the width of the ticks. */
function tail(line: Spoken, is_own: boolean, at_ms: number): string {
  const edited = isEdited(line) ? `${t("timeline.edited")} ` : "";
  const pin = isPinned(line) ? "\u2003\u2002" : "";
  // A broadcast shows how often a post was seen.
  const views = line.kind === "sent" && line.message.from === undefined ? "\u2003\u2003\u2002" : "";
  return views + pin + edited + clock(at_ms) + (is_own ? "\u2003\u2002" : "");
}

function Meta({ line, isOwn, at_ms }: Props) {
  const views = useCountsOf(messageOf(line))?.views;
  return (
    <span
      className={cx(
        "absolute end-3 bottom-1.5 flex h-4 select-none items-center gap-1 text-xs",
        isOwn ? "text-own-muted" : "text-muted",
      )}
    >
      {views !== undefined && (
        <span className="flex items-center gap-0.5 tabular-nums" title={t("timeline.views", { n: views })}>
          <Eye aria-hidden="true" size={13} />
          <span aria-hidden="true">{compact(views)}</span>
          <span className="sr-only">{t("timeline.views", { n: views })}</span>
        </span>
      )}
      {isPinned(line) && (
        <span title={t("message.pinned")}>
          <Pin aria-hidden="true" size={12} />
          <span className="sr-only">{t("message.pinned")}</span>
        </span>
      )}
      {isEdited(line) && <span>{t("timeline.edited")}</span>}
      <time dateTime={new Date(at_ms).toISOString()} title={fullTime(at_ms)}>
        {clock(at_ms)}
      </time>
      {isOwn && <Ticks tick={tickOf(line)} label={statusText(line)} />}
    </span>
  );
}

function tickOf(line: Spoken): Tick {
  return line.kind === "sent" ? line.status : line.kind;
}

function statusText(line: Spoken): string {
  if (line.kind === "pending") return line.is_sending ? t("timeline.sending") : t("timeline.queued");
  if (line.kind === "refused") return t("timeline.failed");
  return line.status === "read" ? t("timeline.read") : t("timeline.sent");
}

function isEdited(line: Spoken): boolean {
  return line.kind === "sent" && (line.message.edits ?? 0) > 0 && !line.message.deleted;
}

function isPinned(line: Spoken): boolean {
  return line.kind === "sent" && line.message.pinned === true && !line.message.deleted;
}

function bodyOf(line: Spoken): Body | undefined {
  return line.kind === "sent" ? line.message.body : line.body;
}

/** How many emoji the message is, if it is nothing else and few enough to be drawn large. */
function jumbo(line: Spoken): number {
  if (line.kind === "sent" && line.message.deleted) return 0;
  const body = bodyOf(line);
  return body?.kind === "text" ? emojiCount(body.text) : 0;
}

/** The message as one sentence for screen readers. */
function spoken({ line, users, isOwn, at_ms }: Props, name: string): string {
  const body = bodyOf(line);
  const is_deleted = line.kind === "sent" && line.message.deleted;
  const text = body?.kind === "text" ? plain(body.text, (id) => users.get(id as UserId)?.name) : "";
  const words = is_deleted ? t("timeline.deleted") : text || t("timeline.unknownBody");
  const reactions = line.kind === "sent" && !is_deleted ? (line.message.reactions ?? []) : [];
  const felt = reactions.map(({ emoji, count }) => t("reactions.one", { emoji, n: count }));
  return [name, clock(at_ms), words, ...felt, isOwn ? statusText(line) : ""].filter(Boolean).join(", ");
}

function personStyle(id: string): React.CSSProperties {
  return { "--hue": hue(id) } as React.CSSProperties;
}
