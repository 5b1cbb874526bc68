import { ChevronDown } from "lucide-react";
import { number, t } from "#/i18n/text";

interface Props {
  readonly nNew: number;
  readonly onJump: () => void;
}

/** Leads back to the latest message and tells how many came meanwhile. */
export function JumpButton({ nNew, onJump }: Props) {
  const label =
    nNew > 0 ? `${t("timeline.latest")}, ${t("timeline.latestNew", { n: nNew })}` : t("timeline.latest");
  return (
    <button
      type="button"
      aria-label={label}
      title={t("timeline.latest")}
      onClick={onJump}
      className="absolute end-4 bottom-3 grid size-11 place-items-center rounded-full bg-raised text-muted shadow-raised ring-1 ring-line hover:text-text motion-safe:animate-rise"
    >
      <ChevronDown aria-hidden="true" size={22} />
      {nNew > 0 && (
        <span
          aria-hidden="true"
          className="absolute -top-1.5 grid h-5 min-w-5 place-items-center rounded-full bg-accent px-1.5 font-semibold text-on-accent text-xs tabular-nums"
        >
          {number(nNew)}
        </span>
      )}
    </button>
  );
}
