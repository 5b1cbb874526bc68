// Dates and times in words, by the reader's language and zone.
import { language, t } from "./text";

const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a format is slow and a list needs it for every row. */
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language() + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language(), options);
    formats.set(key, found);
  }
  return found;
}

/** "14:03". */
export function clock(at_ms: number): string {
  return format({ hour: "numeric", minute: "2-digit" }).format(at_ms);
}

/** Everything, for a hover. */
export function fullTime(at_ms: number): string {
  return format({ dateStyle: "full", timeStyle: "short" }).format(at_ms);
}

/** How many midnights lie between the two. */
function daysBetween(at_ms: number, now_ms: number): number {
  const midnight = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);
  return Math.round((midnight(now_ms) - midnight(at_ms)) / DAY_MS);
}

/** For rows of a list: "14:03", "Yesterday", "Tue", "3 Mar", "03/03/2024". */
export function shortTime(at_ms: number, now_ms: number): string {
  const days = daysBetween(at_ms, now_ms);
  if (days <= 0) return clock(at_ms);
  if (days === 1) return t("time.yesterday");
  if (days < 7) return format({ weekday: "short" }).format(at_ms);
  if (isSameYear(at_ms, now_ms)) return format({ day: "numeric", month: "short" }).format(at_ms);
  return format({ dateStyle: "short" }).format(at_ms);
}

/** For separators: "Today", "Yesterday", "Tuesday", "3 March", "3 March 2024". */
export function dayName(at_ms: number, now_ms: number): string {
  const days = daysBetween(at_ms, now_ms);
  if (days <= 0) return t("time.today");
  if (days === 1) return t("time.yesterday");
  if (days < 7) return format({ weekday: "long" }).format(at_ms);
  if (isSameYear(at_ms, now_ms)) return format({ day: "numeric", month: "long" }).format(at_ms);
  return format({ dateStyle: "long" }).format(at_ms);
}

function isSameYear(at_ms: number, now_ms: number): boolean {
  return new Date(at_ms).getFullYear() === new Date(now_ms).getFullYear();
}

/** From one midnight to the next, the latter excluded. */
export interface Day {
  readonly from_ms: number;
  readonly to_ms: number;
}

/** The reader's day in which this lies. */
export function dayOf(at_ms: number): Day {
  return { from_ms: new Date(at_ms).setHours(0, 0, 0, 0), to_ms: new Date(at_ms).setHours(24, 0, 0, 0) };
}

/** "just now", "5 minutes ago", "3 days ago": for devices and the like. */
export function ago(at_ms: number, now_ms: number): string {
  const minutes = Math.round((now_ms - at_ms) / 60_000);
  if (minutes < 1) return t("time.now");
  const relative = new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  if (minutes < 60) return relative.format(-minutes, "minute");
  if (minutes < 60 * 24) return relative.format(-Math.round(minutes / 60), "hour");
  return relative.format(-Math.round(minutes / (60 * 24)), "day");
}
