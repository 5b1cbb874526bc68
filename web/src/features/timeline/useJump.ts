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
  /** The row to which one was just led. */
  readonly marked: string | undefined;
}

export function useJump({ id, rows, list, target }: Means): Jump {
  const { loadAround } = useActions();
  const [wanted, setWanted] = useState<number>();
  const [marked, setMarked] = useState<string>();
  const asked = useRef<number>(undefined);

  const jump = useCallback((seq: number) => {
    asked.current = undefined;
    setWanted(seq);
  }, []);

  useEffect(() => {
    if (target !== undefined && target > 0) jump(target);
  }, [target, jump]);

  useEffect(() => {
    if (wanted === undefined) return;
    const row = rows.find(({ line }) => line.kind === "sent" && line.message.seq === wanted);
    if (row) {
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
  return { jump, marked };
}
