import { Check, CheckCheck, CircleAlert, Clock } from "lucide-react";

export type Tick = "pending" | "refused" | "sent" | "read";

interface Props {
  readonly tick: Tick;
  readonly label: string;
}

const ICONS = { pending: Clock, refused: CircleAlert, sent: Check, read: CheckCheck } as const;

/** How far a message got. Each state has its own shape, so that colour is never needed to tell. */
export function Ticks({ tick, label }: Props) {
  const Icon = ICONS[tick];
  return (
    <span className={tick === "refused" ? "inline-flex text-danger-text" : "inline-flex"} title={label}>
      <Icon aria-hidden="true" size={tick === "pending" ? 13 : 16} strokeWidth={2.25} />
      <span className="sr-only">{label}</span>
    </span>
  );
}
