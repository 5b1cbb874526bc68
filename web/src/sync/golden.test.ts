import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type * as wire from "#/proto/wire";
import type { Effect, Input } from "./input";
import { hasOlder } from "./retrieval";
import { mentionsOf, titleOf, unreadOf } from "./selectors";
import { apply, type Conversation, digestOf, INITIAL, type State } from "./state";

const FOLDER = join(import.meta.dirname, "../../../crates/proto/fixtures/reducer");

interface Scenario {
  name: string;
  why: string;
  given?: string;
  steps: { input: Input; effects: Effect[] }[];
  expect: Record<string, unknown>;
}

function load(file: string): Scenario {
  return JSON.parse(readFileSync(join(FOLDER, `${file}.json`), "utf8")) as Scenario;
}

function run(scenario: Scenario): State {
  let state = scenario.given === undefined ? INITIAL : run(load(scenario.given));
  for (const [at, { input, effects }] of scenario.steps.entries()) {
    const applied = apply(state, input);
    expect(applied.effects, `${scenario.name}: step ${at + 1}`).toEqual(effects);
    state = applied.state;
  }
  return state;
}

function messageView({ body, edits, deleted, pinned, reactions }: wire.Message) {
  return {
    ...(body?.kind === "text" ? { text: body.text } : {}),
    ...(edits === undefined ? {} : { edits }),
    ...(deleted === true ? { deleted } : {}),
    ...(pinned === true ? { pinned } : {}),
    ...(reactions === undefined ? {} : { reactions }),
  };
}

function conversationView(conversation: Conversation, users: State["users"]) {
  const { about, head, content } = conversation;
  return {
    have: conversation.have,
    held: [...conversation.held.keys()].sort((a, b) => a - b),
    last_seq: head.last_seq,
    last_rev: head.last_rev,
    info_rev: head.info_rev,
    floor_seq: head.floor_seq,
    read_seq: head.read_seq,
    own_read_seq: conversation.own_read_seq,
    unread: unreadOf(conversation),
    mentions: mentionsOf(conversation),
    at_ms: head.at_ms,
    preview: head.preview ?? null,
    title: titleOf(conversation, users),
    members: about.members,
    pinned: about.pinned === true,
    messages: content
      ? Object.fromEntries([...content.messages].map(([seq, message]) => [seq, messageView(message)]))
      : null,
    ranges: content?.ranges ?? null,
    events: content ? [...content.events.keys()].sort((a, b) => a - b) : null,
    has_older: hasOlder(conversation),
  };
}

function view(state: State) {
  return {
    phase: state.phase,
    epoch: state.epoch ?? null,
    user_rev: state.user_rev,
    since_ms: state.since_ms,
    level: state.check.level,
    digest: digestOf(state),
    blocked: state.blocked,
    users: [...state.users.keys()].sort(),
    conversations: Object.fromEntries(
      [...state.conversations].map(([id, conversation]) => [id, conversationView(conversation, state.users)]),
    ),
    outbox: state.outbox.map(({ client_id, state: progress, refusal }) => ({
      client_id,
      state: progress,
      ...(refusal === undefined ? {} : { code: refusal.code, retry: refusal.retry }),
    })),
  };
}

/** Leaves out of `actual` what `expected` does not name; sets of conversations and messages count as a whole. */
function named(expected: unknown, actual: unknown, is_whole = false): unknown {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) return actual;
  if (typeof actual !== "object" || actual === null) return actual;
  const keys = is_whole ? Object.keys(actual) : Object.keys(expected);
  return Object.fromEntries(
    keys.map((key) => [
      key,
      named(
        (expected as Record<string, unknown>)[key],
        (actual as Record<string, unknown>)[key],
        key === "conversations" || key === "messages",
      ),
    ]),
  );
}

describe("the reducer does what the golden files say", () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
  it.each(files.map((file) => file.slice(0, -".json".length)))("%s", (file) => {
    const scenario = load(file);
    const actual = view(run(scenario));
    expect(named(scenario.expect, actual)).toEqual(scenario.expect);
  });
});

describe("a repeated frame changes nothing", () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
  it.each(files.map((file) => file.slice(0, -".json".length)))("%s", (file) => {
    const scenario = load(file);
    let state = scenario.given === undefined ? INITIAL : run(load(scenario.given));
    for (const { input } of scenario.steps) {
      state = apply(state, input).state;
      const is_event = input.do === "frame" && !["welcome", "sync", "pong"].includes(input.frame.type);
      if (!is_event) continue;
      const again = apply(state, input);
      if (state.sync !== undefined) continue;
      expect(view(again.state)).toEqual(view(state));
      expect(again.effects).toEqual([]);
    }
  });
});
