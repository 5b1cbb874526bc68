// What was typed and not sent, per conversation, kept on this device across reloads and shared by its tabs.
import { useSyncExternalStore } from "react";
import type { ConversationId } from "#/proto/wire";
import { type Shared, type Shelf, TabDrafts } from "./tabDrafts";

const PREFIX = "voodoo.draft.";
const KEEP_AFTER_MS = 300;

const shelf: Shelf = {
  all() {
    const shared = new Map<ConversationId, Shared>();
    for (const id of idsOf(safely(() => Object.keys(localStorage), []))) {
      const one = shelf.read(id);
      if (one) shared.set(id, one);
    }
    return shared;
  },
  read: (id) => parse(safely(() => localStorage.getItem(PREFIX + id), null)),
  write(id, shared) {
    // A full or forbidden storage costs the draft at a reload, nothing else.
    safely(() => {
      if (shared === undefined) localStorage.removeItem(PREFIX + id);
      else localStorage.setItem(PREFIX + id, JSON.stringify(shared));
    }, undefined);
  },
};

const drafts = new TabDrafts(shelf);
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();
const typed = new Set<(id: ConversationId) => void>();

function safely<Value>(use: () => Value, otherwise: Value): Value {
  try {
    return use();
  } catch {
    return otherwise;
  }
}

function idsOf(keys: readonly string[]): ConversationId[] {
  return keys
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => key.slice(PREFIX.length) as ConversationId);
}

/** Something else than a draft counts as none. */
function parse(kept: string | null): Shared | undefined {
  const { text, over } = (safely<unknown>(() => JSON.parse(kept ?? "null"), null) ?? {}) as Partial<Shared>;
  return typeof text === "string" && typeof over === "string" ? { text, over } : undefined;
}

function tell(): void {
  for (const listener of listeners) listener();
}

/** Shows the other tabs what was typed here; it is done soon after each change, and before one turns to another tab. */
export function keepDrafts(): void {
  clearTimeout(timer);
  timer = undefined;
  drafts.keep();
}

for (const event of ["pagehide", "blur"]) window.addEventListener(event, keepDrafts);
window.addEventListener("storage", ({ key, oldValue, newValue }) => {
  const [id] = idsOf(key === null ? [] : [key]);
  if (id === undefined) return;
  const shared = parse(newValue) ?? { text: "", over: parse(oldValue)?.text ?? "" };
  drafts.hear(id, shared);
  tell();
});

/** Keeps what is typed; an empty text takes the draft away. */
export function setDraft(id: ConversationId, text: string): void {
  if (drafts.here(id) === text) return;
  drafts.type(id, text);
  // What is sent goes from the other tabs before somebody sends it there.
  if (text === "") keepDrafts();
  else timer ??= setTimeout(keepDrafts, KEEP_AFTER_MS);
  tell();
  for (const listener of typed) listener(id);
}

/** Shows what another device wrote after it saw `sharedDraft`. */
export function adoptDraft(id: ConversationId, text: string): void {
  if (drafts.adopt(id, text)) tell();
}

/** For log-out: nothing that was typed is kept after this. */
export function forgetDrafts(): void {
  clearTimeout(timer);
  timer = undefined;
  drafts.forget();
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
  return drafts.here(id);
}

/** What the tabs of this browser agree on; another where two of them are typed in at once. */
export function sharedDraft(id: ConversationId): string {
  return drafts.shared(id);
}

export function useDraft(id: ConversationId): string {
  return useSyncExternalStore(subscribe, () => draftOf(id));
}
