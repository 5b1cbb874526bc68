import { cx } from "#/lib/cx";

/** A grey shape in the place of what is loading; appears late, so that fast loads do not flicker. */
export function Skeleton({ className }: { readonly className: string }) {
  return (
    <span
      aria-hidden="true"
      className={cx("block rounded-lg bg-sunken motion-safe:animate-shimmer", className)}
    />
  );
}
