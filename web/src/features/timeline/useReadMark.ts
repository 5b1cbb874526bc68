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
export function useReadMark(
  id: ConversationId,
  read_seq: number,
  is_unread: boolean,
): (seen_seq: number) => void {
  const { markRead } = useActions();
  // Opening what was marked unread is reading it, though the mark is there already; marking what is open is not.
  const [was_unread, setWasUnread] = useState(is_unread);
  const has_attention = useHasAttention();
  const [seen_seq, setSeen] = useState(0);
  useEffect(() => {
    const is_news = seen_seq > read_seq || (was_unread && seen_seq > 0);
    if (!has_attention || !is_news) return;
    const timer = setTimeout(() => {
      setWasUnread(false);
      markRead(id, seen_seq);
    }, SEEN_MS);
    return () => clearTimeout(timer);
  }, [has_attention, seen_seq, read_seq, was_unread, id, markRead]);
  return useCallback((seq: number) => setSeen((before) => Math.max(before, seq)), []);
}
