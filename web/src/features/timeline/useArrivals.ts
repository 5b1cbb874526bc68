import { useEffect, useRef, useState } from "react";
import { t } from "#/i18n/text";
import { plain } from "#/lib/markdown";
import type { User, UserId } from "#/proto/wire";
import type { Row } from "./rows";

/** Words follow each other no faster than this. */
const SPEAK_EVERY_MS = 1_000;

/** What to read aloud about messages that arrive while the conversation is open: one a second, merged if there are more. */
export function useArrivals(rows: readonly Row[], users: ReadonlyMap<UserId, User>): string {
  const [words, setWords] = useState("");
  const heard = useRef<number>(undefined);
  const waiting = useRef<Row[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => {
    const newest = newestSeq(rows);
    const before = heard.current;
    heard.current = newest;
    // What is there at opening is not news.
    if (before === undefined || before === 0) return;
    waiting.current.push(...rows.filter((row) => isNews(row, before)));
    if (waiting.current.length === 0 || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      setWords(wordsFor(waiting.current, users));
      waiting.current = [];
    }, SPEAK_EVERY_MS);
  }, [rows, users]);

  useEffect(() => () => clearTimeout(timer.current), []);
  return words;
}

function newestSeq(rows: readonly Row[]): number {
  const row = rows.findLast((row) => row.line.kind === "sent");
  return row?.line.kind === "sent" ? row.line.message.seq : 0;
}

function isNews(row: Row, before: number): boolean {
  return row.line.kind === "sent" && !row.is_own && row.line.message.seq > before;
}

function wordsFor(rows: readonly Row[], users: ReadonlyMap<UserId, User>): string {
  const [only] = rows;
  if (rows.length !== 1 || only?.line.kind !== "sent") return t("timeline.arrivedMany", { n: rows.length });
  const { body, from } = only.line.message;
  const name = (from && users.get(from)?.name) ?? t("timeline.someone");
  const text = body?.kind === "text" ? plain(body.text, (id) => users.get(id as UserId)?.name) : "";
  return t("timeline.arrived", { name, text });
}
