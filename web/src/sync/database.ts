/** What this device keeps of one user: one IndexedDB database per user, as a page speaks to one server only. */
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from "idb";
import type { ClientId, ConversationId, Message, User, UserId } from "#/proto/wire";
import type { Entry, KeptContent } from "./input";
import type { Conversation } from "./step";

/** A greater one empties the cache, never the outbox. */
const VERSION = 1;

/** A conversation without its messages. */
export type KeptConversation = Pick<Conversation, "about" | "head" | "own_read_seq"> &
  Partial<Pick<Conversation, "is_unmarked" | "description" | "reads">>;

/** The cursors and what belongs to them: written together with every conversation that changed. */
export interface KeptState {
  readonly epoch?: string;
  readonly user_rev: number;
  readonly since_ms: number;
  readonly self?: UserId;
  readonly me?: User;
  readonly blocked: readonly UserId[];
}

export interface Schema extends DBSchema {
  outbox: { key: ClientId; value: Entry };
  state: { key: "state"; value: KeptState };
  users: { key: UserId; value: User };
  conversations: { key: ConversationId; value: KeptConversation };
  contents: { key: ConversationId; value: Omit<KeptContent, "messages"> };
  messages: { key: [ConversationId, number]; value: Message };
}

export type Database = IDBPDatabase<Schema>;

function nameOf(user: UserId): string {
  return `voodoo.${user}`;
}

/** Opens what is kept for `user`. */
export function openDatabase(user: UserId): Promise<Database> {
  return openDB<Schema>(nameOf(user), VERSION, {
    upgrade(database) {
      database.createObjectStore("outbox", { keyPath: "client_id" });
      database.createObjectStore("state");
      database.createObjectStore("users", { keyPath: "user" });
      database.createObjectStore("conversations", { keyPath: "about.conversation" });
      database.createObjectStore("contents");
      database.createObjectStore("messages", { keyPath: ["conversation", "seq"] });
    },
    blocking(_current, _next, event) {
      // Another tab logs out or upgrades: it must not wait for this one.
      (event.target as IDBDatabase).close();
    },
  });
}

/** Removes everything that is kept for `user`. */
export async function deleteDatabase(user: UserId): Promise<void> {
  await deleteDB(nameOf(user));
}
