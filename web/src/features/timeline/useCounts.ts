import { createContext, useContext, useEffect, useMemo, useRef, useState } from "react";
import { useActions } from "#/live/useClient";
import type { ConversationId, Message, PostCounts } from "#/proto/wire";
import type { Row } from "./rows";

/** The server's own figures are up to ten seconds old, so asking more often tells nothing new. */
const EVERY_MS = 30_000;
/** New posts in sight are asked for once the scrolling rests. */
const REST_MS = 400;
const MAX_POSTS = 50;

export type Counted = ReadonlyMap<number, PostCounts>;

const NOTHING: Counted = new Map();

export const CountsContext = createContext<Counted>(NOTHING);

/** The figures under a post, where it has any. */
export function useCountsOf(message: Message | undefined): PostCounts | undefined {
  const counted = useContext(CountsContext);
  return message && counted.get(message.seq);
}

/** Views and reactions of the posts that are in sight; they are counters and no events, so they are asked for. */
export function useCounts(id: ConversationId, is_broadcast: boolean, inSight: readonly Row[]): Counted {
  const { counts } = useActions();
  const [counted, setCounted] = useState<Counted>(NOTHING);
  const seqs = useMemo(() => seqsOf(inSight).join(" "), [inSight]);
  const asked_at = useRef(new Map<number, number>());

  useEffect(() => {
    if (!is_broadcast || seqs === "") return;
    const shown = seqs.split(" ").map(Number);
    const ask = () => {
      const now_ms = Date.now();
      const due = shown.filter((seq) => now_ms - (asked_at.current.get(seq) ?? 0) >= EVERY_MS);
      if (due.length === 0) return;
      for (const seq of due) asked_at.current.set(seq, now_ms);
      counts(id, due).then(
        ({ posts }) =>
          setCounted((before) => new Map([...before, ...posts.map((post) => [post.seq, post] as const)])),
        // Figures are not worth words; they come with the next question.
        () => undefined,
      );
    };
    const first = setTimeout(ask, REST_MS);
    const timer = setInterval(ask, EVERY_MS);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [id, is_broadcast, seqs, counts]);
  return counted;
}

function seqsOf(rows: readonly Row[]): readonly number[] {
  return rows
    .flatMap(({ line }) => (line.kind === "sent" && !line.message.deleted ? [line.message.seq] : []))
    .slice(-MAX_POSTS);
}
