import { ArrowLeft } from "lucide-react";
import { useLocation } from "wouter";
import { Composer } from "#/features/composer/Composer";
import { Timeline } from "#/features/timeline/Timeline";
import { t } from "#/i18n/text";
import { useConversation, useSnapshot } from "#/live/useClient";
import type { ConversationId } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { Avatar } from "#/ui/Avatar";
import { Button } from "#/ui/Button";
import { EmptyState } from "#/ui/EmptyState";
import { IconButton } from "#/ui/IconButton";

interface Props {
  readonly id: string;
  readonly hasBack: boolean;
}

/** One conversation: who it is with, what was said, and where to answer. */
export function ConversationPane({ id, hasBack }: Props) {
  const view = useConversation(id as ConversationId);
  const is_synced = useSnapshot((snapshot) => snapshot.connection.state === "live");
  if (!view) return is_synced ? <Unknown /> : null;
  return (
    <>
      <Header view={view} hasBack={hasBack} />
      <Timeline view={view} />
      <Composer view={view} />
    </>
  );
}

function Header({ view, hasBack }: { readonly view: ConversationView; readonly hasBack: boolean }) {
  const [, go] = useLocation();
  const hint = view.peer ? `@${view.peer.handle}` : undefined;
  return (
    <header className="flex h-15 shrink-0 items-center gap-3 border-line border-b bg-surface px-4 max-sm:px-1.5">
      {hasBack && (
        <IconButton
          label={t("app.back")}
          icon={<ArrowLeft size={22} className="rtl:-scale-x-100" />}
          onClick={() => go("/")}
        />
      )}
      <Avatar id={view.peer?.user ?? view.conversation} name={view.title} size="medium" />
      <div className="min-w-0">
        <h2 className="truncate font-semibold leading-tight">
          <bdi>{view.title}</bdi>
        </h2>
        {hint && <p className="truncate text-muted text-sm leading-tight">{hint}</p>}
      </div>
    </header>
  );
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
