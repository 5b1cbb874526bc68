import { number, t } from "#/i18n/text";
import { cx } from "#/lib/cx";
import type { Message } from "#/proto/wire";

interface Props {
  readonly reactions: NonNullable<Message["reactions"]>;
  readonly onToggle: (emoji: string, on: boolean) => void;
  readonly isOwn: boolean;
}

/** What people felt about a message; a press joins in or takes it back. */
export function Reactions({ reactions, onToggle, isOwn }: Props) {
  return (
    <ul
      aria-label={t("reactions.label")}
      className={cx("flex flex-wrap gap-1.5 px-1 pb-1.5", isOwn && "justify-end")}
    >
      {reactions.map(({ emoji, count, mine }) => (
        <li key={emoji}>
          <button
            type="button"
            aria-pressed={mine ?? false}
            aria-label={t("reactions.one", { emoji, n: count })}
            onClick={() => onToggle(emoji, !mine)}
            className={cx(
              "flex h-7 items-center gap-1 rounded-full px-2 text-sm tabular-nums ring-1 transition-colors",
              mine
                ? "bg-selected font-medium text-accent-text ring-accent-text"
                : "bg-surface text-muted ring-line hover:bg-hover",
            )}
          >
            <span aria-hidden="true">{emoji}</span>
            <span aria-hidden="true">{number(count)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
