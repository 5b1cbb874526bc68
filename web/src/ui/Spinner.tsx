/** A turning ring; whoever shows it says in words what is awaited. */
export function Spinner() {
  return (
    <span
      aria-hidden="true"
      className="inline-block size-4 rounded-full border-2 border-current border-e-transparent motion-safe:animate-spin"
    />
  );
}
