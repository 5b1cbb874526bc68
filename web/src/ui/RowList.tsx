import { type ReactElement, useRef } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { useActiveRow } from "./useActiveRow";

interface Props<Row extends { readonly key: string }> {
  readonly label: string;
  readonly rows: readonly Row[];
  /** Draws a row; `tabIndex` and `data-key` belong on the one element of it that takes the focus. */
  readonly renderRow: (row: Row, tabIndex: 0 | -1) => ReactElement;
  /** The row that Tab reaches while none has been chosen by keys. */
  readonly currentKey?: string | undefined;
}

/** A list of any length that is read from its top: only what is in sight is drawn. */
export function RowList<Row extends { readonly key: string }>({
  label,
  rows,
  renderRow,
  currentKey,
}: Props<Row>) {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const { active, onKeyDown, onFocus } = useActiveRow(rows, scroller, list);
  const find = (key: string | undefined) => rows.findIndex((row) => row.key === key);
  const active_index = find(active);
  const stop = active_index === -1 ? Math.max(0, find(currentKey)) : active_index;
  return (
    <div
      ref={scroller}
      role="list"
      aria-label={label}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
      className="min-h-0 grow overflow-y-auto overflow-x-hidden overscroll-contain px-2 pb-2"
    >
      <Virtualizer
        ref={list}
        scrollRef={scroller}
        data={rows}
        bufferSize={400}
        keepMounted={rows.length > 0 ? [stop] : []}
      >
        {(row, index) => (
          <div key={row.key} role="listitem">
            {renderRow(row, index === stop ? 0 : -1)}
          </div>
        )}
      </Virtualizer>
    </div>
  );
}
