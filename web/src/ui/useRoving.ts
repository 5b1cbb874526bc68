import { type KeyboardEvent, useCallback, useRef } from "react";

/** Finds the row that a key leads to, among rows marked with `data-roving`. */
function next(rows: readonly HTMLElement[], current: number, key: string, page: number): number | undefined {
  switch (key) {
    case "ArrowDown":
      return Math.min(rows.length - 1, current + 1);
    case "ArrowUp":
      return Math.max(0, current - 1);
    case "Home":
      return 0;
    case "End":
      return rows.length - 1;
    case "PageDown":
      return Math.min(rows.length - 1, current + page);
    case "PageUp":
      return Math.max(0, current - page);
    default:
      return undefined;
  }
}

const PAGE_ROWS = 8;

/**
 * One tab stop for a whole list: arrow keys, Home, End and page keys move between rows that carry `data-roving`.
 *
 * Exactly one row has `tabIndex={0}`, the others `-1`; which one is the caller's business.
 */
export function useRoving<Element extends HTMLElement>() {
  const ref = useRef<Element>(null);
  const onKeyDown = useCallback((event: KeyboardEvent) => {
    const rows = [...(ref.current?.querySelectorAll<HTMLElement>("[data-roving]") ?? [])];
    const current = rows.findIndex((row) => row.contains(document.activeElement));
    const found = next(rows, current, event.key, PAGE_ROWS);
    if (found === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    rows[found]?.focus();
    rows[found]?.scrollIntoView({ block: "nearest" });
  }, []);
  return { ref, onKeyDown };
}
