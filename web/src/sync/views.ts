/** Builds what views read out of the state, and hands out the same object as long as it says the same. */
import type { ConversationId, UserId } from "#/proto/wire";
import type { Attention } from "./attention";
import { beginningOf } from "./head";
import type { Entry } from "./input";
import { FIRST_LIMITS } from "./limits";
import { isSame, mentionsOf, readByOthers, titleOf, unreadOf } from "./selectors";
import type { LinkView } from "./socket";
import type { Conversation, State } from "./step";
import { LineCache, NO_TIMELINE, timelineOf } from "./timeline";
import type { ConnectionState, ConnectionView, ConversationView, Snapshot, TimelineView } from "./view";

const NO_ENTRIES: readonly Entry[] = [];

interface KnownView {
  readonly sources: readonly unknown[];
  readonly view: ConversationView;
}

interface KnownTimeline {
  readonly sources: readonly unknown[];
  readonly view: TimelineView;
}

/** What the views are made of. */
interface Sources {
  readonly state: State;
  /** The state's, and what is just being written to disk. */
  readonly outbox: readonly Entry[];
  readonly link: LinkView;
  readonly attention: Pick<Attention, "typing" | "presence">;
}

export class Views {
  readonly #self_title: string | undefined;
  #snapshot: Snapshot | undefined;
  #sources: readonly unknown[] = [];
  #connection: ConnectionView = { state: "connecting", since_ms: 0, n_waiting: 0 };
  #conversations: readonly ConversationView[] = [];
  #entries: ReadonlyMap<ConversationId, readonly Entry[]> = new Map();
  #typing: Attention["typing"] = new Map();
  readonly #known = new Map<ConversationId, KnownView>();
  readonly #timelines = new Map<ConversationId, KnownTimeline>();
  readonly #lines = new Map<ConversationId, LineCache>();

  /** `self_title` names the conversation with oneself; without it that has one's own name. */
  constructor(self_title?: string) {
    this.#self_title = self_title;
  }

  snapshot({ state, outbox, link, attention }: Sources, now_ms: number): Snapshot {
    const connection = this.#connectionOf(state, outbox, link, now_ms);
    const sources = [
      connection,
      state.me,
      state.limits,
      state.conversations,
      state.users,
      outbox,
      state.self,
      state.blocked,
      attention.typing,
      attention.presence,
    ];
    if (this.#snapshot !== undefined && isSame(sources, this.#sources)) return this.#snapshot;
    this.#sources = sources;
    this.#entries = grouped(this.#entries, outbox);
    this.#typing = attention.typing;
    this.#snapshot = {
      connection,
      ...(state.me === undefined ? {} : { me: state.me }),
      limits: state.limits ?? FIRST_LIMITS,
      conversations: this.#list(state, now_ms),
      users: state.users,
      blocked: state.blocked,
      presence: attention.presence,
      timeline: (id) => this.#timeline(state, id),
    };
    return this.#snapshot;
  }

  #connectionOf(state: State, outbox: readonly Entry[], link: LinkView, now_ms: number): ConnectionView {
    const known = this.#connection;
    const next = stateOf(state, link);
    const n_waiting = outbox.filter((entry) => entry.state !== "refused").length;
    const is_same =
      known.state === next &&
      known.n_waiting === n_waiting &&
      known.retry_at_ms === link.retry_at_ms &&
      known.stopped === link.stopped;
    if (is_same && known.since_ms > 0) return known;
    const since_ms = known.state === next && known.since_ms > 0 ? known.since_ms : now_ms;
    this.#connection = {
      state: next,
      since_ms,
      n_waiting,
      ...(link.retry_at_ms === undefined ? {} : { retry_at_ms: link.retry_at_ms }),
      ...(link.stopped === undefined ? {} : { stopped: link.stopped }),
    };
    return this.#connection;
  }

  #list(state: State, now_ms: number): readonly ConversationView[] {
    const views = [...state.conversations.values()].map((each) => this.#view(state, each, now_ms));
    views.sort(
      (a, b) =>
        Number(b.pinned) - Number(a.pinned) ||
        b.at_ms - a.at_ms ||
        (a.conversation < b.conversation ? -1 : 1),
    );
    if (!isSame(views, this.#conversations)) this.#conversations = views;
    return this.#conversations;
  }

  #view(state: State, conversation: Conversation, now_ms: number): ConversationView {
    const { about } = conversation;
    const peer = about.peer && (state.users.get(about.peer.user) ?? about.peer);
    const entries = this.#entries.get(about.conversation) ?? NO_ENTRIES;
    const muted = (about.mute_until_ms ?? 0) > now_ms;
    const typing = this.#typing.get(about.conversation);
    const sources = [conversation, peer, entries, muted, typing];
    const known = this.#known.get(about.conversation);
    if (known !== undefined && isSame(sources, known.sources)) return known.view;
    const made = viewOf(state, conversation, entries, { muted, typing });
    const is_self = about.peer !== undefined && about.peer.user === state.self;
    const view = is_self && this.#self_title !== undefined ? { ...made, title: this.#self_title } : made;
    this.#known.set(about.conversation, { sources, view });
    return view;
  }

  #timeline(state: State, id: ConversationId): TimelineView {
    const conversation = state.conversations.get(id);
    if (conversation === undefined) return NO_TIMELINE;
    const entries = this.#entries.get(id) ?? NO_ENTRIES;
    const sources = [conversation, entries, state.self];
    const known = this.#timelines.get(id);
    if (known !== undefined && isSame(sources, known.sources)) return known.view;
    const lines = this.#lines.get(id) ?? new LineCache();
    this.#lines.set(id, lines);
    const view = timelineOf(conversation, entries, state.self, lines);
    this.#timelines.set(id, { sources, view });
    return view;
  }
}

function stateOf(state: State, link: LinkView): ConnectionState {
  if (link.state === "waiting" || link.state === "stopped" || link.state === "connecting") return link.state;
  return state.phase === "live" ? "live" : "syncing";
}

function viewOf(
  state: State,
  conversation: Conversation,
  entries: readonly Entry[],
  { muted, typing }: { muted: boolean; typing: readonly UserId[] | undefined },
): ConversationView {
  const { about, head } = conversation;
  const peer = about.peer && (state.users.get(about.peer.user) ?? about.peer);
  const { told_seq: _told_seq, mention_seqs: _mention_seqs, ...told } = head;
  const own_tick = tickOf(state, conversation, entries);
  const preview = previewOf(state, conversation, entries);
  return {
    conversation: about.conversation,
    kind: about.kind,
    title: titleOf(conversation, state.users),
    ...(peer === undefined ? {} : { peer }),
    role: about.role,
    state: about.state,
    unread: unreadOf(conversation),
    mentions: mentionsOf(conversation),
    at_ms: Math.max(head.at_ms, ...entries.map((entry) => entry.made_ms)),
    ...(preview === undefined ? {} : { preview }),
    muted,
    pinned: about.pinned === true,
    archived: about.archived === true,
    ...(typing === undefined ? {} : { typing }),
    ...(own_tick === undefined ? {} : { own_tick }),
    head: { ...about, head: told },
  };
}

/** What waits here to be sent is the last that was said; what was refused is so until others say more. */
function previewOf(
  state: State,
  { head }: Conversation,
  entries: readonly Entry[],
): ConversationView["preview"] {
  const last = entries.at(-1);
  if (last === undefined || (last.state === "refused" && last.made_ms < head.at_ms)) return head.preview;
  return { ...(state.self !== undefined && { from: state.self }), ...beginningOf(last.body) };
}

function tickOf(
  state: State,
  conversation: Conversation,
  entries: readonly Entry[],
): ConversationView["own_tick"] {
  const last = entries.at(-1);
  if (last !== undefined) return last.state === "refused" ? "refused" : "pending";
  const { preview } = conversation.head;
  if (preview?.from === undefined || preview.from !== state.self) return undefined;
  return readByOthers(conversation, state.self) >= preview.seq ? "read" : "sent";
}

/** The entries by conversation; an unchanged list stays the same object. */
function grouped(
  before: ReadonlyMap<ConversationId, readonly Entry[]>,
  outbox: readonly Entry[],
): ReadonlyMap<ConversationId, readonly Entry[]> {
  const after = new Map<ConversationId, Entry[]>();
  for (const entry of outbox) {
    const entries = after.get(entry.conversation);
    if (entries === undefined) after.set(entry.conversation, [entry]);
    else entries.push(entry);
  }
  return new Map(
    [...after].map(([id, entries]) => {
      const known = before.get(id);
      return [id, known !== undefined && isSame(known, entries) ? known : entries];
    }),
  );
}
