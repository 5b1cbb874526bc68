import { Pencil, Reply, X } from "lucide-react";
import { t } from "#/i18n/text";
import { plain } from "#/lib/markdown";
import { type Composing, compose } from "#/live/composing";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConversationId, UserId } from "#/proto/wire";
import { IconButton } from "#/ui/IconButton";

interface Props {
  readonly id: ConversationId;
  readonly composing: Composing;
}

/** Above the field: which message is answered or edited, and how to give that up. */
export function ComposerBanner({ id, composing }: Props) {
  const { findMessage } = useActions();
  const users = useSnapshot((snapshot) => snapshot.users);
  const message = findMessage(id, composing.seq);
  const name = (message?.from && users.get(message.from)?.name) ?? t("timeline.someone");
  const text = message?.body?.kind === "text" ? message.body.text : "";
  const is_edit = composing.kind === "edit";
  const Icon = is_edit ? Pencil : Reply;
  return (
    <div className="flex items-center gap-3 border-line border-b py-1.5 ps-4 pe-1">
      <Icon aria-hidden="true" size={18} className="shrink-0 text-accent-text" />
      <p className="min-w-0 grow text-sm leading-snug" role="status">
        <span className="block truncate font-medium text-accent-text">
          {is_edit ? t("composer.editing") : t("composer.replyTo", { name })}
        </span>
        <span dir="auto" className="block truncate text-muted">
          {plain(text, (user) => users.get(user as UserId)?.name)}
        </span>
      </p>
      <IconButton
        size="small"
        label={is_edit ? t("composer.editCancel") : t("composer.replyCancel")}
        icon={<X size={17} />}
        onClick={() => compose(id, undefined)}
      />
    </div>
  );
}
