import { useEffect, useRef, useState } from "react";

const MAX_DELAY_MS = 1_000;

interface Keyed {
  readonly conversation: string;
}

/**
 * The rows in an order that does not change under the pointer: a new order waits until the pointer leaves, a second at
 * most. The rows themselves are always the latest; new and vanished ones are never held back.
 */
export function useCalmOrder<Row extends Keyed>(rows: readonly Row[], isHovered: boolean): readonly Row[] {
  const [kept, setKept] = useState(rows);
  const waiting_since_ms = useRef<number>(undefined);
  const is_moved = !isSameOrder(rows, kept);

  useEffect(() => {
    if (!is_moved) {
      waiting_since_ms.current = undefined;
      return;
    }
    if (!isHovered) return setKept(rows);
    waiting_since_ms.current ??= performance.now();
    const left_ms = MAX_DELAY_MS - (performance.now() - waiting_since_ms.current);
    const timer = setTimeout(() => setKept(rows), Math.max(0, left_ms));
    return () => clearTimeout(timer);
  }, [is_moved, isHovered, rows]);

  return is_moved && isHovered ? inOrderOf(rows, kept) : rows;
}

function isSameOrder(one: readonly Keyed[], other: readonly Keyed[]): boolean {
  return (
    one.length === other.length && one.every((row, index) => row.conversation === other[index]?.conversation)
  );
}

function inOrderOf<Row extends Keyed>(rows: readonly Row[], order: readonly Keyed[]): readonly Row[] {
  const place = new Map(order.map((row, index) => [row.conversation, index]));
  const is_same_set = rows.length === order.length && rows.every((row) => place.has(row.conversation));
  if (!is_same_set) return rows;
  return rows.toSorted(
    (one, other) => (place.get(one.conversation) ?? 0) - (place.get(other.conversation) ?? 0),
  );
}
