/** What a server holds of one conversation, and what it tells of it: for tests of the state, without sockets. */
import type { ClientId, Conversation, Message, Request } from "#/proto/wire";
import type { Frame } from "../input";
import { ANN, BOB, HERE } from "./model";

/** So many messages stand on a page of `changes`. */
const PAGE = 3;

export type Change = "message" | "mention" | "own" | "edit" | "delete" | "react" | "rename" | "hidden";
export type Event = Frame;

/** What the server holds of one group. */
export class Truth {
  readonly messages: Message[] = [];
  rev = 0;
  info_rev = 0;
  read_seq = 0;
  title = "Here";

  make(change: Change, client_id = `made ${this.rev + 1}`): Event {
    this.rev += 1;
    const { rev } = this;
    const base = { conversation: HERE, rev, at_ms: rev, by: BOB };
    if (change === "message" || change === "mention" || change === "own") {
      const seq = this.messages.length + 1;
      const message: Message = {
        conversation: HERE,
        seq,
        rev,
        from: change === "own" ? ANN : BOB,
        client_id: client_id as ClientId,
        at_ms: rev,
        body: { kind: "text", text: client_id },
        ...(change === "mention" ? { mentions: { users: [ANN] } } : {}),
      };
      this.messages.push({ ...message, mod_rev: rev });
      if (change === "own") this.read_seq = seq;
      return { type: "message", ...message };
    }
    if (change === "rename") {
      this.title = `title ${rev}`;
      this.info_rev = rev;
      return { type: "updated", ...base, title: this.title };
    }
    const at = this.messages.findLastIndex(({ deleted, mentions }) => !deleted && !mentions);
    const known = this.messages[at];
    if (change === "hidden" || known === undefined) return { type: "skipped", conversation: HERE, rev };
    const message = structuredClone({ ...known, mod_rev: rev });
    this.messages[at] = message;
    const { seq } = message;
    if (change === "edit") {
      message.body = { kind: "text", text: `edited ${rev}` };
      message.edits = (message.edits ?? 0) + 1;
      return { type: "edited", ...base, seq, edits: message.edits, body: message.body };
    }
    if (change === "delete") {
      delete message.body;
      delete message.reactions;
      message.deleted = true;
      return { type: "deleted", ...base, seq };
    }
    message.reactions = [{ emoji: "👍", count: rev }];
    return { type: "reacted", ...base, seq, counts: message.reactions };
  }

  read(seq: number): Event {
    this.read_seq = Math.max(this.read_seq, seq);
    return { type: "read", conversation: HERE, seq: this.read_seq, mentions: this.#mentions() };
  }

  #mentions(): number {
    return this.messages.filter(({ seq, mentions }) => mentions && seq > this.read_seq).length;
  }

  head() {
    const last = this.messages.at(-1);
    const text = last?.body?.kind === "text" ? { text: last.body.text } : {};
    return {
      conversation: HERE,
      last_seq: this.messages.length,
      last_rev: this.rev,
      info_rev: this.info_rev,
      floor_seq: 0,
      read_seq: this.read_seq,
      mentions: this.#mentions(),
      all_mention_seq: 0,
      at_ms: last?.at_ms ?? 0,
      ...(last === undefined
        ? {}
        : { preview: { seq: last.seq, ...(last.from ? { from: last.from } : {}), ...text } }),
    };
  }

  conversation(): Conversation {
    return {
      conversation: HERE,
      kind: "group",
      title: this.title,
      role: "member",
      state: "active",
      members: 2,
      settings: { history: "all", post: "all", join: "closed", slow_ms: 0, retention_days: 0 },
      from_seq: 1,
      join_rev: 0,
      head: this.head(),
    };
  }

  digest() {
    return { user_rev: 0, conversations: 1, revs: this.rev, reads: this.read_seq };
  }

  history({ before, after, limit = 50 }: Extract<Request, { type: "history" }>) {
    const fits = this.messages.filter(({ seq }) => seq < (before ?? Number.POSITIVE_INFINITY));
    const newer = fits.filter(({ seq }) => seq > (after ?? 0));
    const messages = after === undefined ? newer.slice(-limit) : newer.slice(0, limit);
    return { messages, events: [], users: [], rev: this.rev, floor_seq: 0, more: newer.length > limit };
  }

  changes({ since_rev }: Extract<Request, { type: "changes" }>) {
    const touched = this.messages.filter(({ mod_rev = 0 }) => mod_rev > since_rev);
    touched.sort((a, b) => (a.mod_rev ?? 0) - (b.mod_rev ?? 0));
    const messages = touched.slice(0, PAGE);
    const more = touched.length > PAGE;
    const rev = more ? (messages.at(-1)?.mod_rev ?? 0) : this.rev;
    const is_named = this.info_rev > since_rev && this.info_rev <= rev;
    const base = { conversation: HERE, rev: this.info_rev, at_ms: this.info_rev, by: BOB };
    const events = is_named ? [{ type: "updated" as const, ...base, title: this.title }] : [];
    return { messages, events, users: [], rev, more };
  }
}
