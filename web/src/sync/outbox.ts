/**
 * Messages that are written and not acknowledged, on disk: a message is kept before it is handed over for sending, and
 * removed only once the server has it or its author takes it back. Which one is sent when is sending.ts's duty.
 */
import type { ClientId } from "#/proto/wire";
import type { Database } from "./database";
import type { Draft, Entry } from "./input";

export class Outbox {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Everything kept, oldest first: a client id begins with the time at which it was made. */
  async load(): Promise<Entry[]> {
    const entries = await this.#database.getAll("outbox");
    return entries.sort((a, b) => a.made_ms - b.made_ms || (a.client_id < b.client_id ? -1 : 1));
  }

  /** Once this resolves, the message survives the end of the page and of power. */
  async keep(draft: Draft): Promise<void> {
    await this.#put({ ...draft, state: "queued" });
  }

  /** Keeps that a message is not sent again by itself. */
  async keepRefused(entry: Entry): Promise<void> {
    await this.#put(entry);
  }

  async #put(entry: Entry): Promise<void> {
    const transaction = this.#database.transaction("outbox", "readwrite", { durability: "strict" });
    await Promise.all([transaction.store.put(entry), transaction.done]);
  }

  async remove(client_id: ClientId): Promise<void> {
    await this.#database.delete("outbox", client_id);
  }
}
