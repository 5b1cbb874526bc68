/** The sign of the product. Its name stands beside it in words. */
export function Mark({ size = 56 }: { readonly size?: number }) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 64 64">
      <rect width="64" height="64" rx="19" className="fill-accent" />
      <path
        d="M16 19h9.200l7.300 19.500L39.800 19H48.500L37 46.500a4.900 4.900 0 0 1-9 0z"
        className="fill-on-accent"
      />
    </svg>
  );
}
