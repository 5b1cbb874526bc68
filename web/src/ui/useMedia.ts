import { useSyncExternalStore } from "react";

/** Whether a media query holds. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = window.matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    () => window.matchMedia(query).matches,
  );
}

/** Fingers, and most likely a keyboard on the screen. */
export function useIsTouch(): boolean {
  return useMedia("(pointer: coarse)");
}

/** One pane at a time. */
export function useIsPhone(): boolean {
  return useMedia("(width <= 600px)");
}
