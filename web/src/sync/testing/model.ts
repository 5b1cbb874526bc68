/** A small model of the server, in memory: what it promises of messages, for tests of the client. */
import type { Conversation, ConversationId, Head, Message, Request, User, UserId } from "#/proto/wire";
import type { Cancel, Clock, SocketLike } from "../ports";

/** A clock that stands until it is moved. */
export class TestClock implements Clock {
  #now_ms = 1_700_000_000_000;
  #timers: { at_ms: number; call: () => void }[] = [];

  now(): number {
    return this.#now_ms;
  }

  after(ms: number, call: () => void): Cancel {
    const timer = { at_ms: this.#now_ms + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Moves on, and calls what is due in the order of its time. */
  pass(ms: number): void {
    const end_ms = this.#now_ms + ms;
    for (;;) {
      const due = this.#timers.filter(({ at_ms }) => at_ms <= end_ms).sort((a, b) => a.at_ms - b.at_ms)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== due);
      this.#now_ms = Math.max(this.#now_ms, due.at_ms);
      due.call();
    }
    this.#now_ms = end_ms;
  }
}

export const ANN = "u_1" as UserId;
export const BOB = "u_2" as UserId;
export const HERE = "c_1" as ConversationId;

export function user(id: UserId, name: string): User {
  return { user: id, handle: name.toLowerCase(), name, kind: "human", profile: 1 };
}

function textOf({ body }: Pick<Message, "body">): string {
  return body?.kind === "text" ? body.text : "";
}

type Asked = Request & { id?: number };

/** Serves one direct conversation of Ann with Bob; Ann's sockets are the client's. */
export class ModelServer {
  readonly messages: Message[] = [];
  read_seq = 0;
  /** The next so many sends are stored, and their socket ends before the answer. */
  n_lost_answers = 0;
  /** Nobody may write any more. */
  is_closed = false;
  /** Nothing is answered, and nothing done. */
  is_silent = false;
  /** Every frame that came, in order. */
  readonly heard: Asked[] = [];
  #sockets = new Set<ModelSocket>();

  open(): SocketLike {
    const socket = new ModelSocket(this);
    this.#sockets.add(socket);
    queueMicrotask(() => socket.onopen?.(undefined as never));
    return socket;
  }

  /** Bob writes. */
  say(text: string, at_ms?: number): void {
    const message = this.#store(BOB, `bob-${this.messages.length}`, text);
    if (at_ms !== undefined) message.at_ms = at_ms;
    this.tell({ type: "message", ...message });
  }

  /** Sends a frame to every session. */
  tell(frame: object): void {
    for (const socket of this.#sockets) if (socket.is_live) socket.tell(frame);
  }

  /** Bob writes, and the event is lost on the way. */
  sayUnheard(text: string): void {
    this.#store(BOB, `bob-${this.messages.length}`, text);
  }

  cut(code = 1006): void {
    for (const socket of [...this.#sockets]) this.end(socket, code);
  }

  end(socket: ModelSocket, code: number): void {
    if (this.#sockets.delete(socket)) queueMicrotask(() => socket.onclose?.({ code, reason: "" }));
  }

  take(socket: ModelSocket, frame: Asked): void {
    if (!this.#sockets.has(socket)) return;
    this.heard.push(frame);
    if (this.is_silent) return;
    switch (frame.type) {
      case "hello":
        return this.#greet(socket);
      case "ping":
        return socket.tell({
          type: "pong",
          now_ms: 2_000,
          ...(frame.check ? { digest: this.#digest() } : {}),
        });
      case "resync":
        socket.ok(frame, {});
        return this.#sync(socket);
      case "send":
        return this.#send(socket, frame);
      case "read":
        this.read_seq = Math.max(this.read_seq, frame.seq);
        return socket.tell({ type: "read", conversation: HERE, seq: this.read_seq, mentions: 0 });
      case "get":
        return socket.ok(frame, { conversations: [this.#conversation()] });
      case "history": {
        const older = this.messages.filter(({ seq }) => seq < (frame.before ?? Number.POSITIVE_INFINITY));
        const messages = older.slice(-(frame.limit ?? 50));
        const more = older.length > messages.length;
        return socket.ok(frame, {
          messages,
          events: [],
          users: [],
          rev: this.messages.length,
          floor_seq: 0,
          more,
        });
      }
      case "changes": {
        const newer = this.messages.filter(({ rev }) => rev > frame.since_rev);
        const messages = newer.slice(0, frame.limit ?? 100);
        const rev = messages.at(-1)?.rev ?? this.messages.length;
        return socket.ok(frame, {
          messages,
          events: [],
          users: [],
          rev,
          more: newer.length > messages.length,
        });
      }
      case "watch":
        return socket.ok(frame, { presence: frame.users.map((user) => ({ user, state: "online" })) });
      case "receipts":
        return socket.ok(frame, { read: 1, received: 1, who: [{ user: BOB, seq: this.messages.length }] });
      case "users":
        return socket.ok(frame, { users: [user(BOB, "Bob")] });
      default:
        socket.ok(frame, {});
    }
  }

  #greet(socket: ModelSocket): void {
    socket.tell({
      type: "welcome",
      epoch: "E",
      session: "s",
      device: "d_1",
      user: ANN,
      now_ms: 1_000,
      resumed: false,
      heartbeat_ms: 40_000,
      retry_window_ms: 1_000,
      limits: {},
      server: { name: "Model", version: "0" },
    });
    socket.is_live = true;
    this.#sync(socket);
  }

  #sync(socket: ModelSocket): void {
    socket.tell({
      type: "sync",
      conversations: [this.#conversation()],
      gone: [],
      heads: [],
      done: true,
      me: { user: user(ANN, "Ann"), blocked: [] },
      digest: this.#digest(),
    });
  }

  #send(socket: ModelSocket, frame: Extract<Asked, { type: "send" }>): void {
    if (this.is_closed)
      return socket.tell({
        type: "refused",
        id: frame.id,
        code: "forbidden",
        message: "closed",
        retry: "never",
      });
    const known = this.messages.find(({ client_id }) => client_id === frame.client_id);
    const text = textOf(frame);
    const { seq, rev, at_ms } = known ?? this.#store(ANN, frame.client_id, text);
    if (known === undefined) this.read_seq = seq;
    if (this.n_lost_answers > 0) {
      this.n_lost_answers -= 1;
      this.end(socket, 1006);
    } else socket.ok(frame, { seq, rev, at_ms, duplicate: known !== undefined });
  }

  #store(from: UserId, client_id: string, text: string): Message {
    const seq = this.messages.length + 1;
    const message = {
      conversation: HERE,
      seq,
      rev: seq,
      from,
      client_id: client_id as Message["client_id"],
      at_ms: 1_000 + seq,
      body: { kind: "text" as const, text },
    };
    this.messages.push(message);
    return message;
  }

  #head(): Head {
    const n = this.messages.length;
    const last = this.messages.at(-1);
    return {
      conversation: HERE,
      last_seq: n,
      last_rev: n,
      info_rev: 0,
      floor_seq: 0,
      read_seq: this.read_seq,
      mentions: 0,
      all_mention_seq: 0,
      at_ms: 1_000 + n,
      ...(last && { preview: { seq: n, from: last.from as UserId, text: textOf(last) } }),
    };
  }

  #conversation(): Conversation {
    return {
      conversation: HERE,
      kind: "direct",
      peer: user(BOB, "Bob"),
      role: "member",
      state: "active",
      members: 2,
      settings: { history: "all", post: "all", join: "closed", slow_ms: 0, retention_days: 0 },
      from_seq: 1,
      join_rev: 0,
      head: this.#head(),
    };
  }

  #digest() {
    return { user_rev: 1, conversations: 1, revs: this.messages.length, reads: this.read_seq };
  }
}

/** A server that cannot be reached. */
export function openNothing(): SocketLike {
  return { onopen: null, onmessage: null, onclose: null, onerror: null, send() {}, close() {} };
}

export class ModelSocket implements SocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  is_live = false;
  readonly #server: ModelServer;

  constructor(server: ModelServer) {
    this.#server = server;
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Asked;
    queueMicrotask(() => this.#server.take(this, frame));
  }

  close(): void {
    this.#server.end(this, 1000);
  }

  tell(frame: object): void {
    const data = JSON.stringify(frame);
    queueMicrotask(() => this.onmessage?.({ data }));
  }

  ok(request: Asked, reply: object): void {
    this.tell({ type: "ok", id: request.id, ...reply });
  }
}
