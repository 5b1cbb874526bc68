import { useEffect, useRef, useState } from "react";
import { useHasAttention } from "#/ui/useAttention";

/**
 * After which `seq` the unread divider stands, if anywhere: at the mark as it was when the conversation was opened, or
 * when one looked away. It stays while one reads, and goes when one writes: who answers is up to date.
 */
export function useDivider(
  read_seq: number,
  n_unread: number,
  own_key: string | undefined,
): number | undefined {
  const [after, setAfter] = useState(n_unread > 0 ? read_seq : undefined);
  const has_attention = useHasAttention();
  const mark = useRef(read_seq);
  mark.current = read_seq;
  useEffect(() => {
    if (!has_attention) setAfter(mark.current);
  }, [has_attention]);
  const before = useRef(own_key);
  useEffect(() => {
    if (own_key !== undefined && own_key !== before.current) setAfter(undefined);
    before.current = own_key;
  }, [own_key]);
  return after;
}
