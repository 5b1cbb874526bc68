/** One step of the reducer: a copy of the state that may be changed until the step ends, and its effects. */
import type * as wire from "#/proto/wire";
import type { Content } from "./content";
import type { Event } from "./event";
import type { KnownHead, Reader } from "./head";
import type { Effect, Entry, Frame, Timer } from "./input";

/** How the hole of a conversation is dealt with. */
export type Repair =
  | "none"
  /** The timer runs: what is missing may still come. */
  | "waiting"
  /** Asked. */
  | "asked";

/** Whether a description is that of the head it stands beside. */
export type Description =
  | "current"
  /** A head told of another one, or of mentions that are not known one by one: `get` has to bring it. */
  | "outdated"
  /** Asked in this session. */
  | "asked";

/**
 * A repair that comes in several pages of `changes`. Pages are ordered by the change that touched last, so that a
 * message may come pages after one that was made later: what is new to the head is counted with the last page only, and
 * live events wait until then.
 */
export interface Chain {
  /** What was held when the first page was asked for. */
  readonly since_rev: number;
  /** Messages so far, in their latest state. */
  readonly messages: ReadonlyMap<number, wire.Message>;
  readonly events: readonly wire.HistoryEvent[];
}

export interface Conversation {
  /** As told; without the head, which moves on its own. */
  readonly about: Omit<wire.Conversation, "head" | "user_rev">;
  readonly head: KnownHead;
  /** The mark of this client; told to the server, and ahead of the told mark until it answers. */
  readonly own_read_seq: number;
  /** Reading cleared `unread_from` here, and the server has not said so yet. */
  readonly is_unmarked: boolean;
  readonly description: Description;
  /**
   * What is held is complete up to this `rev`. Without content the same as `head.last_rev`; with content it may be
   * less, and is repaired then. More only within a chain.
   */
  readonly have: number;
  /** Events over a hole, by `rev`. */
  readonly held: ReadonlyMap<number, Event>;
  readonly repair: Repair;
  /** Between the first and the last page of a repair; `have` is ahead of the head then. */
  readonly chain?: Chain;
  /** Absent where only the head is held. */
  readonly content?: Content;
  /** Pages that are asked for. */
  readonly loading: ReadonlySet<"newest" | "older" | "newer">;
  /** How far others have read, as far as it was told. */
  readonly reads: ReadonlyMap<wire.UserId, number>;
}

/** An event of the user's own counter. */
export type UserEvent = Extract<Frame, { type: "conversation" | "conversation_gone" | "me" }>;

/** A sync that has begun and is not done. */
export interface Syncing {
  /** What it does not name is gone, and what it tells counts even where more was held. */
  readonly is_full: boolean;
  /** Of `welcome`; absent in a `resync`. */
  readonly now_ms?: number;
  /** Of `welcome`; absent in a `resync`. */
  readonly epoch?: string;
  readonly named: ReadonlySet<wire.ConversationId>;
  /** Events that came meanwhile. */
  readonly kept: readonly Kept[];
  /** More came than are kept: the digest has to find what is missing. */
  readonly is_overflowing: boolean;
}

export type Kept = { readonly frame: Frame } | { readonly event: Event };

/** The proof that nothing was missed. */
export interface Check {
  /** The own sums when the ping went out. */
  readonly asked?: wire.Digest;
  /** 0 nothing suspected; 1 unequal once; 2 resync of all heads asked; 3 resync of everything asked. */
  readonly level: 0 | 1 | 2 | 3;
  /** Something was applied since the quiet second began. */
  readonly is_stirred: boolean;
}

export interface State {
  readonly phase: "offline" | "greeting" | "syncing" | "live";
  /** Absent before the first sync. */
  readonly epoch?: string;
  readonly user_rev: number;
  readonly since_ms: number;
  readonly self?: wire.UserId;
  readonly me?: wire.User;
  readonly blocked: readonly wire.UserId[];
  readonly limits?: wire.Limits;
  /** This device's clock when the session began. */
  readonly now_ms: number;
  readonly conversations: ReadonlyMap<wire.ConversationId, Conversation>;
  readonly users: ReadonlyMap<wire.UserId, wire.User>;
  /** Profiles that are asked for. */
  readonly asked_users: ReadonlySet<wire.UserId>;
  /** Conversations on screen. */
  readonly opened: ReadonlySet<wire.ConversationId>;
  readonly sync?: Syncing;
  /** Events of the user over a hole, by `user_rev`. */
  readonly held: ReadonlyMap<number, UserEvent>;
  readonly check: Check;
  /** Unacknowledged messages in the order of writing. */
  readonly outbox: readonly Entry[];
}

export const INITIAL: State = {
  phase: "offline",
  user_rev: 0,
  since_ms: 0,
  blocked: [],
  now_ms: 0,
  conversations: new Map(),
  users: new Map(),
  asked_users: new Set(),
  opened: new Set(),
  held: new Map(),
  check: { level: 0, is_stirred: false },
  outbox: [],
};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A hole is left alone for this long: what is missing is mostly on its way. */
const HOLE_MS = 500;
/** Clients of large conversations spread their repairs over this much more. */
const HOLE_SPREAD_MS = 2_000;
const SMALL_CONVERSATION = 200;

export class Step {
  readonly state: Writable<State>;
  readonly effects: Effect[] = [];
  readonly #before: State;
  #wanted: wire.UserId[] = [];

  constructor(before: State) {
    this.#before = before;
    this.state = { ...before };
  }

  effect(effect: Effect): void {
    this.effects.push(effect);
  }

  request(request: wire.Request): void {
    this.effect({ do: "request", request });
  }

  wait(timer: Timer, min_ms: number, max_ms = min_ms): void {
    this.effect({ do: "wait", ...timer, min_ms, max_ms });
  }

  get reader(): Reader {
    const { self, me } = this.state;
    return { ...(self === undefined ? {} : { user: self }), is_bot: me?.kind === "bot" };
  }

  get is_live(): boolean {
    return this.state.phase === "live";
  }

  conversation(id: wire.ConversationId): Conversation | undefined {
    return this.state.conversations.get(id);
  }

  put(conversation: Conversation): void {
    this.#writable("conversations").set(conversation.about.conversation, conversation);
  }

  remove(id: wire.ConversationId): void {
    this.#writable("conversations").delete(id);
  }

  putUser(user: wire.User): void {
    const known = this.state.users.get(user.user);
    if (known === undefined || known.profile <= user.profile) this.#writable("users").set(user.user, user);
  }

  /** Asks for profiles that are missing; those already asked for are left out. */
  want(users: Iterable<wire.UserId>): void {
    for (const user of users) {
      if (this.state.asked_users.has(user) || this.#wanted.includes(user)) continue;
      this.#wanted.push(user);
    }
  }

  /** Asks for the profile of whoever is not known. */
  wantUnknown(user: wire.UserId | undefined): void {
    if (user !== undefined && !this.state.users.has(user)) this.want([user]);
  }

  /** Asks for profiles that changed. */
  wantChanged(refs: readonly wire.UserRef[]): void {
    for (const { user, profile } of refs) {
      if (this.state.users.get(user)?.profile !== profile) this.want([user]);
    }
  }

  /** Something was applied: the quiet second begins anew. */
  stir(): void {
    const { check } = this.state;
    if (check.level === 1 && !check.is_stirred) this.state.check = { ...check, is_stirred: true };
  }

  /** Lets the hole of a conversation be filled: after the wait for what comes late, or at once after a told head. */
  repairLater(conversation: Conversation, is_told: boolean): Conversation {
    // A sync may bring it; when it is done all holes are looked at.
    if (!this.is_live || this.state.sync !== undefined || conversation.repair !== "none") return conversation;
    const from_ms = is_told ? 0 : HOLE_MS;
    const spread_ms = conversation.about.members > SMALL_CONVERSATION ? HOLE_SPREAD_MS : 0;
    const id = conversation.about.conversation;
    this.wait({ timer: "fill", conversation: id }, from_ms, from_ms + spread_ms);
    return { ...conversation, repair: "waiting" };
  }

  /** Asks for a description, now or as soon as there is a session. */
  askAbout(conversation: Conversation): Conversation {
    if (!this.is_live) return { ...conversation, description: "outdated" };
    this.request({ type: "get", conversations: [conversation.about.conversation] });
    return { ...conversation, description: "asked" };
  }

  /** Asks once more when events that overtook the answer have settled. */
  askAboutLater(conversation: Conversation): void {
    this.wait({ timer: "fill", conversation: conversation.about.conversation }, HOLE_MS);
  }

  /** Asks for everything since the own counters; 0 and 0 for everything at all. One sync at a time. */
  resync(since_ms = this.state.since_ms, user_rev = this.state.user_rev): void {
    if (!this.is_live || this.state.sync !== undefined) return;
    const is_full = since_ms === 0 && user_rev === 0;
    this.state.sync = { is_full, named: new Set(), kept: [], is_overflowing: false };
    const { asked: _asked, ...check } = this.state.check;
    this.state.check = check;
    this.request({ type: "resync", user_rev, since_ms });
  }

  repairUserLater(): void {
    this.wait({ timer: "user" }, HOLE_MS);
  }

  /** The state after the step: the one before, if nothing changed. */
  end(): { state: State; effects: Effect[] } {
    this.#askUsers();
    const keys = Object.keys(this.state) as (keyof State)[];
    const is_same =
      keys.length === Object.keys(this.#before).length &&
      keys.every((key) => this.state[key] === this.#before[key]);
    return { state: is_same ? this.#before : this.state, effects: this.effects };
  }

  #askUsers(): void {
    if (!this.is_live) return;
    for (let at = 0; at < this.#wanted.length; at += USERS_PER_REQUEST) {
      this.request({ type: "users", ids: this.#wanted.slice(at, at + USERS_PER_REQUEST) });
    }
    if (this.#wanted.length > 0) {
      this.state.asked_users = new Set([...this.state.asked_users, ...this.#wanted]);
    }
  }

  /** Copies a map once a step, at its first change. */
  #writable<K extends "conversations" | "users">(key: K): Map<string, unknown> {
    if (this.state[key] === this.#before[key]) {
      (this.state as Record<string, unknown>)[key] = new Map<string, unknown>(this.state[key]);
    }
    return this.state[key] as unknown as Map<string, unknown>;
  }
}

const USERS_PER_REQUEST = 100;
