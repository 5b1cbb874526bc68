import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Input } from "./input";
import { mentionsOf, unreadOf } from "./selectors";
import { apply, digestOf, INITIAL, type State } from "./state";
import { ANN, HERE } from "./testing/model";
import { type Change, Truth } from "./testing/truth";

/** A server to which all this happened, and the events that it told. */
function happened(changes: readonly Change[]) {
  const truth = new Truth();
  return { truth, frames: changes.map((change) => truth.make(change)) };
}

function begin(): State {
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
        conversations: [new Truth().conversation()],
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

/** Applies, and answers `changes` out of the truth page by page. */
function settle(before: State, input: Input, truth: Truth): State {
  const { state, effects } = apply(before, input);
  let next = state;
  for (const effect of effects) {
    if (effect.do !== "request" || effect.request.type !== "changes") continue;
    const { request } = effect;
    const reply = structuredClone(truth.changes(request));
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
        const { truth, frames } = happened(made);
        const inOrder = frames.reduce(
          (state, frame) => settle(state, { do: "frame", frame }, truth),
          begin(),
        );
        const shuffled = [...frames, ...frames]
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
        const { truth, frames } = happened(made);
        let state = begin();
        const last = frames.at(-1);
        for (const frame of frames) {
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
