/** The outbox and the cache behind one queue: writes happen in the order in which they were asked for. */
import type { ClientId, ConversationId, UserId } from "#/proto/wire";
import { Cache } from "./cache";
import { type Database, deleteDatabase, openDatabase } from "./database";
import type { Draft, Entry, KeptContent } from "./input";
import { Outbox } from "./outbox";
import { INITIAL, type State } from "./state";

/**
 * What is kept on this device. Where a browser keeps nothing (a private window, a full disk) everything still works
 * until the page ends: a failed write is not an error of the client.
 */
export class Storage {
  readonly #user: UserId;
  #database: Database | undefined;
  #outbox: Outbox | undefined;
  #cache: Cache | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(user: UserId) {
    this.#user = user;
  }

  /** Opens what is kept and returns it as a state. */
  async load(): Promise<State> {
    try {
      const database = await openDatabase(this.#user);
      this.#database = database;
      this.#outbox = new Outbox(database);
      this.#cache = new Cache(database);
      const [state, outbox] = await Promise.all([this.#cache.load(), this.entries()]);
      return { ...state, outbox };
    } catch {
      return INITIAL;
    }
  }

  /** The messages that wait, as they were left. */
  async entries(): Promise<Entry[]> {
    const entries = (await this.#outbox?.load()) ?? [];
    return entries.map(({ state, n_tries: _n_tries, ...rest }) => ({
      ...rest,
      state: state === "refused" ? "refused" : "queued",
    }));
  }

  /** Once this resolves, the message is on disk; false where nothing can be kept. */
  async keep(draft: Draft): Promise<boolean> {
    if (this.#outbox === undefined) return false;
    return this.#outbox.keep(draft).then(
      () => true,
      () => false,
    );
  }

  keepEntry(entry: Entry): void {
    this.#write(() => this.#outbox?.keepRefused(entry));
  }

  settle(client_id: ClientId): void {
    this.#write(() => this.#outbox?.remove(client_id));
  }

  save(state: State): Promise<unknown> {
    return this.#write(() => this.#cache?.save(state));
  }

  drop(id: ConversationId): void {
    this.#write(() => this.#cache?.drop(id));
  }

  dropAll(): void {
    this.#write(() => this.#cache?.clear());
  }

  async content(id: ConversationId): Promise<KeptContent | undefined> {
    await this.#last;
    return this.#cache?.content(id).catch(() => undefined);
  }

  /** Nothing is written after this. */
  async close(): Promise<void> {
    await this.#last;
    this.#database?.close();
    this.#database = undefined;
    this.#outbox = undefined;
    this.#cache = undefined;
  }

  async forget(): Promise<void> {
    await this.close();
    await deleteDatabase(this.#user);
  }

  #write(write: () => Promise<unknown> | undefined): Promise<unknown> {
    this.#last = this.#last.then(write).catch(() => undefined);
    return this.#last;
  }
}
