// What was typed and not sent, per conversation, kept on this device across reloads.
import { useSyncExternalStore } from "react";
import type { ConversationId } from "#/proto/wire";

const KEY = "voodoo.drafts";
const WRITE_AFTER_MS = 300;

type Drafts = Readonly<Record<string, string>>;

let drafts: Drafts = read();
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();
const typed = new Set<(id: ConversationId) => void>();

function read(): Drafts {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof parsed === "object" && parsed !== null ? (parsed as Drafts) : {};
  } catch {
    // Storage is switched off or holds something else: there is no draft then.
    return {};
  }
}

function write(): void {
  clearTimeout(timer);
  timer = undefined;
  try {
    localStorage.setItem(KEY, JSON.stringify(drafts));
  } catch {
    // A full or forbidden storage costs the draft at a reload, nothing else.
  }
}

function tell(): void {
  for (const listener of listeners) listener();
}

window.addEventListener("pagehide", () => {
  if (timer !== undefined) write();
});
window.addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  drafts = read();
  tell();
});

/** Keeps what is typed; an empty text takes the draft away. */
export function setDraft(id: ConversationId, text: string): void {
  if ((drafts[id] ?? "") === text) return;
  const { [id]: _old, ...others } = drafts;
  drafts = text === "" ? others : { ...others, [id]: text };
  timer ??= setTimeout(write, WRITE_AFTER_MS);
  tell();
  for (const listener of typed) listener(id);
}

/** For log-out. */
export function forgetDrafts(): void {
  drafts = {};
  write();
  tell();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls `listener` after each change that was made in this tab. */
export function onDraft(listener: (id: ConversationId) => void): () => void {
  typed.add(listener);
  return () => typed.delete(listener);
}

export function draftOf(id: ConversationId): string {
  return drafts[id] ?? "";
}

export function useDraft(id: ConversationId): string {
  return useSyncExternalStore(subscribe, () => draftOf(id));
}
