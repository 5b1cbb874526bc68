import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { useActions } from "#/live/useClient";
import type { ConversationId } from "#/proto/wire";
import type { ListHandle } from "#/ui/VirtualList";
import type { Row } from "./rows";

const MARKED_MS = 2_000;

interface Means {
  readonly id: ConversationId;
  readonly rows: readonly Row[];
  readonly list: RefObject<ListHandle | null>;
  /** Where the address leads. */
  readonly target: number | undefined;
}

interface Jump {
  /** Leads to a message, loading what is around it if need be. */
  readonly jump: (seq: number) => void;
  /** Leads to the end, loading the newest messages if need be. */
  readonly toLatest: (last_seq: number) => void;
  /** The row to which one was just led. */
  readonly marked: string | undefined;
}

export function useJump({ id, rows, list, target }: Means): Jump {
  const { loadAround } = useActions();
  const [wanted, setWanted] = useState<number>();
  const [marked, setMarked] = useState<string>();
  const asked = useRef<number>(undefined);
  const is_to_end = useRef(false);

  const jump = useCallback((seq: number) => {
    asked.current = undefined;
    is_to_end.current = false;
    setWanted(seq);
  }, []);
  const toLatest = useCallback(
    (last_seq: number) => {
      if (rows.some(({ line }) => line.kind === "sent" && line.message.seq === last_seq))
        return list.current?.scrollToEnd();
      jump(last_seq);
      is_to_end.current = true;
    },
    [rows, list, jump],
  );

  useEffect(() => {
    if (target !== undefined && target > 0) jump(target);
  }, [target, jump]);

  useEffect(() => {
    if (wanted === undefined) return;
    const row = rows.find(({ line }) => line.kind === "sent" && line.message.seq === wanted);
    if (row && is_to_end.current) {
      list.current?.scrollToEnd();
      setWanted(undefined);
    } else if (row) {
      list.current?.scrollToKey(row.key);
      setMarked(row.key);
      setWanted(undefined);
    } else if (asked.current !== wanted) {
      asked.current = wanted;
      loadAround(id, wanted);
    }
  }, [wanted, rows, list, id, loadAround]);

  useEffect(() => {
    if (marked === undefined) return;
    const timer = setTimeout(() => setMarked(undefined), MARKED_MS);
    return () => clearTimeout(timer);
  }, [marked]);
  return { jump, toLatest, marked };
}
