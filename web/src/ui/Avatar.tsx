import type { CSSProperties } from "react";
import { cx } from "#/lib/cx";
import { hue, initials } from "#/lib/identity";

interface Props {
  /** Decides the colour. */
  readonly id: string;
  readonly name: string;
  readonly size?: "tiny" | "small" | "medium" | "normal" | "big" | "large";
}

const SIZES = {
  tiny: "size-6 text-[0.625rem]",
  small: "size-8 text-xs",
  medium: "size-10 text-sm",
  normal: "size-12 text-base",
  big: "size-18 text-2xl",
  large: "size-24 text-3xl",
} as const;

/** Two letters on a colour of one's own. Decoration: the name stands beside it. */
export function Avatar({ id, name, size = "normal" }: Props) {
  return (
    <span
      aria-hidden="true"
      style={{ "--hue": hue(id) } as CSSProperties}
      className={cx(
        "person-fill inline-grid shrink-0 select-none place-items-center rounded-full font-semibold text-on-accent tracking-wide",
        SIZES[size],
      )}
    >
      {initials(name)}
    </span>
  );
}
