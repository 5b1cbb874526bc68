import { Pin } from "lucide-react";
import { memo } from "react";
import { t } from "#/i18n/text";
import { plain } from "#/lib/markdown";
import { useSnapshot } from "#/live/useClient";
import type { UserId } from "#/proto/wire";
import type { Line } from "#/sync/client";

interface Props {
  readonly lines: readonly Line[];
  readonly onJump: (seq: number) => void;
}

/** The newest pinned message of those that are loaded, above the timeline; a press leads to it. */
export const PinnedBar = memo(function PinnedBar({ lines, onJump }: Props) {
  const users = useSnapshot((snapshot) => snapshot.users);
  const line = lines.findLast((each) => each.kind === "sent" && each.message.pinned && !each.message.deleted);
  if (line?.kind !== "sent" || line.message.body?.kind !== "text") return null;
  const { seq, body } = line.message;
  return (
    <button
      type="button"
      aria-label={t("pinned.show")}
      onClick={() => onJump(seq)}
      className="flex min-h-12 shrink-0 items-center gap-3 border-line border-b bg-surface px-4 py-1 text-start outline-offset-[-2px] hover:bg-hover"
    >
      <Pin aria-hidden="true" size={17} className="shrink-0 text-accent-text" />
      <span className="min-w-0 text-sm leading-snug">
        <span className="block font-medium text-accent-text">{t("pinned.label")}</span>
        <span dir="auto" className="block truncate text-muted">
          {plain(body.text, (user) => users.get(user as UserId)?.name)}
        </span>
      </span>
    </button>
  );
});
