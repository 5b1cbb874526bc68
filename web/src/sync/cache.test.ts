import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Message, UserId } from "#/proto/wire";
import { ADA, conversationView, message } from "#/testing/builders";
import { Cache } from "./cache";
import { aboveFloor, type Content, EMPTY, MAX_ROWS, withMessages } from "./content";
import { type Database, deleteDatabase, openDatabase } from "./database";
import { INITIAL, type State } from "./step";

const ME = "u_me" as UserId;
const HERE = conversationView("c_1", ADA);
const ID = HERE.conversation;
let database: Database;

beforeEach(async () => {
  database = await openDatabase(ME);
});

afterEach(async () => {
  vi.restoreAllMocks();
  database.close();
  await deleteDatabase(ME);
});

const said = (from: number, to: number): Message[] =>
  Array.from({ length: to - from + 1 }, (_, n) =>
    message({ conversation: ID, seq: from + n, rev: from + n }),
  );

function holding(content: Content): State {
  const { head, ...about } = HERE.head;
  const n = content.messages.size;
  const conversation = {
    about,
    head: { ...head, told_seq: n, mention_seqs: new Set<number>() },
    own_read_seq: 0,
    is_unmarked: false,
    description: "current",
    have: n,
    held: new Map(),
    repair: "none",
    content,
    loading: new Set(),
    reads: new Map(),
  } as const;
  return { ...INITIAL, epoch: "e", conversations: new Map([[ID, conversation]]) } as unknown as State;
}

async function kept(): Promise<number[]> {
  const content = await new Cache(database).content(ID);
  return (content?.messages ?? []).map(({ seq }) => seq);
}

test("a save writes what is new, however many messages are held", async () => {
  const cache = new Cache(database);
  const many = withMessages(EMPTY, said(1, 3 * MAX_ROWS));
  await cache.save(holding(many));
  const removals = vi.spyOn(IDBObjectStore.prototype, "delete");
  const puts = vi.spyOn(IDBObjectStore.prototype, "put");
  let content = many;
  for (const seq of [1, 2, 3]) {
    content = withMessages(content, said(3 * MAX_ROWS + seq, 3 * MAX_ROWS + seq));
    await cache.save(holding(content));
  }
  expect(removals.mock.calls.length).toBeLessThanOrEqual(3);
  // The cursors, the conversation, its content and one message.
  expect(puts.mock.calls.length).toBeLessThanOrEqual(3 * 4);
  const seqs = await kept();
  expect([seqs.length, seqs[0], seqs.at(-1)]).toEqual([MAX_ROWS, 2 * MAX_ROWS + 4, 3 * MAX_ROWS + 3]);
});

test("what lies below the floor is not kept", async () => {
  const cache = new Cache(database);
  const content = withMessages(EMPTY, said(1, 10));
  await cache.save(holding(content));
  await cache.save(holding(aboveFloor(content, 7)));
  expect(await kept()).toEqual([8, 9, 10]);
  await cache.save(holding(aboveFloor(content, 10)));
  expect(await kept()).toEqual([]);
});
