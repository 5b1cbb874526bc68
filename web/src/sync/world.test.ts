/**
 * One client against a server that it must come to agree with, whatever happens on the way: events that are lost, late
 * or doubled, answers that never come, refusals, broken connections, reading here and on another device.
 *
 * `WORLD_RUNS` sets how many worlds there are, `WORLD_SEED` which; a failure prints its seed and the shortest way to it.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { ClientId, Message, Request } from "#/proto/wire";
import type { Effect, Input } from "./input";
import { mentionsOf, shownReadOf, unreadOf } from "./selectors";
import { apply, digestOf, INITIAL, type State } from "./state";
import { ANN, BOB, HERE, user } from "./testing/model";
import { type Change, type Event, Truth } from "./testing/truth";

type Fate = "comes" | "lost" | "twice" | "late";

type Plain = {
  what: "write" | "cut" | "connect" | "open" | "forget" | "check" | "timers" | "deliver";
};

type Happening =
  | Plain
  | { what: "change"; change: Change; fate: Fate }
  | { what: "serve"; fate: "ok" | "lost" | "busy" }
  | { what: "read" | "read elsewhere"; back: number; fate: Fate };

/** One device of Ann, and the way to it. */
class World {
  readonly truth: Truth;
  state: State = INITIAL;
  readonly written: string[] = [];
  #way: Input[] = [];
  #late: Input[] = [];
  #asked: Request[] = [];
  #reads: number[] = [];
  #timers = new Map<string, Input>();
  #has_pinged = false;

  constructor(truth = new Truth()) {
    this.truth = truth;
  }

  happen(happening: Happening): void {
    switch (happening.what) {
      case "change":
        return this.#tell(this.truth.make(happening.change), happening.fate);
      case "read elsewhere":
        return this.#tell(this.truth.read(this.truth.messages.length - happening.back), happening.fate);
      case "read": {
        const last_seq = this.state.conversations.get(HERE)?.head.last_seq ?? 0;
        return this.take({ do: "read", conversation: HERE, seq: last_seq - happening.back });
      }
      case "write":
        return this.write();
      case "cut":
        return this.#cut();
      case "connect":
        if (this.state.phase === "offline") this.take({ do: "connect", now_ms: 1 });
        return;
      case "open":
        return this.take({ do: "open", conversation: HERE });
      case "forget":
        this.take({ do: "close", conversation: HERE });
        return this.take({ do: "forget", conversation: HERE });
      case "check":
        return this.take({ do: "timer", timer: "check" });
      case "timers":
        return this.#fire();
      case "deliver":
        return this.#deliver();
      case "serve":
        return this.#serve(happening.fate);
    }
  }

  write(): void {
    const text = `own ${this.written.length}`;
    this.written.push(text);
    const body = { kind: "text" as const, text };
    this.take({
      do: "queue",
      entry: { client_id: text as ClientId, conversation: HERE, body, made_ms: 1 },
    });
  }

  take(input: Input): void {
    const before = this.#shownRead();
    const { state, effects } = apply(this.state, input);
    this.state = state;
    expect(this.#shownRead(), "a mark went back").toBeGreaterThanOrEqual(before);
    for (const effect of effects) this.#carryOut(effect);
  }

  /** Everything is served and comes, and proofs are asked for, until both agree. */
  heal(): void {
    for (let round = 0; round < 60; round += 1) {
      this.happen({ what: "connect" });
      for (let turn = 0; turn < 20 && this.#isBusy(); turn += 1) {
        this.#serve("ok");
        this.#deliver();
      }
      if (round % 2 === 0) this.#fire();
      else this.happen({ what: "check" });
    }
  }

  #isBusy(): boolean {
    return (
      this.#way.length + this.#late.length + this.#asked.length + this.#reads.length > 0 || this.#has_pinged
    );
  }

  #shownRead(): number {
    const here = this.state.conversations.get(HERE);
    return here === undefined ? 0 : shownReadOf(here);
  }

  #carryOut(effect: Effect): void {
    if (effect.do === "hello") this.#greet(effect.resume !== undefined);
    else if (effect.do === "request") this.#asked.push(effect.request);
    else if (effect.do === "read") this.#reads.push(effect.seq);
    else if (effect.do === "ping") this.#has_pinged = true;
    else if (effect.do === "wait") {
      const { do: _do, min_ms: _min, max_ms: _max, ...timer } = effect;
      this.#timers.set(JSON.stringify(timer), { do: "timer", ...timer });
    }
  }

  #tell(frame: Event, fate: Fate): void {
    if (this.state.phase === "offline" || fate === "lost") return;
    const input: Input = { do: "frame", frame };
    if (fate === "late") this.#late.push(input);
    else this.#way.push(...(fate === "twice" ? [input, input] : [input]), ...this.#late.splice(0));
  }

  #greet(resumed: boolean): void {
    const welcome = {
      type: "welcome" as const,
      epoch: "E",
      session: "s",
      device: "d_1" as never,
      user: ANN,
      now_ms: 1,
      resumed,
      heartbeat_ms: 1,
      retry_window_ms: 1,
      limits: {},
      server: { name: "", version: "" },
    };
    this.#way.push({ do: "frame", frame: welcome });
    this.#sync(resumed && this.truth.info_rev === 0);
  }

  #sync(has_heads_only: boolean): void {
    const conversations = has_heads_only ? [] : [this.truth.conversation()];
    const heads = has_heads_only ? [this.truth.head()] : [];
    const digest = this.truth.digest();
    this.#way.push({
      do: "frame",
      frame: { type: "sync", conversations, gone: [], heads, done: true, digest },
    });
  }

  #cut(): void {
    this.#way = [];
    this.#late = [];
    this.#asked = [];
    this.#reads = [];
    this.#has_pinged = false;
    if (this.state.phase !== "offline") this.take({ do: "disconnect" });
  }

  #fire(): void {
    const due = [...this.#timers.values()];
    this.#timers.clear();
    for (const timer of due) this.take(timer);
  }

  #deliver(): void {
    for (const input of [...this.#way.splice(0), ...this.#late.splice(0)]) this.take(structuredClone(input));
  }

  /** Serves all that was asked; where the answer to a message is lost, so is the connection. */
  #serve(fate: "ok" | "lost" | "busy"): void {
    for (const seq of this.#reads.splice(0)) this.#tell(this.truth.read(seq), "comes");
    if (this.#has_pinged) {
      this.#has_pinged = false;
      this.#way.push({ do: "frame", frame: { type: "pong", now_ms: 1, digest: this.truth.digest() } });
    }
    for (const request of this.#asked.splice(0)) {
      if (fate === "busy") {
        const refusal = { code: "unavailable" as const, message: "busy", retry: "same" as const };
        this.#way.push({ do: "refused", request, refusal });
      } else if (request.type === "resync") {
        this.#way.push({ do: "ok", request, reply: {} });
        this.#sync(request.since_ms > 0 && this.truth.info_rev === 0);
      } else {
        this.#way.push({ do: "ok", request, reply: this.#reply(request) });
      }
    }
    if (fate === "lost") this.#cut();
  }

  #reply(request: Request): object {
    switch (request.type) {
      case "send":
        return this.#store(request.client_id);
      case "history":
        return this.truth.history(request);
      case "changes":
        return this.truth.changes(request);
      case "get":
        return { conversations: [this.truth.conversation()] };
      case "users":
        return { users: [user(BOB, "Bob")] };
      default:
        throw new Error(`nobody should ask ${request.type}`);
    }
  }

  #store(client_id: string): object {
    const known = this.truth.messages.find((message) => message.client_id === client_id);
    if (known === undefined) this.truth.make("own", client_id);
    const { seq, rev, at_ms } = known ?? (this.truth.messages.at(-1) as Message);
    return { seq, rev, at_ms, duplicate: known !== undefined };
  }
}

/** What a person sees, and what proves that nothing is missing. */
function view(state: State) {
  const here = state.conversations.get(HERE);
  if (here === undefined) throw new Error("the conversation is not there");
  const messages = [...(here.content?.messages.values() ?? [])].sort((a, b) => a.seq - b.seq);
  const { last_seq, last_rev, read_seq, preview } = here.head;
  return {
    head: { last_seq, last_rev, read_seq, preview },
    title: here.about.title,
    have: here.have,
    held: here.held.size,
    unread: unreadOf(here),
    mentions: mentionsOf(here),
    messages,
    ranges: here.content?.ranges,
    outbox: state.outbox,
    digest: digestOf(state),
  };
}

const fate = fc.constantFrom<Fate>("comes", "comes", "comes", "lost", "twice", "late");
const change = fc.constantFrom<Change>(
  "message",
  "message",
  "mention",
  "own",
  "edit",
  "delete",
  "react",
  "rename",
  "hidden",
);
const only = (what: Plain["what"]) => fc.constant<Happening>({ what });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant("change" as const), change, fate }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constantFrom("read" as const, "read elsewhere" as const),
      back: fc.nat(3),
      fate,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant("serve" as const),
      fate: fc.constantFrom("ok" as const, "ok" as const, "ok" as const, "lost" as const, "busy" as const),
    }),
  },
  { weight: 5, arbitrary: only("deliver") },
  { weight: 3, arbitrary: only("write") },
  { weight: 3, arbitrary: only("connect") },
  { weight: 2, arbitrary: only("timers") },
  { weight: 2, arbitrary: only("open") },
  { weight: 1, arbitrary: only("forget") },
  { weight: 1, arbitrary: only("cut") },
  { weight: 1, arbitrary: only("check") },
);

const numRuns = Number(process.env.WORLD_RUNS ?? 400);
const seed = Number(process.env.WORLD_SEED ?? 11);

it("whatever happened, a client ends where a fresh one begins, and each message it wrote is there once", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60, size: "max" }), (happenings) => {
      const world = new World();
      world.happen({ what: "connect" });
      for (const each of happenings) world.happen(each);
      world.happen({ what: "open" });
      world.heal();
      const { truth } = world;
      const own = truth.messages.filter(({ client_id }) => client_id.startsWith("own"));
      expect(own.map(({ client_id }) => client_id)).toEqual(world.written);
      const fresh = new World(truth);
      fresh.happen({ what: "connect" });
      fresh.happen({ what: "deliver" });
      fresh.happen({ what: "open" });
      fresh.heal();
      expect(view(world.state)).toEqual(view(fresh.state));
      expect(view(world.state)).toMatchObject({
        messages: truth.messages,
        held: 0,
        have: truth.rev,
        unread: truth.messages.length - truth.read_seq,
        outbox: [],
        digest: truth.digest(),
      });
    }),
    { numRuns, seed },
  );
});
