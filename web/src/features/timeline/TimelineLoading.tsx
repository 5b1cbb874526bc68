import { cx } from "#/lib/cx";
import { Skeleton } from "#/ui/Skeleton";

const SHAPES = [
  ["h-10 w-3/5", false],
  ["h-16 w-1/2", false],
  ["h-10 w-2/5", true],
  ["h-10 w-1/3", false],
  ["h-16 w-3/5", true],
  ["h-10 w-1/4", true],
] as const;

/** Grey bubbles in the place of messages that are on their way. */
export function TimelineLoading({ label }: { readonly label: string }) {
  return (
    <div
      role="status"
      aria-label={label}
      className="absolute inset-0 flex flex-col justify-end overflow-hidden late"
    >
      <div className="mx-auto flex w-full max-w-[47.5rem] flex-col gap-2.5 px-3 pb-2">
        {SHAPES.map(([size, is_own]) => (
          <Skeleton key={size + is_own} className={cx(size, "rounded-2xl", is_own && "ms-auto")} />
        ))}
      </div>
    </div>
  );
}
