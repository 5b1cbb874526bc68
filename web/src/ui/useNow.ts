import { useEffect, useState } from "react";

const MINUTE_MS = 60_000;

/** The time, renewed each minute: for words like "Yesterday". */
export function useNow(): number {
  const [now_ms, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  return now_ms;
}
