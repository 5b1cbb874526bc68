/**
 * Runs the reducer: hands it what happens and does what it says. One engine a tab; the one that leads holds the socket,
 * the timers and the storage, the others follow by applying the same inputs.
 */
import type { ConversationId, Replies, Request, UserId } from "#/proto/wire";
import { Attention } from "./attention";
import type { Draft, Effect, Entry, Frame, Input, Timer } from "./input";
import type { Cancel, Clock, Random, SocketLike } from "./ports";
import { broken, Refusal } from "./refusal";
import { type Screen, Telling } from "./screens";
import { type Answer, Link, type LinkView } from "./socket";
import { apply, INITIAL, type State } from "./state";
import { Storage } from "./storage";
import type { TabMessage, Tabs } from "./tabs";

/** The state is written this long after a change, and at once when the page may end. */
const SAVE_AFTER_MS = 1_000;
/** A follower asks this long; then its leader is gone or stuck. */
const ASK_MS = 30_000;

export interface EngineOptions {
  /** Whose data this is: another user's session is not touched. */
  readonly user: UserId;
  readonly program: { readonly name: string; readonly version: string };
  readonly open_socket: () => SocketLike;
  readonly clock: Clock;
  readonly random: Random;
  readonly tabs: Tabs;
  /** This tab's name among the tabs. */
  readonly tab: string;
  readonly is_logged_out?: () => Promise<boolean>;
  /** Whether somebody can see this tab as it starts; absent = yes. */
  readonly is_visible?: boolean;
  /** A message that nobody has seen came to this tab, which leads. */
  readonly notify?: (conversation: ConversationId, seq: number) => void;
}

type Role = "follower" | "leader" | "ended";

export class Engine {
  readonly #options: EngineOptions;
  readonly #storage: Storage;
  readonly #link: Link;
  readonly #changed: () => void;
  #state: State = INITIAL;
  #link_view: LinkView = { state: "connecting" };
  #role: Role = "follower";
  #stop_leading: Cancel = () => {};
  /** How many inputs the leader has applied: a follower that misses one asks for the state. */
  #n_applied = 0;
  #is_in_step = false;
  #has_followers = false;
  readonly #timers = new Map<string, Cancel>();
  readonly #attention: Attention;
  readonly #telling: Telling;
  #screen: Screen;
  /** Messages that are on their way to disk. */
  #writing: readonly Entry[] = [];
  #outbox: { of: readonly Entry[]; writing: readonly Entry[]; all: readonly Entry[] } = {
    of: [],
    writing: [],
    all: [],
  };
  #save: Cancel | undefined;
  #next_ask = 1;
  readonly #asks = new Map<number, (answer: Answer) => void>();

  constructor(options: EngineOptions, changed: () => void) {
    this.#options = options;
    this.#changed = changed;
    this.#screen = { conversations: [], watched: [], is_visible: options.is_visible ?? true };
    this.#storage = new Storage(options.user);
    const { clock, random, open_socket, is_logged_out } = options;
    this.#attention = new Attention(clock, changed);
    this.#telling = new Telling({
      clock,
      state: () => this.#state,
      request: (request, answer) => this.#request(request, answer),
      send: (frame) => this.#link.send(frame),
      dispatch: (input) => this.#dispatch(input),
    });
    this.#link = new Link({
      open: open_socket,
      clock,
      random,
      events: {
        opened: () => this.#dispatch({ do: "connect", now_ms: clock.now() }),
        frame: (frame) => this.#frame(frame),
        closed: () => this.#dispatch({ do: "disconnect" }),
        changed: () => this.#linkChanged(),
      },
      ...(is_logged_out === undefined ? {} : { is_logged_out }),
    });
  }

  get state(): State {
    return this.#state;
  }

  get link(): LinkView {
    return this.#link_view;
  }

  get attention(): Pick<Attention, "typing" | "presence"> {
    return this.#attention;
  }

  /** The messages that are not acknowledged; the same object while nothing changed. */
  get outbox(): readonly Entry[] {
    const known = this.#outbox;
    const of = this.#state.outbox;
    if (known.of === of && known.writing === this.#writing) return known.all;
    const here = this.#writing.filter(({ client_id }) => !of.some((entry) => entry.client_id === client_id));
    this.#outbox = { of, writing: this.#writing, all: here.length === 0 ? of : [...of, ...here] };
    return this.#outbox.all;
  }

  /** Loads what this device keeps, then leads or follows. */
  async start(): Promise<void> {
    const kept = await this.#storage.load();
    if (this.#role === "ended") return this.#storage.close();
    if (!this.#is_in_step) this.#state = kept;
    this.#changed();
    this.#options.tabs.channel.listen((message) => this.#hear(message));
    this.#post({ kind: "hello", from: this.#options.tab });
    this.#stop_leading = this.#options.tabs.lead(() => void this.#lead());
  }

  /** Something that a person did in this tab. */
  local(input: Input): void {
    if (this.#role === "leader") this.#dispatch(input);
    else if (this.#role === "follower") this.#post({ kind: "do", input });
  }

  /** Keeps a message on disk, then hands it over for sending. It is shown at once. */
  async queue(draft: Draft): Promise<void> {
    this.#writing = [...this.#writing, { ...draft, state: "queued" }];
    this.#changed();
    await this.#storage.keep(draft);
    this.local({ do: "queue", entry: draft });
    this.#writing = this.#writing.filter((entry) => entry.client_id !== draft.client_id);
    this.#changed();
  }

  /** Something else is on this tab's screen. */
  show(change: Partial<Screen>): void {
    this.#screen = { ...this.#screen, ...change };
    this.#telling.screens.put(this.#options.tab, this.#screen);
    if (this.#role === "follower") this.#postScreen();
    else if (this.#role === "leader") this.#screensChanged();
  }

  /** The user writes here. */
  typing(conversation: ConversationId): void {
    if (this.#role === "follower") this.#post({ kind: "typing", conversation });
    else if (this.#role === "leader") this.#telling.typing(conversation);
  }

  /** Asks the server; rejects with a `Refusal`. */
  async ask<T extends keyof Replies>(request: Extract<Request, { type: T }>): Promise<Replies[T]> {
    const answer = await this.answer(request);
    if ("ok" in answer) return answer.ok as Replies[T];
    throw "refused" in answer ? new Refusal(answer.refused) : broken();
  }

  /** Asks the server; `broken` where the session ends before the answer. */
  answer(request: Request): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.#role === "leader") this.#request(request, resolve);
      else if (this.#role === "follower") this.#askLeader(request, resolve);
      else resolve({ broken: true });
    });
  }

  /** Tries now instead of waiting. */
  connectNow(): void {
    if (this.#role === "follower") this.#post({ kind: "connect" });
    else if (this.#role === "leader" && this.#link.view.state !== "open") this.#link.connect();
  }

  /** The device woke up or came online. */
  wake(): void {
    if (this.#role === "follower") {
      this.#post({ kind: "connect" });
      this.#post({ kind: "do", input: { do: "wake" } });
    } else if (this.#role === "leader") {
      this.#link.hurry();
      this.#dispatch({ do: "wake" });
    }
  }

  /** The page may end without another word. */
  flush(): void {
    if (this.#role === "leader") this.#saveNow();
  }

  async close(): Promise<void> {
    if (this.#role === "ended") return;
    const was_leader = this.#role === "leader";
    this.show({ conversations: [], watched: [], is_visible: false });
    this.#role = "ended";
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#attention.clear();
    this.#telling.end();
    this.#save?.();
    if (was_leader) {
      this.#link.stop(1000, "closed here");
      void this.#storage.save(this.#state);
    }
    await this.#storage.close();
    this.#stop_leading();
    this.#options.tabs.channel.close();
  }

  /** Log-out: ends every tab and empties what is kept. */
  async forget(): Promise<void> {
    this.#post({ kind: "forget" });
    await this.close();
    await this.#storage.forget();
  }

  async #lead(): Promise<void> {
    if (this.#role !== "follower") return;
    this.#role = "leader";
    this.#breakAsks();
    this.#telling.screens.put(this.#options.tab, this.#screen);
    this.#dispatch({ do: "disconnect" });
    // What a follower wrote and nobody took over is on disk.
    for (const entry of await this.#storage.entries()) {
      if (entry.state === "queued") this.#dispatch({ do: "queue", entry });
    }
    this.#post({ kind: "leads" });
    await this.#openUnion();
    if (this.#role === "leader") this.#link.connect();
  }

  #dispatch(input: Input): void {
    if (this.#role === "ended") return;
    const before = this.#state;
    const { state, effects } = apply(before, input);
    this.#state = state;
    this.#attention.take(input, state.self);
    this.#n_applied += 1;
    if (this.#has_followers) this.#post({ kind: "applied", n: this.#n_applied, input });
    if (input.do === "queue") this.#telling.sent(input.entry.conversation);
    for (const effect of effects) this.#do(effect);
    if (before.conversations !== state.conversations) this.#telling.received();
    if (before.phase !== "live" && state.phase === "live") this.#becameLive();
    if (state !== before) this.#saveSoon();
    this.#changed();
  }

  #becameLive(): void {
    this.#link.succeeded();
    this.#telling.begin();
  }

  #frame(frame: Frame): void {
    if (frame.type === "welcome") {
      if (frame.user !== this.#options.user) {
        this.#link.stop(4401, "Somebody else is logged in here.");
        return;
      }
      this.#link.greeted(frame.heartbeat_ms, frame.retry_window_ms);
    }
    if (frame.type === "goaway") this.#link.leaveWithin(frame.within_ms);
    this.#dispatch({ do: "frame", frame });
  }

  #do(effect: Effect): void {
    switch (effect.do) {
      case "hello":
        this.#link.send({
          type: "hello",
          client: this.#options.program,
          ...(effect.resume === undefined ? {} : { resume: effect.resume }),
        });
        return;
      case "request":
        this.#request(effect.request, () => {});
        return;
      case "ping":
        return this.#link.check();
      case "read":
        return this.#telling.read(effect.conversation, effect.seq);
      case "wait":
        return this.#wait(effect);
      case "settle":
        return this.#storage.settle(effect.client_id);
      case "hand_back": {
        const entry = this.#state.outbox.find(({ client_id }) => client_id === effect.client_id);
        if (entry !== undefined) this.#storage.keepEntry(entry);
        return;
      }
      case "save":
        return this.#saveNow();
      case "drop":
        return this.#storage.drop(effect.conversation);
      case "drop_all":
        return this.#storage.dropAll();
      case "notify":
        this.#options.notify?.(effect.conversation, effect.seq);
    }
  }

  /** Asks, and tells the reducer before whoever asked. */
  #request(request: Request, answer: (answer: Answer) => void): void {
    this.#link.request(request, (answered) => {
      if ("ok" in answered) this.#dispatch({ do: "ok", request, reply: answered.ok });
      // What a broken socket left open is asked again after the next sync.
      else if ("refused" in answered) this.#dispatch({ do: "refused", request, refusal: answered.refused });
      answer(answered);
    });
  }

  #wait(effect: Extract<Effect, { do: "wait" }>): void {
    const { min_ms, max_ms, do: _do, ...timer } = effect;
    const key = "conversation" in timer ? `${timer.timer} ${timer.conversation}` : timer.timer;
    this.#timers.get(key)?.();
    const ms = min_ms + (max_ms - min_ms) * this.#options.random();
    const cancel = this.#options.clock.after(ms, () => {
      this.#timers.delete(key);
      this.#dispatch({ do: "timer", ...(timer as Timer) });
    });
    this.#timers.set(key, cancel);
  }

  #saveSoon(): void {
    this.#save ??= this.#options.clock.after(SAVE_AFTER_MS, () => this.#saveNow());
  }

  #saveNow(): void {
    this.#save?.();
    this.#save = undefined;
    void this.#storage.save(this.#state);
  }

  /** Opens what any tab shows and closes the rest; a cache may hold the messages. */
  async #openUnion(): Promise<void> {
    const wanted = this.#telling.screens.opened();
    for (const conversation of this.#state.opened) {
      if (!wanted.has(conversation)) this.#dispatch({ do: "close", conversation });
    }
    for (const conversation of wanted) {
      if (this.#state.opened.has(conversation)) continue;
      await this.#adopt(conversation);
      if (this.#telling.screens.opened().has(conversation)) this.#dispatch({ do: "open", conversation });
    }
  }

  async #adopt(conversation: ConversationId): Promise<void> {
    const held = this.#state.conversations.get(conversation);
    if (held === undefined || held.content !== undefined) return;
    const kept = await this.#storage.content(conversation);
    if (kept === undefined) return;
    this.#dispatch({ do: "adopt", conversation, ...kept });
    // Not taken: it belongs to an earlier membership.
    if (this.#state.conversations.get(conversation)?.content === undefined) this.#storage.drop(conversation);
  }

  #screensChanged(): void {
    void this.#openUnion();
    this.#telling.screensChanged();
  }

  #postScreen(): void {
    this.#post({ kind: "shows", from: this.#options.tab, screen: this.#screen });
  }

  #linkChanged(): void {
    this.#link_view = this.#link.view;
    if (this.#has_followers) this.#post({ kind: "link", link: this.#link_view });
    this.#changed();
  }

  #post(message: TabMessage): void {
    this.#options.tabs.channel.post(message);
  }

  #askLeader(request: Request, answer: (answer: Answer) => void): void {
    const id = this.#next_ask++;
    const cancel = this.#options.clock.after(ASK_MS, () => {
      this.#asks.delete(id);
      answer({ broken: true });
    });
    this.#asks.set(id, (answered) => {
      cancel();
      answer(answered);
    });
    this.#post({ kind: "ask", from: this.#options.tab, id, request });
  }

  /** The tab that was asked is gone. */
  #breakAsks(): void {
    const asks = [...this.#asks.values()];
    this.#asks.clear();
    for (const answer of asks) answer({ broken: true });
  }

  #hear(message: TabMessage): void {
    if (message.kind === "forget") {
      this.#link_view = { state: "stopped", stopped: { code: 4401, why: "Logged out." } };
      void this.close();
      this.#changed();
    } else if (this.#role === "leader") this.#hearFollower(message);
    else if (this.#role === "follower") this.#hearLeader(message);
  }

  #hearFollower(message: TabMessage): void {
    switch (message.kind) {
      case "hello":
        this.#has_followers = true;
        this.#post({
          kind: "state",
          to: message.from,
          n: this.#n_applied,
          state: this.#state,
          link: this.#link_view,
          presence: [...this.#attention.presence.values()],
        });
        return;
      case "do":
        return this.#dispatch(message.input);
      case "shows":
        this.#telling.screens.put(message.from, message.screen);
        return this.#screensChanged();
      case "typing":
        return this.#telling.typing(message.conversation);
      case "ask":
        return this.#request(message.request, (answer) =>
          this.#post({ kind: "answer", to: message.from, id: message.id, answer }),
        );
      case "connect":
        return this.#link.hurry();
      case "state":
      case "applied":
      case "link":
      case "leads":
      case "answer":
      case "forget":
        return;
    }
  }

  #hearLeader(message: TabMessage): void {
    const { tab } = this.#options;
    switch (message.kind) {
      case "state":
        if (message.to !== tab) return;
        this.#state = message.state;
        this.#n_applied = message.n;
        this.#link_view = message.link;
        this.#attention.adopt(message.presence);
        this.#is_in_step = true;
        return this.#changed();
      case "applied":
        return this.#follow(message.n, message.input);
      case "link":
        this.#link_view = message.link;
        return this.#changed();
      case "leads":
        this.#is_in_step = false;
        this.#breakAsks();
        this.#post({ kind: "hello", from: tab });
        return this.#postScreen();
      case "answer": {
        const answer = message.to === tab ? this.#asks.get(message.id) : undefined;
        this.#asks.delete(message.id);
        return answer?.(message.answer);
      }
      case "hello":
      case "do":
      case "shows":
      case "typing":
      case "ask":
      case "connect":
      case "forget":
        return;
    }
  }

  #follow(n: number, input: Input): void {
    if (!this.#is_in_step || n <= this.#n_applied) return;
    if (n > this.#n_applied + 1) {
      this.#is_in_step = false;
      this.#post({ kind: "hello", from: this.#options.tab });
      return;
    }
    this.#n_applied = n;
    this.#state = apply(this.#state, input).state;
    this.#attention.take(input, this.#state.self);
    this.#changed();
  }
}
