// Refusals in words. The code decides; what the server says in English is for logs.
import { en } from "./en";
import { type TextKey, t } from "./text";

/** What is known of an error: a refusal of the wire has a `code`. */
interface Coded {
  readonly code?: unknown;
  /** What of the request is refused. */
  readonly field?: unknown;
}

const NOTHING: Coded = {};

/** A sentence for a code of the wire, and for everything else that may be thrown. */
export function refusalText(error: unknown): string {
  const { code, field } = typeof error === "object" && error !== null ? (error as Coded) : NOTHING;
  if (code === "conflict" && field === "name") return t("refusal.nameAlike");
  return codeText(typeof code === "string" ? code : "network");
}

export function codeText(code: string): string {
  const key = `refusal.${code}`;
  return key in en ? t(key as PlainRefusal) : t("refusal.internal");
}

type PlainRefusal = Extract<TextKey, `refusal.${string}`>;
