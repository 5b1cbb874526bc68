import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClientId, Conversation, ConversationId, Message, UserId } from "#/proto/wire";
import type { Frame, Input } from "./input";
import { mentionsOf, unreadOf } from "./selectors";
import { apply, digestOf, INITIAL, type State } from "./state";

const HERE = "c_1" as ConversationId;
const ANN = "u_1" as UserId;
const BOB = "u_2" as UserId;

type Change = "message" | "mention" | "own" | "edit" | "delete" | "react" | "rename" | "hidden";

/** What the server holds, and the events that led there. */
class Truth {
  readonly messages: Message[] = [];
  readonly frames: Frame[] = [];
  title = "Here";

  constructor(changes: readonly Change[]) {
    for (const change of changes) this.#make(change);
  }

  #make(change: Change): void {
    const rev = this.frames.length + 1;
    const at_ms = rev;
    const last = this.messages.findLast((message) => message.deleted !== true);
    const base = { conversation: HERE, rev, at_ms, by: BOB };
    if (change === "message" || change === "mention" || change === "own") {
      const message: Message = {
        conversation: HERE,
        seq: this.messages.length + 1,
        rev,
        from: change === "own" ? ANN : BOB,
        client_id: `${rev}` as ClientId,
        at_ms,
        body: { kind: "text", text: `text ${rev}` },
        ...(change === "mention" ? { mentions: { users: [ANN] } } : {}),
      };
      this.messages.push({ ...message, mod_rev: rev });
      this.frames.push({ type: "message", ...message });
    } else if (change === "rename") {
      this.title = `title ${rev}`;
      this.frames.push({ type: "updated", ...base, title: this.title });
    } else if (change === "hidden" || last === undefined) {
      this.frames.push({ type: "skipped", conversation: HERE, rev });
    } else this.#touch(change, last, base);
  }

  #touch(
    change: Change,
    message: Message,
    base: { conversation: ConversationId; rev: number; at_ms: number; by: UserId },
  ) {
    const { seq } = message;
    message.mod_rev = base.rev;
    if (change === "edit") {
      message.body = { kind: "text", text: `edited ${base.rev}` };
      message.edits = (message.edits ?? 0) + 1;
      this.frames.push({ type: "edited", ...base, seq, edits: message.edits, body: message.body });
    } else if (change === "delete") {
      delete message.body;
      delete message.reactions;
      message.deleted = true;
      this.frames.push({ type: "deleted", ...base, seq });
    } else {
      message.reactions = [{ emoji: "👍", count: base.rev }];
      this.frames.push({ type: "reacted", ...base, seq, counts: message.reactions });
    }
  }

  get rev(): number {
    return this.frames.length;
  }
}

function begin(): State {
  const head = { conversation: HERE, last_seq: 0, last_rev: 0, info_rev: 0, floor_seq: 0, read_seq: 0 };
  const here: Conversation = {
    conversation: HERE,
    kind: "group",
    title: "Here",
    role: "member",
    state: "active",
    members: 2,
    settings: { history: "all", post: "all", join: "closed", slow_ms: 0, retention_days: 0 },
    from_seq: 1,
    join_rev: 0,
    head: { ...head, mentions: 0, all_mention_seq: 0, at_ms: 0 },
  };
  const page = { messages: [], events: [], users: [], rev: 0, floor_seq: 0, more: false };
  const inputs: Input[] = [
    { do: "connect", now_ms: 0 },
    {
      do: "frame",
      frame: {
        type: "welcome",
        epoch: "E",
        session: "s",
        device: "d_1" as never,
        user: ANN,
        now_ms: 1,
        resumed: false,
        heartbeat_ms: 1,
        retry_window_ms: 1,
        limits: {},
        server: { name: "", version: "" },
      },
    },
    {
      do: "frame",
      frame: {
        type: "sync",
        conversations: [here],
        gone: [],
        heads: [],
        done: true,
        digest: { user_rev: 0, conversations: 1, revs: 0, reads: 0 },
      },
    },
    { do: "open", conversation: HERE },
    { do: "ok", request: { type: "history", conversation: HERE, limit: 50 }, reply: page },
  ];
  return inputs.reduce((state, input) => apply(state, input).state, INITIAL);
}

/** Applies, and answers `changes` out of the truth in pages of three. */
function settle(before: State, input: Input, truth: Truth): State {
  const { state, effects } = apply(before, input);
  let next = state;
  for (const effect of effects) {
    if (effect.do !== "request" || effect.request.type !== "changes") continue;
    const { request } = effect;
    const all = truth.messages
      .filter(({ mod_rev }) => (mod_rev ?? 0) > request.since_rev)
      .sort((a, b) => (a.mod_rev ?? 0) - (b.mod_rev ?? 0));
    const events = truth.frames.filter(
      (frame): frame is Extract<Frame, { type: "updated" }> =>
        frame.type === "updated" && frame.rev > request.since_rev,
    );
    const more = all.length > 3;
    const rev = more ? (all[2]?.mod_rev ?? 0) : truth.rev;
    const reply = {
      messages: structuredClone(all.slice(0, 3)),
      events: events.filter((event) => event.rev <= rev),
      users: [],
      rev,
      more,
    };
    next = settle(next, { do: "ok", request, reply }, truth);
  }
  return next;
}

function view(state: State) {
  const here = state.conversations.get(HERE);
  if (here?.content === undefined) throw new Error("the conversation is not held");
  return {
    have: here.have,
    held: here.held.size,
    messages: [...here.content.messages.values()].sort((a, b) => a.seq - b.seq),
    title: here.about.title,
    unread: unreadOf(here),
    mentions: mentionsOf(here),
    last_seq: here.head.last_seq,
    digest: digestOf(state),
  };
}

const changes = fc.array(
  fc.constantFrom<Change>(
    "message",
    "message",
    "mention",
    "own",
    "edit",
    "delete",
    "react",
    "rename",
    "hidden",
  ),
  { minLength: 1, maxLength: 25 },
);

describe("catching up", () => {
  it("ends in the same state in whatever order, and however often, events come", () => {
    fc.assert(
      fc.property(changes, fc.infiniteStream(fc.nat(1_000)), (made, chances) => {
        const truth = new Truth(made);
        const inOrder = truth.frames.reduce(
          (state, frame) => settle(state, { do: "frame", frame }, truth),
          begin(),
        );
        const shuffled = [...truth.frames, ...truth.frames]
          .map((frame) => ({ frame, at: chances.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at);
        const mixed = shuffled.reduce(
          (state, { frame }) => settle(state, { do: "frame", frame }, truth),
          begin(),
        );
        expect(view(mixed)).toEqual(view(inOrder));
        expect(view(mixed).messages).toEqual(truth.messages);
        expect(view(mixed)).toMatchObject({ have: truth.rev, held: 0, title: truth.title });
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it("fills what is lost: the same messages as if nothing had been", () => {
    fc.assert(
      fc.property(changes, fc.infiniteStream(fc.boolean()), (made, chances) => {
        const truth = new Truth(made);
        let state = begin();
        const last = truth.frames.at(-1);
        for (const frame of truth.frames) {
          const is_lost = frame !== last && chances.next().value === true;
          if (!is_lost) state = settle(state, { do: "frame", frame }, truth);
          if (chances.next().value)
            state = settle(state, { do: "timer", timer: "fill", conversation: HERE }, truth);
        }
        state = settle(state, { do: "timer", timer: "fill", conversation: HERE }, truth);
        const { have, held, messages, title, digest } = view(state);
        expect({ have, held, title }).toEqual({ have: truth.rev, held: 0, title: truth.title });
        expect(messages).toEqual(truth.messages);
        expect(digest.revs).toBe(truth.rev);
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});
