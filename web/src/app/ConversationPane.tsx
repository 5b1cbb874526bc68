import { ArrowLeft } from "lucide-react";
import { useLocation } from "wouter";
import { Composer } from "#/features/composer/Composer";
import { countText } from "#/features/members/ConversationInfo";
import { RequestBar } from "#/features/members/RequestBar";
import { Timeline } from "#/features/timeline/Timeline";
import { t } from "#/i18n/text";
import { typingText } from "#/i18n/typing";
import { cx } from "#/lib/cx";
import { useConversation, useSnapshot } from "#/live/useClient";
import { usePresence } from "#/live/usePresence";
import type { ConversationId, Presence } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { Avatar } from "#/ui/Avatar";
import { Button } from "#/ui/Button";
import { EmptyState } from "#/ui/EmptyState";
import { IconButton } from "#/ui/IconButton";

interface Props {
  readonly id: string;
  readonly hasBack: boolean;
  readonly isInfoOpen: boolean;
  /** The message that the address names. */
  readonly target?: number | undefined;
}

/** One conversation: who it is with, what was said, and where to answer. */
export function ConversationPane({ id, hasBack, isInfoOpen, target }: Props) {
  const view = useConversation(id as ConversationId);
  const is_synced = useSnapshot((snapshot) => snapshot.connection.state === "live");
  if (!view) return is_synced ? <Unknown /> : null;
  return (
    <>
      <h1 className="sr-only">{view.title}</h1>
      <Header view={view} hasBack={hasBack} isInfoOpen={isInfoOpen} />
      <RequestBar view={view} />
      <Timeline view={view} target={target} />
      <Composer view={view} />
    </>
  );
}

interface HeaderProps extends Omit<Props, "id" | "target"> {
  readonly view: ConversationView;
}

function Header({ view, hasBack, isInfoOpen }: HeaderProps) {
  const [, go] = useLocation();
  const here = `/c/${view.conversation}`;
  return (
    <header className="flex h-15 shrink-0 items-center gap-1 border-line border-b bg-surface px-2 max-sm:px-1.5">
      {hasBack && (
        <IconButton
          label={t("app.back")}
          icon={<ArrowLeft size={22} className="rtl:-scale-x-100" />}
          onClick={() => go("/")}
        />
      )}
      <button
        type="button"
        aria-expanded={isInfoOpen}
        aria-label={t("info.about", { name: view.title })}
        onClick={() => go(isInfoOpen ? here : `${here}/info`)}
        className="flex min-w-0 grow items-center gap-3 rounded-xl px-2 py-1 text-start outline-offset-[-2px] hover:bg-hover"
      >
        <Avatar id={view.peer?.user ?? view.conversation} name={view.title} size="medium" />
        <span className="min-w-0">
          <span className="block truncate font-semibold leading-tight">
            <bdi>{view.title}</bdi>
          </span>
          <Hint view={view} />
        </span>
      </button>
    </header>
  );
}

/** Who writes, or whether the other side is there, or how many there are. */
function Hint({ view }: { readonly view: ConversationView }) {
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  const users = useSnapshot((snapshot) => snapshot.users);
  // The other side joins with the first message; before that the server tells nothing of them.
  const has_begun = view.head.head.last_seq > 0;
  const peer = has_begun && view.peer?.user !== me ? view.peer?.user : undefined;
  const presence = usePresence(peer);
  const is_typing = (view.typing?.length ?? 0) > 0;
  const is_online = presence?.state === "online";
  return (
    <span
      className={cx(
        "block truncate text-sm leading-tight",
        is_typing || is_online ? "text-accent-text" : "text-muted",
      )}
    >
      {is_typing ? typingText(view.typing ?? [], (user) => users.get(user)?.name) : hintOf(view, presence)}
    </span>
  );
}

function hintOf(view: ConversationView, presence: Presence | undefined): string {
  if (!view.peer) return countText(view.kind === "broadcast", view.head.members);
  const state = presence?.state;
  if (state === "online" || state === "away" || state === "dnd") {
    const words = t(`timeline.${state}`);
    return presence?.text === undefined ? words : t("timeline.status", { state: words, text: presence.text });
  }
  return `@${view.peer.handle}`;
}

function Unknown() {
  const [, go] = useLocation();
  return (
    <EmptyState
      label={t("timeline.unknown")}
      hint={t("timeline.unknownHint")}
      action={<Button label={t("app.home")} onClick={() => go("/")} />}
    />
  );
}
