/** What the sync layer is handed from outside, so that it runs without a page and tests own time and chance. */

export interface Clock {
  now(): number;
  /** Calls back once, and not before `ms` are over. */
  after(ms: number, call: () => void): Cancel;
}

export type Cancel = () => void;

/** In `0 ≤ x < 1`. */
export type Random = () => number;

/** As much of a WebSocket as is used. */
export interface SocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
