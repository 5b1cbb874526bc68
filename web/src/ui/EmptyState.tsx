import type { ReactNode } from "react";

interface Props {
  readonly label: string;
  readonly hint?: string;
  readonly icon?: ReactNode;
  readonly action?: ReactNode;
}

/** What stands in an empty place: why it is empty, and what one can do. */
export function EmptyState({ label, hint, icon, action }: Props) {
  return (
    <div className="m-auto flex max-w-xs flex-col items-center gap-1.5 p-8 text-center">
      {icon && (
        <span className="mb-3 grid size-16 place-items-center rounded-full bg-selected text-accent-text">
          {icon}
        </span>
      )}
      <p className="font-semibold text-base">{label}</p>
      {hint && <p className="text-balance text-muted">{hint}</p>}
      {action && <div className="mt-4 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}
