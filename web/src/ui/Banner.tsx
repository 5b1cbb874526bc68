import type { ReactNode } from "react";
import { cx } from "#/lib/cx";

interface Props {
  readonly text: string;
  readonly look?: "calm" | "warning" | "danger";
  readonly icon?: ReactNode;
  readonly action?: ReactNode;
}

const LOOKS = {
  calm: "bg-sunken text-muted",
  warning: "bg-warning-soft text-warning-text",
  danger: "bg-danger-soft text-danger-text",
} as const;

/** One line about the state of things, above what it concerns. */
export function Banner({ text, look = "calm", icon, action }: Props) {
  return (
    <div role="status" className={cx("flex min-h-10 items-center gap-3 px-4 py-1.5 text-sm", LOOKS[look])}>
      {icon}
      <span className="min-w-0 grow">{text}</span>
      {action}
    </div>
  );
}
