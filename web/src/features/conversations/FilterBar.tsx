import { t } from "#/i18n/text";
import { cx } from "#/lib/cx";
import type { Filter } from "./filters";

interface Props {
  readonly filters: readonly Filter[];
  readonly chosen: Filter;
  readonly onChoose: (filter: Filter) => void;
}

/** The kinds of conversations to look at, side by side. */
export function FilterBar({ filters, chosen, onChoose }: Props) {
  return (
    <fieldset
      aria-label={t("list.filters")}
      className="fade-end flex min-w-0 shrink-0 gap-1 overflow-x-auto px-3 pb-2 [scrollbar-width:none]"
    >
      {filters.map((filter) => (
        <button
          key={filter}
          type="button"
          aria-pressed={filter === chosen}
          onClick={() => onChoose(filter)}
          className={cx(
            "min-h-8 shrink-0 rounded-full px-3 text-sm transition-colors pointer-coarse:min-h-10",
            filter === chosen ? "bg-selected font-medium text-accent-text" : "text-muted hover:bg-hover",
          )}
        >
          {t(`list.filters.${filter}`)}
        </button>
      ))}
    </fieldset>
  );
}
