import {
  type ReactElement,
  type ReactNode,
  type Ref,
  type RefObject,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
} from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { useActiveRow } from "./useActiveRow";

/** Nearer to the end than this, the list follows what is added. */
const STICK_PX = 40;
/** Older and newer rows are asked for this many screens ahead. */
const AHEAD_SCREENS = 1.5;

/** By less than this the place of the list and of the element differ when both mean the same. */
const MOVED_PX = 2;

/** What stands above the first row is this high, as the rows count their places from there. */
const HEAD_PX = 176;

export interface ListRow {
  readonly key: string;
}

/** What can be seen. */
export interface ListView {
  readonly first: number;
  /** The last row of which at least half is inside. */
  readonly last: number;
  readonly isAtEnd: boolean;
  /** Screens between here and the end. */
  readonly screensToEnd: number;
}

export interface ListHandle {
  scrollToEnd(): void;
  scrollToKey(key: string): void;
  focusEnd(): void;
}

interface Props<Row extends ListRow> {
  readonly label: string;
  readonly rows: readonly Row[];
  /** Draws a row; `tabIndex` belongs on the one element of it that takes the focus, with `data-key`. */
  readonly renderRow: (row: Row, tabIndex: 0 | -1) => ReactElement;
  /** Stands at the top when the list opens; without it the list opens at its end. */
  readonly openAtKey?: string | undefined;
  readonly isBusy: boolean;
  readonly onView: (view: ListView) => void;
  readonly onNearStart: () => void;
  readonly onNearEnd: () => void;
  readonly ref?: Ref<ListHandle>;
  /** Shown above the first row, outside of the virtual part. */
  readonly children?: ReactNode;
}

/**
 * A list that opens at its end and grows at both: what is being read stays where it is when rows are added before it or
 * change their height, and the end is followed only while it is in sight.
 */
export function VirtualList<Row extends ListRow>(props: Props<Row>) {
  const { label, rows, renderRow, openAtKey, isBusy, ref } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const isStuck = useRef(openAtKey === undefined);
  const lastOffset = useRef(0);
  const anchor = useRef<Anchor>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const is_shifted = useShift(rows);
  const { active, focusRow, onKeyDown, onFocus } = useActiveRow(rows, scroller, list);

  const look = useCallback(() => {
    const handle = list.current;
    const { rows, onView, onNearStart, onNearEnd } = latest.current;
    // Before it is laid out nothing can be said.
    if (!handle || rows.length === 0 || handle.viewportSize === 0) return;
    // Rows that came at the start moved the place; the list learns of it with the scroll event that follows, and until
    // then it would look at the wrong rows and ask for still older ones.
    if (Math.abs((scroller.current?.scrollTop ?? 0) - handle.scrollOffset) > MOVED_PX) return;
    const view = measure(handle, rows.length);
    // Rows that turn out higher than guessed also move the end away; only a scroll upwards means that one left it.
    if (view.isAtEnd) isStuck.current = true;
    else if (handle.scrollOffset < lastOffset.current - 1) isStuck.current = false;
    lastOffset.current = handle.scrollOffset;
    anchor.current = anchorAt(handle, rows);
    onView(view);
    if (handle.scrollOffset < handle.viewportSize * AHEAD_SCREENS) onNearStart();
    if (view.screensToEnd < AHEAD_SCREENS) onNearEnd();
  }, []);

  const toEnd = useCallback(() => {
    isStuck.current = true;
    const n_rows = latest.current.rows.length;
    if (n_rows > 0) list.current?.scrollToIndex(n_rows - 1, { align: "end" });
  }, []);

  const has_head = Boolean(props.children);
  useHeadRoom(scroller, has_head, isStuck);

  const has_rows = rows.length > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the place to open at counts once, when the first rows come.
  useLayoutEffect(() => {
    if (!has_rows) return;
    const index = openAtKey === undefined ? -1 : rows.findIndex((row) => row.key === openAtKey);
    if (index === -1) toEnd();
    else list.current?.scrollToIndex(index, { align: "start" });
  }, [has_rows]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs whenever rows come or go.
  useLayoutEffect(() => {
    if (isStuck.current) toEnd();
    else if (!is_shifted) keepAnchor(list.current, rows, anchor.current);
  }, [rows.length, rows.at(-1)?.key]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: rows that come or go change what can be seen.
  useEffect(look, [rows.length]);

  // The keyboard of a phone, a banner, another window size: the end stays in sight if it was.
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let frame = 0;
    const observer = new ResizeObserver(() => {
      if (isStuck.current) toEnd();
      look();
      // The list beneath learns its size in the same moment, maybe after this; a short one then never scrolls.
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(look);
    });
    observer.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
    };
  }, [look, toEnd]);

  useImperativeHandle(ref, () => ({
    scrollToEnd: toEnd,
    scrollToKey(key) {
      const index = latest.current.rows.findIndex((row) => row.key === key);
      if (index === -1) return;
      isStuck.current = false;
      list.current?.scrollToIndex(index, { align: "center" });
    },
    focusEnd() {
      focusRow(latest.current.rows.length - 1);
    },
  }));

  // Not with every step of the scroll: the rows may be thousands.
  const active_index = useMemo(() => rows.findIndex((row) => row.key === active), [rows, active]);
  return (
    <div
      ref={scroller}
      role="feed"
      aria-label={label}
      aria-busy={isBusy}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
      className="absolute inset-0 flex flex-col overflow-y-auto overflow-x-hidden overscroll-contain [overflow-anchor:none]"
    >
      <div style={{ minHeight: has_head ? HEAD_PX : 0 }} className="flex shrink-0 grow flex-col justify-end">
        {props.children}
      </div>
      <Virtualizer
        ref={list}
        scrollRef={scroller}
        data={rows}
        shift={is_shifted}
        startMargin={has_head ? HEAD_PX : 0}
        bufferSize={600}
        keepMounted={active_index === -1 ? [] : [active_index]}
        onScroll={look}
        onResize={() => {
          if (isStuck.current) toEnd();
          else look();
        }}
      >
        {(row, index) => (
          <Item key={row.key}>
            {renderRow(
              row,
              row.key === active || (active_index === -1 && index === rows.length - 1) ? 0 : -1,
            )}
          </Item>
        )}
      </Virtualizer>
    </div>
  );
}

/** Virtualizer reads the key of what it is given; the row itself is drawn by the caller. */
function Item({ children }: { readonly children: ReactElement }) {
  return children;
}

function measure(handle: VirtualizerHandle, n_rows: number): ListView {
  const end = handle.scrollOffset + handle.viewportSize;
  const distance_px = handle.scrollSize - end;
  let last = handle.findItemIndex(end);
  if (last > 0 && handle.getItemOffset(last) + handle.getItemSize(last) / 2 > end) last -= 1;
  return {
    first: handle.findItemIndex(handle.scrollOffset),
    last: Math.min(last, n_rows - 1),
    isAtEnd: distance_px <= STICK_PX,
    screensToEnd: distance_px / Math.max(1, handle.viewportSize),
  };
}

/** The row in the middle of what is seen, and how far the upper edge is below its own. */
interface Anchor {
  readonly key: string;
  readonly index: number;
  readonly within_px: number;
}

function anchorAt(handle: VirtualizerHandle, rows: readonly ListRow[]): Anchor | undefined {
  const index = handle.findItemIndex(handle.scrollOffset + handle.viewportSize / 2);
  const key = rows[index]?.key;
  if (key === undefined) return undefined;
  return { key, index, within_px: handle.scrollOffset - handle.getItemOffset(index) };
}

/** Rows that fill a hole above what is being read must not push it away. */
function keepAnchor(
  handle: VirtualizerHandle | null,
  rows: readonly ListRow[],
  anchor: Anchor | undefined,
): void {
  if (!handle || !anchor || rows[anchor.index]?.key === anchor.key) return;
  const index = rows.findIndex((row) => row.key === anchor.key);
  if (index !== -1) handle.scrollTo(handle.getItemOffset(index) + anchor.within_px);
}

/** What comes to stand above the first row must not push down what is being read. */
function useHeadRoom(
  scroller: RefObject<HTMLElement | null>,
  has_head: boolean,
  isStuck: RefObject<boolean>,
): void {
  const had_head = useRef(has_head);
  useLayoutEffect(() => {
    if (has_head === had_head.current) return;
    had_head.current = has_head;
    if (!isStuck.current)
      scroller.current?.scrollBy({ top: has_head ? HEAD_PX : -HEAD_PX, behavior: "instant" });
  }, [scroller, has_head, isStuck]);
}

/** Whether this render adds or removes rows at the start, so that the place has to be kept from the end. */
function useShift(rows: readonly ListRow[]): boolean {
  const before = useRef<readonly ListRow[]>([]);
  const first = before.current[0]?.key;
  const is_shifted =
    first !== undefined &&
    rows[0] !== undefined &&
    rows[0].key !== first &&
    (rows.some((row) => row.key === first) || before.current.some((row) => row.key === rows[0]?.key));
  useLayoutEffect(() => {
    before.current = rows;
  });
  return is_shifted;
}
