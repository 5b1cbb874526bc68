// Notifications of this page: asked for by the person alone, silent where somebody looks, one for each conversation.
import { useSyncExternalStore } from "react";

const KEY = "voodoo.notifications";
const listeners = new Set<() => void>();

/** `unavailable` where the browser has none, `denied` where it was told to show none of this page. */
export type NotificationState = "on" | "off" | "denied" | "unavailable";

function isWanted(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}

export function notificationState(): NotificationState {
  if (typeof Notification === "undefined") return "unavailable";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && isWanted() ? "on" : "off";
}

/** To be called from a press only: browsers ask the person then. */
export async function setNotifications(on: boolean): Promise<void> {
  if (on && typeof Notification !== "undefined" && Notification.permission === "default")
    await Notification.requestPermission();
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // Without storage nothing is shown, which is what was before.
  }
  for (const listener of listeners) listener();
}

export function useNotificationState(): NotificationState {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, notificationState);
}

export interface Note {
  /** Notes with the same tag replace each other. */
  readonly tag: string;
  readonly title: string;
  readonly text: string;
  readonly onOpen: () => void;
}

const open = new Map<string, Notification>();

/** Shows a note, unless nobody wants it. */
export function show({ tag, title, text, onOpen }: Note): void {
  if (notificationState() !== "on") return;
  // Some phones offer notifications to service workers only and throw here.
  try {
    const note = new Notification(title, { body: text, tag, icon: "/favicon.svg" });
    open.set(tag, note);
    note.onclick = () => {
      window.focus();
      onOpen();
      note.close();
    };
    note.onclose = () => open.delete(tag);
  } catch {
    return;
  }
}

/** What was read elsewhere needs no note any more. */
export function hide(tag: string): void {
  open.get(tag)?.close();
  open.delete(tag);
}
