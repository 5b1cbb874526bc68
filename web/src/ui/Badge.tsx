import { cx } from "#/lib/cx";

interface Props {
  /** Read aloud in place of what is shown. */
  readonly label: string;
  readonly text: string;
  readonly isMuted?: boolean;
}

/** A small count or sign in a pill. */
export function Badge({ label, text, isMuted }: Props) {
  return (
    <span
      className={cx(
        "inline-grid h-5 min-w-5 shrink-0 place-items-center rounded-full px-1.5 font-semibold text-xs tabular-nums",
        isMuted ? "bg-sunken text-muted" : "bg-accent text-on-accent",
      )}
    >
      <span aria-hidden="true">{text}</span>
      <span className="sr-only">{label}</span>
    </span>
  );
}
