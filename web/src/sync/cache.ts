/**
 * A copy of the state on this device, for an instant start and for reading without a connection. It may be behind or
 * lost; the cursors are written in the same transaction as what they stand for, and the digest decides.
 */
import type { IDBPTransaction } from "idb";
import type { ConversationId, Message } from "#/proto/wire";
import { MAX_ROWS, newest } from "./content";
import type { Database, KeptConversation, Schema } from "./database";
import type { KeptContent } from "./input";
import { type Conversation, INITIAL, type State } from "./state";

type Stores = ("state" | "users" | "conversations" | "contents" | "messages")[];
const STORES: Stores = ["state", "users", "conversations", "contents", "messages"];

export class Cache {
  readonly #database: Database;
  /** What is on disk, as far as this tab wrote or read it. */
  #saved: State = INITIAL;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The state as it was kept: heads only, messages follow when a conversation is opened. */
  async load(): Promise<State> {
    const transaction = this.#database.transaction(["state", "users", "conversations"]);
    const [kept, users, conversations] = await Promise.all([
      transaction.objectStore("state").get("state"),
      transaction.objectStore("users").getAll(),
      transaction.objectStore("conversations").getAll(),
    ]);
    if (kept === undefined) return INITIAL;
    this.#saved = {
      ...INITIAL,
      ...kept,
      users: new Map(users.map((user) => [user.user, user])),
      conversations: new Map(conversations.map((each) => [each.about.conversation, revived(each)])),
    };
    return this.#saved;
  }

  /** The messages of one conversation, complete up to the `have` that comes with them. */
  async content(id: ConversationId): Promise<KeptContent | undefined> {
    const transaction = this.#database.transaction(["contents", "messages"]);
    const [kept, messages] = await Promise.all([
      transaction.objectStore("contents").get(id),
      transaction.objectStore("messages").getAll(rowsOf(id)),
    ]);
    return kept === undefined ? undefined : { ...kept, messages };
  }

  /** Writes what changed since the last time, in one transaction. */
  async save(state: State): Promise<void> {
    const before = this.#saved;
    if (state === before || state.epoch === undefined) return;
    this.#saved = state;
    const transaction = this.#database.transaction(STORES, "readwrite");
    const { epoch, user_rev, since_ms, self, me, blocked } = state;
    void transaction.objectStore("state").put(
      {
        epoch,
        user_rev,
        since_ms,
        blocked,
        ...(self === undefined ? {} : { self }),
        ...(me === undefined ? {} : { me }),
      },
      "state",
    );
    for (const [id, user] of state.users) {
      if (before.users.get(id) !== user) void transaction.objectStore("users").put(user);
    }
    for (const id of before.conversations.keys()) {
      if (!state.conversations.has(id)) removeConversation(transaction, id);
    }
    for (const [id, conversation] of state.conversations) {
      const known = before.conversations.get(id);
      if (known !== conversation) writeConversation(transaction, known, conversation);
    }
    await transaction.done;
  }

  /** The content of a conversation is void. */
  async drop(id: ConversationId): Promise<void> {
    const transaction = this.#database.transaction(["contents", "messages"], "readwrite");
    void transaction.objectStore("contents").delete(id);
    void transaction.objectStore("messages").delete(rowsOf(id));
    await transaction.done;
    const known = this.#saved.conversations.get(id);
    if (known?.content === undefined) return;
    const { content: _content, ...rest } = known;
    this.#saved = { ...this.#saved, conversations: new Map(this.#saved.conversations).set(id, rest) };
  }

  /** Everything is void. */
  async clear(): Promise<void> {
    this.#saved = INITIAL;
    const transaction = this.#database.transaction(STORES, "readwrite");
    for (const store of STORES) void transaction.objectStore(store).clear();
    await transaction.done;
  }
}

function revived(kept: KeptConversation): Conversation {
  const { about, head, own_read_seq, is_unmarked = false, description = "current", reads = new Map() } = kept;
  return {
    about,
    head,
    own_read_seq,
    is_unmarked,
    // What was asked is not answered any more.
    description: description === "asked" ? "outdated" : description,
    have: head.last_rev,
    held: new Map(),
    repair: "none",
    loading: new Set(),
    reads,
  };
}

/** All rows of one conversation: arrays sort after every number. */
function rowsOf(id: ConversationId): IDBKeyRange {
  return IDBKeyRange.bound([id], [id, []]);
}

/** The rows of the messages before `seq`. */
function rowsBelow(id: ConversationId, seq: number): IDBKeyRange {
  return IDBKeyRange.bound([id], [id, seq], false, true);
}

type Write = IDBPTransaction<Schema, Stores, "readwrite">;

function removeConversation(transaction: Write, id: ConversationId): void {
  void transaction.objectStore("conversations").delete(id);
  void transaction.objectStore("contents").delete(id);
  void transaction.objectStore("messages").delete(rowsOf(id));
}

function writeConversation(transaction: Write, before: Conversation | undefined, after: Conversation): void {
  const { about, head, own_read_seq, is_unmarked, description, reads } = after;
  const kept: KeptConversation = { about, head, own_read_seq, is_unmarked, description, reads };
  void transaction.objectStore("conversations").put(kept);
  // Without messages in memory, those on disk stay as they are: complete up to their own `have`.
  if (after.content === undefined) return;
  const content = newest(after.content, MAX_ROWS);
  const { ranges, at_start, events } = content;
  void transaction
    .objectStore("contents")
    .put(
      { have: after.chain?.since_rev ?? after.have, at_start, ranges, events: [...events.values()] },
      about.conversation,
    );
  const rows = transaction.objectStore("messages");
  // Rows that this tab has not read may be older than `have` says.
  if (before?.content === undefined) void rows.delete(rowsOf(about.conversation));
  const known: ReadonlyMap<number, Message> = before?.content?.messages ?? new Map();
  for (const [seq, message] of content.messages) if (known.get(seq) !== message) void rows.put(message);
  // Only the oldest ever go: above the floor, and of many the newest only, is what is kept.
  const first_seq = ranges[0]?.[0] ?? Number.POSITIVE_INFINITY;
  if ((before?.content?.ranges[0]?.[0] ?? first_seq) < first_seq)
    void rows.delete(rowsBelow(about.conversation, first_seq));
}
