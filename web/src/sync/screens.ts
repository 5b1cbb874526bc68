/** What all tabs show, together: for it the server sends typing, receipts and presence. */
import type { ConversationId, Limits, Mark, Replies, Request, UserId } from "#/proto/wire";
import type { Input } from "./input";
import { FIRST_LIMITS } from "./limits";
import type { Cancel, Clock } from "./ports";
import type { Answer } from "./socket";
import type { State } from "./step";

/** What one tab shows. */
export interface Screen {
  readonly conversations: readonly ConversationId[];
  readonly watched: readonly UserId[];
  /** A tab in the background needs nothing live, and nobody is at it. */
  readonly is_visible: boolean;
}

type Limit = Pick<Limits, "focus" | "watch">;

export class Screens {
  readonly #tabs = new Map<string, Screen>();
  /** What this session told; a new session begins with nothing, and as active. */
  #focus: readonly ConversationId[] = [];
  #watch: readonly UserId[] = [];
  #is_active = true;

  put(tab: string, screen: Screen): void {
    this.#tabs.set(tab, screen);
  }

  /** Conversations that any tab holds open, visible or not. */
  opened(): ReadonlySet<ConversationId> {
    return new Set([...this.#tabs.values()].flatMap(({ conversations }) => conversations));
  }

  /** A new session: nothing is told. */
  begin(): void {
    this.#focus = [];
    this.#watch = [];
    this.#is_active = true;
  }

  /** What has to be told, as the sets are others than those last told; the last ones count where they are too many. */
  news(limits: Limit): { requests: Request[]; focused: readonly ConversationId[] } {
    const visible = [...this.#tabs.values()].filter(({ is_visible }) => is_visible);
    const conversations = unique(visible.flatMap((screen) => screen.conversations)).slice(-limits.focus);
    const users = unique(visible.flatMap((screen) => screen.watched)).slice(-limits.watch);
    const is_active = visible.length > 0;
    const requests: Request[] = [];
    const focused = conversations.filter((each) => !this.#focus.includes(each));
    if (!isSameSet(conversations, this.#focus)) requests.push({ type: "focus", conversations });
    if (!isSameSet(users, this.#watch)) requests.push({ type: "watch", users });
    if (is_active !== this.#is_active) requests.push({ type: "active", on: is_active });
    this.#focus = conversations;
    this.#watch = users;
    this.#is_active = is_active;
    return { requests, focused };
  }
}

function unique<T>(all: readonly T[]): T[] {
  return [...new Set(all)];
}

function isSameSet<T>(a: readonly T[], b: readonly T[]): boolean {
  const known = new Set(a);
  return a.length === b.length && b.every((each) => known.has(each));
}

/** What telling needs of the engine that leads. */
export interface Teller {
  readonly clock: Clock;
  state(): State;
  request(request: Request, answer: (answer: Answer) => void): void;
  /** Sends a frame that has no reply. */
  send(frame: Request): void;
  dispatch(input: Input): void;
}

/** The server hears of other conversations and people on screen this much later, so that one list is one request. */
const TELL_AFTER_MS = 100;
/** Typing goes on with one frame in this time. */
const TYPING_EVERY_MS = 3_000;
/** The server hears of a moved mark at most this often. */
const READ_EVERY_MS = 1_000;

/** What arrived is told this much later, so that a burst is one frame. */
const RECEIVED_AFTER_MS = 1_000;
/** Marks of one frame. */
const MAX_RECEIVED = 100;

/** Tells the server what people see, read and write here. Best effort, but for read marks. */
export class Telling {
  readonly screens = new Screens();
  readonly #teller: Teller;
  #screens_due: Cancel | undefined;
  readonly #typed_ms = new Map<ConversationId, number>();
  #reads = new Map<ConversationId, number>();
  #read_pause: Cancel | undefined;
  readonly #received = new Map<ConversationId, number>();
  #received_due: Cancel | undefined;

  constructor(teller: Teller) {
    this.#teller = teller;
  }

  /** A new session knows nothing of this. */
  begin(): void {
    this.screens.begin();
    this.#tellScreens();
    this.received();
  }

  end(): void {
    this.#screens_due?.();
    this.#read_pause?.();
    this.#received_due?.();
  }

  screensChanged(): void {
    this.#screens_due ??= this.#teller.clock.after(TELL_AFTER_MS, () => this.#tellScreens());
  }

  #tellScreens(): void {
    this.#screens_due?.();
    this.#screens_due = undefined;
    const { phase, limits } = this.#teller.state();
    if (phase !== "live") return;
    const { requests, focused } = this.screens.news(limits ?? FIRST_LIMITS);
    for (const request of requests) this.#teller.request(request, () => {});
    for (const conversation of focused) this.#askReads(conversation);
  }

  /** How far the others are by now; from here on they are told. */
  #askReads(conversation: ConversationId): void {
    const seq = this.#teller.state().conversations.get(conversation)?.head.last_seq ?? 0;
    if (seq === 0 || !this.#isSmall(conversation)) return;
    this.#teller.request({ type: "receipts", conversation, seq }, (answer) => {
      if (!("ok" in answer)) return;
      const { who = [] } = answer.ok as Replies["receipts"];
      this.#teller.dispatch({
        do: "frame",
        frame: { type: "reads", conversation, read: who, received: [] },
      });
    });
  }

  /** Only there the server passes on who types and who has read. */
  #isSmall(conversation: ConversationId): boolean {
    const { conversations, limits } = this.#teller.state();
    const about = conversations.get(conversation)?.about;
    const { small_conversation } = limits ?? FIRST_LIMITS;
    return about !== undefined && about.kind !== "broadcast" && about.members <= small_conversation;
  }

  typing(conversation: ConversationId): void {
    const now_ms = this.#teller.clock.now();
    const is_due = now_ms - (this.#typed_ms.get(conversation) ?? 0) >= TYPING_EVERY_MS;
    if (this.#teller.state().phase !== "live" || !is_due || !this.#isSmall(conversation)) return;
    this.#typed_ms.set(conversation, now_ms);
    this.#teller.send({ type: "typing", conversation });
  }

  /** A message ended the typing: what is typed next is told at once. */
  sent(conversation: ConversationId): void {
    this.#typed_ms.delete(conversation);
  }

  /** The first mark goes at once, those of the next second together. */
  read(conversation: ConversationId, seq: number): void {
    this.#reads.set(conversation, Math.max(seq, this.#reads.get(conversation) ?? 0));
    if (this.#read_pause === undefined) this.#tellReads();
  }

  #tellReads(): void {
    this.#read_pause = undefined;
    if (this.#reads.size === 0) return;
    // A mark that no socket takes is repeated after the next sync.
    for (const [conversation, seq] of this.#reads) this.#teller.send({ type: "read", conversation, seq });
    this.#reads = new Map();
    this.#read_pause = this.#teller.clock.after(READ_EVERY_MS, () => this.#tellReads());
  }

  /** Something may have arrived. */
  received(): void {
    this.#received_due ??= this.#teller.clock.after(RECEIVED_AFTER_MS, () => this.#tellReceived());
  }

  #tellReceived(): void {
    this.#received_due = undefined;
    const { phase, conversations } = this.#teller.state();
    if (phase !== "live") return;
    const heads: Mark[] = [];
    for (const [conversation, { head, own_read_seq }] of conversations) {
      const seq = head.last_seq;
      // What is read has arrived.
      const told_seq = Math.max(this.#received.get(conversation) ?? 0, head.read_seq, own_read_seq);
      if (seq > told_seq && this.#isSmall(conversation)) heads.push({ conversation, seq });
    }
    for (const { conversation, seq } of heads) this.#received.set(conversation, seq);
    for (let at = 0; at < heads.length; at += MAX_RECEIVED)
      this.#teller.send({ type: "received", heads: heads.slice(at, at + MAX_RECEIVED) });
  }
}
