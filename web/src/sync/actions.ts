/** What a person may ask of the server, one method a request. */
import type {
  ClientId,
  ConversationId,
  Counts,
  Invite,
  InviteId,
  Listed,
  Members,
  Receipts,
  Replies,
  Request,
  Role,
  SettingsChange,
  StatusState,
  UserId,
} from "#/proto/wire";
import type { Engine } from "./engine";
import type { Draft } from "./input";
import type { Clock } from "./ports";
import { broken, OutboxFull, Refusal } from "./refusal";

/** What is needed for a group or a broadcast. */
export interface Founding {
  readonly title: string;
  readonly description?: string;
  /** A name by which everyone may find it. */
  readonly alias?: string;
  readonly members?: readonly UserId[];
  /** Only what differs from the default. */
  readonly settings?: SettingsChange;
  /** The same id twice is one conversation: for a form that may be sent again. */
  readonly client_id?: ClientId;
}

/** What is absent stays; an empty text clears. */
export interface ConversationChange {
  readonly title?: string;
  readonly description?: string;
  readonly avatar?: string;
  readonly alias?: string;
  readonly settings?: SettingsChange;
}

/** What is absent stays; 0, false and an empty text clear. */
export interface OwnSettings {
  readonly mute_until_ms?: number;
  readonly pinned?: boolean;
  readonly archived?: boolean;
  /** Marked unread from this message on, until the next read mark. */
  readonly unread_from?: number;
  readonly draft?: string;
}

/** By which door: an open conversation's id or alias, or the code of an invite. */
export type Door =
  | { readonly conversation: ConversationId }
  | { readonly alias: string }
  | { readonly code: string };

export interface InviteTerms {
  readonly role?: Role;
  /** Absent = without limit. */
  readonly uses?: number;
  /** Absent = 7 days. */
  readonly ttl_s?: number;
}

export interface Page {
  readonly query?: string;
  readonly after?: UserId;
  readonly limit?: number;
}

/**
 * All of them reject with a `Refusal`. Where a repeat does no harm, a connection that breaks meanwhile is waited for
 * for some seconds before that.
 */
export interface RequestActions {
  /** Replaces the text of an own message that is held; `conflict` if somebody else's edit is not seen yet. */
  edit(id: ConversationId, seq: number, text: string): Promise<void>;
  /** Leaves tombstones: own messages, or anybody's for an admin. */
  remove(id: ConversationId, seqs: readonly number[]): Promise<void>;
  react(id: ConversationId, seq: number, emoji: string, on: boolean): Promise<void>;
  pin(id: ConversationId, seq: number, on: boolean): Promise<void>;
  /** Finds or makes the direct conversation with that user, oneself for notes. */
  createDirect(user: UserId): Promise<ConversationId>;
  /** These resolve once the conversation is in the snapshot. */
  createGroup(founding: Founding): Promise<ConversationId>;
  createBroadcast(founding: Founding): Promise<ConversationId>;
  join(door: Door): Promise<ConversationId>;
  /** Resolves once the conversation is out of the snapshot. */
  leave(id: ConversationId): Promise<void>;
  destroy(id: ConversationId): Promise<void>;
  update(id: ConversationId, change: ConversationChange): Promise<void>;
  members(id: ConversationId, page?: Page): Promise<Members>;
  /** Answers who was added: those who were members already are left out. */
  addMembers(id: ConversationId, users: readonly UserId[]): Promise<readonly UserId[]>;
  removeMember(id: ConversationId, user: UserId): Promise<void>;
  setRole(id: ConversationId, user: UserId, role: Role): Promise<void>;
  createInvite(id: ConversationId, terms?: InviteTerms): Promise<Invite>;
  revokeInvite(invite: InviteId): Promise<void>;
  /** Conversations that anyone may join. */
  findPublic(query: string, after?: ConversationId): Promise<Listed>;
  setOwn(id: ConversationId, own: OwnSettings): Promise<void>;
  /** Takes up what a stranger began. */
  accept(id: ConversationId): Promise<void>;
  block(user: UserId, on: boolean): Promise<void>;
  /** Who has read one message, and how many. */
  receipts(id: ConversationId, seq: number): Promise<Receipts>;
  /** Views and reactions of a broadcast's posts; at most every 30 s. */
  counts(id: ConversationId, seqs: readonly number[]): Promise<Counts>;
  /** What the user wants to show of themselves. */
  setStatus(state: StatusState, text?: string, until_ms?: number): Promise<void>;
}

export interface Means {
  readonly clock: Clock;
  readonly makeId: () => ClientId;
  readonly subscribe: (listener: () => void) => () => void;
}

/** What follows a reply comes at once; this much later something is wrong. */
const ARRIVAL_MS = 10_000;
/** So long a broken connection is waited for. */
const PATIENCE_MS = 10_000;

export function requestActions(engine: Engine, means: Means): RequestActions {
  return {
    ...messageActions(engine, means),
    ...foundingActions(engine, means),
    ...memberActions(engine, means),
    ...ownActions(engine, means),
  };
}

type Ask = <T extends keyof Replies>(
  request: Extract<Request, { type: T }>,
  is_done_by?: string,
) => Promise<Replies[T] | undefined>;

/** Asks, and again after the connection broke. A repeat that is refused with `is_done_by` has nothing left to do. */
function insisting(engine: Engine, means: Means): Ask {
  return async (request, is_done_by) => {
    const end_ms = means.clock.now() + PATIENCE_MS;
    for (let is_repeat = false; ; is_repeat = true) {
      const answer = await engine.answer(request);
      if ("ok" in answer) return answer.ok as never;
      if ("refused" in answer) {
        if (is_repeat && answer.refused.code === is_done_by) return undefined;
        throw new Refusal(answer.refused);
      }
      const rest_ms = end_ms - means.clock.now();
      if (rest_ms <= 0 || !(await until(means, rest_ms, () => engine.state.phase === "live"))) throw broken();
    }
  };
}

/** Waits until the state is as wanted; false if it is not in time. */
function until({ clock, subscribe }: Means, limit_ms: number, isThere: () => boolean): Promise<boolean> {
  if (isThere()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (is_there: boolean) => {
      cancel();
      stop();
      resolve(is_there);
    };
    const cancel = clock.after(limit_ms, () => end(false));
    const stop = subscribe(() => {
      if (isThere()) end(true);
    });
  });
}

async function follows(means: Means, isThere: () => boolean): Promise<void> {
  if (await until(means, ARRIVAL_MS, isThere)) return;
  throw new Refusal({
    code: "timeout",
    message: "the answer came, and what follows it did not",
    retry: "same",
  });
}

function messageActions(
  engine: Engine,
  means: Means,
): Pick<RequestActions, "edit" | "remove" | "react" | "pin" | "receipts" | "counts"> {
  const ask = insisting(engine, means);
  return {
    async edit(conversation, seq, text) {
      const edits = engine.state.conversations.get(conversation)?.content?.messages.get(seq)?.edits ?? 0;
      await ask<"edit">({ type: "edit", conversation, seq, edits, body: { kind: "text", text } });
    },
    async remove(conversation, seqs) {
      await ask<"delete">({ type: "delete", conversation, seqs: [...seqs] }, "gone");
    },
    async react(conversation, seq, emoji, on) {
      await ask<"react">({ type: "react", conversation, seq, emoji, on });
    },
    async pin(conversation, seq, on) {
      await ask<"pin">({ type: "pin", conversation, seq, on });
    },
    receipts: (conversation, seq) => engine.ask<"receipts">({ type: "receipts", conversation, seq }),
    counts: (conversation, seqs) => engine.ask<"counts">({ type: "counts", conversation, seqs: [...seqs] }),
  };
}

function foundingActions(
  engine: Engine,
  means: Means,
): Pick<
  RequestActions,
  "createDirect" | "createGroup" | "createBroadcast" | "join" | "leave" | "destroy" | "update" | "findPublic"
> {
  const ask = insisting(engine, means);
  const has = (id: ConversationId) => engine.state.conversations.has(id);
  const arrived = async (reply: { conversation: ConversationId } | undefined) => {
    if (reply === undefined) throw broken();
    await follows(means, () => has(reply.conversation));
    return reply.conversation;
  };
  const create = async (kind: "group" | "broadcast", founding: Founding) => {
    const { members = [], client_id = means.makeId(), ...rest } = founding;
    return arrived(await ask<"create">({ type: "create", kind, client_id, members: [...members], ...rest }));
  };
  return {
    async createDirect(user) {
      const client_id = means.makeId();
      return arrived(await ask<"create">({ type: "create", client_id, kind: "direct", members: [user] }));
    },
    createGroup: (founding) => create("group", founding),
    createBroadcast: (founding) => create("broadcast", founding),
    join: async (door) => arrived(await ask<"join">({ type: "join", ...door })),
    async leave(conversation) {
      await ask<"leave">({ type: "leave", conversation }, "not_found");
      await follows(means, () => !has(conversation));
    },
    async destroy(conversation) {
      await ask<"destroy">({ type: "destroy", conversation }, "not_found");
      await follows(means, () => !has(conversation));
    },
    async update(conversation, change) {
      await ask<"update">({ type: "update", conversation, ...change });
    },
    findPublic: (query, after) =>
      engine.ask<"list">({
        type: "list",
        public: true,
        query,
        ...(after === undefined ? {} : { after }),
      }),
  };
}

function memberActions(
  engine: Engine,
  means: Means,
): Pick<
  RequestActions,
  "members" | "addMembers" | "removeMember" | "setRole" | "createInvite" | "revokeInvite"
> {
  const ask = insisting(engine, means);
  return {
    members: (conversation, page = {}) => engine.ask<"members">({ type: "members", conversation, ...page }),
    async addMembers(conversation, users) {
      const reply = await ask<"member_add">({ type: "member_add", conversation, users: [...users] });
      return reply?.users ?? [];
    },
    async removeMember(conversation, user) {
      await ask<"member_remove">({ type: "member_remove", conversation, user }, "not_found");
    },
    async setRole(conversation, user, role) {
      await ask<"member_role">({ type: "member_role", conversation, user, role });
    },
    // A second one would be a second invite.
    createInvite: (conversation, terms = {}) =>
      engine.ask<"invite_create">({ type: "invite_create", conversation, ...terms }),
    async revokeInvite(invite) {
      await ask<"invite_revoke">({ type: "invite_revoke", invite }, "not_found");
    },
  };
}

function ownActions(
  engine: Engine,
  means: Means,
): Pick<RequestActions, "setOwn" | "accept" | "block" | "setStatus"> {
  const ask = insisting(engine, means);
  return {
    async setOwn(conversation, own) {
      await ask<"set">({ type: "set", conversation, ...own });
    },
    async accept(conversation) {
      await ask<"accept">({ type: "accept", conversation });
    },
    async block(user, on) {
      await ask<"block">({ type: "block", user, on });
    },
    async setStatus(state, text, until_ms) {
      await ask<"status">({
        type: "status",
        state,
        ...(text === undefined ? {} : { text }),
        ...(until_ms === undefined ? {} : { until_ms }),
      });
    },
  };
}

/**
 * Messages that wait on this device, refused ones too, at most: more than anybody writes before noticing that nothing
 * goes out, and little enough to be looked through at each change.
 */
export const MAX_OUTBOX = 1_000;

/** Keeps a message on disk, then sends it; answers its client id. Throws where too many wait already. */
export async function send(
  engine: Engine,
  { clock, makeId }: Means,
  made: Omit<Draft, "client_id" | "made_ms">,
): Promise<ClientId> {
  if (engine.outbox.length >= MAX_OUTBOX) throw new OutboxFull(`${MAX_OUTBOX} messages wait already`);
  const client_id = makeId();
  await engine.queue({ ...made, client_id, made_ms: clock.now() });
  return client_id;
}
