import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { VirtualizerHandle } from "virtua";

const PAGE_ROWS = 8;

/**
 * One tab stop for a virtual list: one row takes the focus and stays mounted however far one scrolls.
 *
 * The focusable element of each row carries its key as `data-key`.
 */
export function useActiveRow(
  rows: readonly { readonly key: string }[],
  scroller: RefObject<HTMLElement | null>,
  list: RefObject<VirtualizerHandle | null>,
) {
  const [active, setActive] = useState<string>();
  const wanted = useRef<string>(undefined);

  const focusRow = (index: number) => {
    const key = rows[index]?.key;
    if (key === undefined) return;
    list.current?.scrollToIndex(index, { align: "nearest" });
    wanted.current = key;
    setActive(key);
    if (key === active) focusElement(scroller.current, key);
  };

  useEffect(() => {
    if (active === undefined || wanted.current !== active) return;
    wanted.current = undefined;
    focusElement(scroller.current, active);
  }, [active, scroller]);

  const onKeyDown = (event: KeyboardEvent) => {
    // Keys pressed inside of a row, in a field or on a button of it, are that row's own.
    if (event.altKey || event.ctrlKey || event.metaKey || ownKey(event.target) === undefined) return;
    const current = rows.findIndex((row) => row.key === ownKey(event.target));
    const next = nextIndex(event.key, current, rows.length);
    if (next === undefined) return;
    event.preventDefault();
    focusRow(next);
  };
  const onFocus = (event: { readonly target: EventTarget }) => {
    const key = (event.target as HTMLElement).closest<HTMLElement>("[data-key]")?.dataset.key;
    if (key !== undefined) setActive(key);
  };
  return { active, focusRow, onKeyDown, onFocus };
}

function ownKey(target: EventTarget): string | undefined {
  return (target as HTMLElement).dataset.key;
}

function focusElement(scroller: HTMLElement | null, key: string): void {
  scroller?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

function nextIndex(key: string, current: number, n_rows: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowUp: current - 1,
    ArrowDown: current + 1,
    PageUp: current - PAGE_ROWS,
    PageDown: current + PAGE_ROWS,
    Home: 0,
    End: n_rows - 1,
  };
  const step = steps[key];
  return step === undefined ? undefined : Math.min(n_rows - 1, Math.max(0, step));
}
