import { useCallback, useEffect, useState } from "react";
import { useActions } from "#/live/useClient";
import type { ConversationId } from "#/proto/wire";
import { useHasAttention } from "#/ui/useAttention";

/** A message counts as read once it was in sight this long. */
const SEEN_MS = 300;

/**
 * Moves the read mark to what is really seen: the page visible, its window focused, the message in sight for a moment.
 * Returns how to tell which message is the last one in sight.
 */
export function useReadMark(id: ConversationId, read_seq: number): (seen_seq: number) => void {
  const { markRead } = useActions();
  const has_attention = useHasAttention();
  const [seen_seq, setSeen] = useState(0);
  useEffect(() => {
    if (!has_attention || seen_seq <= read_seq) return;
    const timer = setTimeout(() => markRead(id, seen_seq), SEEN_MS);
    return () => clearTimeout(timer);
  }, [has_attention, seen_seq, read_seq, id, markRead]);
  return useCallback((seq: number) => setSeen((before) => Math.max(before, seq)), []);
}
