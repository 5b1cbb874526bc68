import { Hand, NotebookPen } from "lucide-react";
import { t } from "#/i18n/text";
import { useSnapshot } from "#/live/useClient";
import type { ConversationView } from "#/sync/client";
import { Avatar } from "#/ui/Avatar";
import { EmptyState } from "#/ui/EmptyState";

/** Stands above the very first message: whose conversation it is, and what it is for. */
export function Origin({ view }: { readonly view: ConversationView }) {
  const { description } = view.head;
  return (
    <div className="flex flex-col items-center gap-1 px-6 pt-6 pb-3 text-center">
      <Avatar id={view.peer?.user ?? view.conversation} name={view.title} size="big" />
      <p className="mt-1.5 line-clamp-1 max-w-md break-all text-sm">
        {t("timeline.begin", { name: view.title })}
      </p>
      {description && (
        <p dir="auto" className="line-clamp-1 max-w-md break-words text-muted text-sm">
          {description}
        </p>
      )}
    </div>
  );
}

/** Stands in the place of messages where there are none yet. */
export function Beginning({ view }: { readonly view: ConversationView }) {
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  const is_self = view.kind === "direct" && view.peer?.user === me;
  return (
    <div className="flex h-full overflow-y-auto">
      <EmptyState
        icon={is_self ? <NotebookPen size={28} /> : <Hand size={28} />}
        label={t("timeline.empty")}
        hint={is_self ? t("timeline.emptySelf") : t("timeline.emptyHint", { name: view.title })}
      />
    </div>
  );
}
