/**
 * One socket after the other: connects, comes back by itself, keeps the session alive and matches replies to requests.
 * Knows nothing of conversations.
 */
import type { Request } from "#/proto/wire";
import { type Backoff, FRESH, mayReturn, nextWait, whyStopped } from "./backoff";
import type { Frame, Refusal } from "./input";
import type { Cancel, Clock, Random, SocketLike } from "./ports";

/** Below the server's limit of requests in flight, so that a person's click finds room. */
const MAX_IN_FLIGHT = 24;
/** Requests that wait for one of those; more are refused at once. */
const MAX_WAITING = 2_000;
/** A socket that does not open, or a hello that is not answered, is given up. */
const OPENING_MS = 15_000;
/** After a ping something has to come within this time. */
const SILENCE_MS = 20_000;
const FIRST_HEARTBEAT_MS = 40_000;
const CLOSED_HERE = 1006;

export type Answer =
  | { readonly ok: object }
  | { readonly refused: Refusal }
  /** The session ended before the answer: it may have been carried out. */
  | { readonly broken: true };

export interface LinkEvents {
  /** A socket is open: say hello. */
  opened(): void;
  /** Everything but replies. */
  frame(frame: Frame): void;
  /** The socket is gone; open requests were answered before. */
  closed(): void;
  /** The view changed. */
  changed(): void;
}

export interface LinkOptions {
  readonly open: () => SocketLike;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: LinkEvents;
  /** A browser does not say why an upgrade was refused: asked after a socket that never opened. */
  readonly is_logged_out?: () => Promise<boolean>;
}

export interface LinkView {
  readonly state: "connecting" | "open" | "waiting" | "stopped";
  readonly retry_at_ms?: number;
  readonly stopped?: { readonly code: number; readonly why: string };
}

interface Asked {
  readonly frame: object;
  readonly answer: (answer: Answer) => void;
}

export class Link {
  readonly #options: LinkOptions;
  #view: LinkView = { state: "waiting" };
  #socket: SocketLike | undefined;
  #is_open = false;
  #is_greeted = false;
  #is_leaving = false;
  #backoff: Backoff = FRESH;
  #heartbeat_ms = FIRST_HEARTBEAT_MS;
  #retry: Cancel = () => {};
  #opening: Cancel = () => {};
  #heartbeat: Cancel = () => {};
  #silence: Cancel | undefined;
  #leaving: Cancel = () => {};
  #next_id = 1;
  readonly #in_flight = new Map<number, (answer: Answer) => void>();
  #waiting: Asked[] = [];

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get view(): LinkView {
    return this.#view;
  }

  /** Tries now, whatever a back-off or an earlier stop said. */
  connect(): void {
    if (this.#socket !== undefined) return;
    this.#retry();
    this.#is_leaving = false;
    this.#is_greeted = false;
    const socket = this.#options.open();
    this.#socket = socket;
    this.#opening = this.#options.clock.after(OPENING_MS, () => this.#giveUp(socket));
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      this.#is_open = true;
      this.#set({ state: "open" });
      this.#options.events.opened();
      this.#beat();
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket && typeof data === "string") this.#receive(data);
    };
    socket.onclose = ({ code }) => this.#ended(socket, code);
    socket.onerror = () => {};
    this.#set({ state: "connecting" });
  }

  /** Tries at once if it waits to; a stop of the server's stays. */
  hurry(): void {
    if (this.#view.state === "waiting") this.connect();
  }

  /** Ends the socket and does not come back by itself. */
  stop(code: number, why = whyStopped(code)): void {
    this.#retry();
    const socket = this.#socket;
    this.#set({ state: "stopped", stopped: { code, why } });
    if (socket === undefined) return;
    this.#over();
    socket.close(1000);
    this.#options.events.closed();
  }

  /** What `welcome` told of time. */
  greeted(heartbeat_ms: number, window_ms: number): void {
    this.#is_greeted = true;
    this.#opening();
    this.#heartbeat_ms = heartbeat_ms;
    this.#backoff = { ...this.#backoff, window_ms };
  }

  /** The session works: the next failure is the first again. */
  succeeded(): void {
    this.#backoff = { ...this.#backoff, n_failures: 0 };
  }

  /** Leaves when the server asked to, and comes back without further delay. */
  leaveWithin(ms: number): void {
    this.#leaving();
    this.#leaving = this.#options.clock.after(ms, () => {
      const socket = this.#socket;
      if (socket === undefined) return;
      this.#is_leaving = true;
      socket.close(1000);
      this.#ended(socket, 1000);
    });
  }

  /** Sends a frame that has no reply, or one of its own. Lost without a socket. */
  send(frame: object): void {
    if (!this.#is_open) return;
    this.#socket?.send(JSON.stringify(frame));
    this.#beat();
  }

  /** `ping{check:true}`: also finds out whether the socket still carries anything. */
  check(): void {
    this.#ping({ type: "ping", check: true });
  }

  /** Asks; answered once, with a refusal if the session ends before. */
  request(frame: Request | { readonly type: string }, answer: (answer: Answer) => void): void {
    if (!this.#is_open) answer({ broken: true });
    else if (this.#in_flight.size < MAX_IN_FLIGHT) this.#ask({ frame, answer });
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ frame, answer });
    else answer({ refused: { code: "limit_exceeded", message: "too many requests wait", retry: "same" } });
  }

  #ask({ frame, answer }: Asked): void {
    const id = this.#next_id++;
    this.#in_flight.set(id, answer);
    this.send({ id, ...frame });
  }

  #receive(text: string): void {
    this.#silence?.();
    this.#silence = undefined;
    const frame = parse(text);
    if (frame === undefined) return;
    if (frame.type === "ok" || frame.type === "refused") {
      const answer = this.#in_flight.get(frame.id);
      this.#in_flight.delete(frame.id);
      const next = this.#in_flight.size < MAX_IN_FLIGHT ? this.#waiting.shift() : undefined;
      if (next !== undefined) this.#ask(next);
      answer?.(frame.type === "ok" ? { ok: frame } : { refused: frame });
      return;
    }
    this.#options.events.frame(frame);
  }

  /** Begins the time of rest anew, at whose end the client pings: 40 s ± 20 %. */
  #beat(): void {
    this.#heartbeat();
    const rest_ms = this.#heartbeat_ms * (0.8 + 0.4 * this.#options.random());
    this.#heartbeat = this.#options.clock.after(rest_ms, () => this.#ping({ type: "ping" }));
  }

  #ping(frame: object): void {
    const socket = this.#socket;
    if (socket === undefined || !this.#is_open) return;
    this.#silence ??= this.#options.clock.after(SILENCE_MS, () => this.#giveUp(socket));
    this.send(frame);
  }

  #giveUp(socket: SocketLike): void {
    socket.close();
    // A dead network may let `onclose` wait for minutes.
    this.#ended(socket, CLOSED_HERE);
  }

  #ended(socket: SocketLike, code: number): void {
    if (socket !== this.#socket) return;
    const was_open = this.#is_open;
    const was_greeted = this.#is_greeted;
    this.#over();
    this.#options.events.closed();
    if (this.#is_leaving) this.connect();
    else if (mayReturn(code) === "stop")
      this.#set({ state: "stopped", stopped: { code, why: whyStopped(code) } });
    else {
      this.#comeBack(code);
      if (!was_open && !was_greeted) void this.#findOut();
    }
  }

  /** Forgets the socket and answers what is open. */
  #over(): void {
    this.#socket = undefined;
    this.#is_open = false;
    for (const cancel of [this.#opening, this.#heartbeat, this.#leaving]) cancel();
    this.#silence?.();
    this.#silence = undefined;
    const open = [...this.#in_flight.values(), ...this.#waiting.map(({ answer }) => answer)];
    this.#in_flight.clear();
    this.#waiting = [];
    for (const answer of open) answer({ broken: true });
  }

  #comeBack(code: number): void {
    const { clock, random } = this.#options;
    const { backoff, wait_ms } = nextWait(this.#backoff, code, random());
    this.#backoff = backoff;
    this.#retry = clock.after(wait_ms, () => this.connect());
    this.#set({ state: "waiting", retry_at_ms: clock.now() + wait_ms });
  }

  async #findOut(): Promise<void> {
    const is_logged_out = await this.#options.is_logged_out?.().catch(() => false);
    if (is_logged_out === true && this.#view.state === "waiting") this.stop(4401);
  }

  #set(view: LinkView): void {
    this.#view = view;
    this.#options.events.changed();
  }
}

type Received = Frame | ({ type: "ok"; id: number } & object) | ({ type: "refused"; id: number } & Refusal);

const KNOWN = new Set([
  "ok",
  "refused",
  "welcome",
  "sync",
  "pong",
  "goaway",
  "notice",
  "message",
  "edited",
  "deleted",
  "reacted",
  "pinned",
  "membership",
  "updated",
  "floored",
  "read",
  "reads",
  "typing",
  "presence",
  "conversation",
  "conversation_gone",
  "me",
  "heads",
  "changed",
  "skipped",
]);

/** Reads a frame; one of an unknown kind keeps only what it counts by. */
function parse(text: string): Received | undefined {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof frame !== "object" || frame === null || !("type" in frame) || typeof frame.type !== "string") {
    return undefined;
  }
  if (KNOWN.has(frame.type)) return frame as Received;
  const { conversation, rev } = frame as { conversation?: never; rev?: unknown };
  return typeof conversation === "string" && typeof rev === "number"
    ? { type: "unknown", conversation, rev }
    : { type: "unknown" };
}
