import { useEffect, useSyncExternalStore } from "react";

interface Note {
  readonly key: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

const SHOWN_MS = 5_000;
/** More than these are never seen together; the oldest goes first. */
const MAX_NOTES = 3;

let notes: readonly Note[] = [];
let next_key = 1;
const listeners = new Set<() => void>();

function change(next: readonly Note[]): void {
  notes = next;
  for (const listener of listeners) listener();
}

/** Says something in passing, at the lower edge. */
export function toast(text: string, action?: Note["action"]): void {
  const note = action ? { key: next_key, text, action } : { key: next_key, text };
  next_key += 1;
  change([...notes, note].slice(-MAX_NOTES));
}

function dismiss(key: number): void {
  change(notes.filter((note) => note.key !== key));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The place where passing words appear; one in a page. */
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => notes);
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-[max(5.5rem,env(safe-area-inset-bottom))] z-50 flex flex-col items-center gap-2 px-4"
    >
      {shown.map((note) => (
        <Shown key={note.key} note={note} />
      ))}
    </div>
  );
}

function Shown({ note }: { readonly note: Note }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(note.key), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [note.key]);
  return (
    <div className="pointer-events-auto flex min-h-11 max-w-md items-center gap-3 rounded-2xl bg-text px-4 text-surface shadow-raised motion-safe:animate-rise">
      <span>{note.text}</span>
      {note.action && (
        <button
          type="button"
          className="min-h-8 rounded-lg px-2 font-semibold underline underline-offset-4"
          onClick={() => {
            note.action?.run();
            dismiss(note.key);
          }}
        >
          {note.action.label}
        </button>
      )}
    </div>
  );
}
