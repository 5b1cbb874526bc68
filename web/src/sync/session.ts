/** The session: greeting, the pages of a sync, the user's own counter, and the digest that proves nothing was missed. */
import type * as wire from "#/proto/wire";
import { describe, leave, offer, tellHead, tellRead, untoldRead } from "./conversation";
import { eventOf } from "./event";
import type { Frame } from "./input";
import { FIRST_LIMITS } from "./limits";
import { takeChanged, wantContent } from "./retrieval";
import { interrupt, pump, settle } from "./sending";
import type { Check, Conversation, Kept, Step, UserEvent } from "./step";

/** Between two proofs: 5 min ± 20 %. */
const CHECK_MIN_MS = 240_000;
const CHECK_MAX_MS = 360_000;
const QUIET_MS = 1_000;
/** Events that come before `done` and are kept until then. */
const MAX_KEPT = 4_096;
const MAX_HELD = 1_000;
const GET_PER_REQUEST = 100;

export function connect(step: Step, now_ms: number): void {
  disconnect(step);
  step.state.phase = "greeting";
  // The server subscribes the session before it answers: events may come ahead of `welcome`.
  step.state.sync = { is_full: false, named: new Set(), kept: [], is_overflowing: false };
  step.state.now_ms = now_ms;
  const { epoch, user_rev, since_ms } = step.state;
  step.effect({ do: "hello", ...(epoch === undefined ? {} : { resume: { epoch, user_rev, since_ms } }) });
}

/** What was asked is not answered any more. Cursors stay as the last finished sync left them. */
export function disconnect(step: Step): void {
  step.state.phase = "offline";
  delete step.state.sync;
  if (step.state.asked_users.size > 0) step.state.asked_users = new Set();
  const { level, asked } = step.state.check;
  if (level > 0 || asked !== undefined) step.state.check = { level: 0, is_stirred: false };
  for (const conversation of step.state.conversations.values()) {
    const is_asked = conversation.description === "asked";
    if (conversation.repair === "none" && conversation.loading.size === 0 && !is_asked) continue;
    const { chain, ...rest } = conversation;
    const description = is_asked ? "outdated" : conversation.description;
    // A repair that broke off begins anew: what its missing pages would have brought is not known to be missing.
    const have = chain?.since_rev ?? conversation.have;
    step.put({ ...rest, have, description, repair: "none", loading: new Set() });
  }
  interrupt(step);
}

export function takeWelcome(step: Step, welcome: wire.Welcome): void {
  const { state } = step;
  if (state.epoch !== undefined && state.epoch !== welcome.epoch) dropAll(step);
  state.phase = "syncing";
  state.self = welcome.user;
  state.limits = { ...FIRST_LIMITS, ...welcome.limits };
  state.sync = {
    epoch: welcome.epoch,
    is_full: !welcome.resumed,
    now_ms: welcome.now_ms,
    named: new Set(),
    kept: state.sync?.kept ?? [],
    is_overflowing: state.sync?.is_overflowing ?? false,
  };
}

/** The same numbers are given again in another epoch: cursors, messages, heads and marks are void. */
function dropAll(step: Step): void {
  step.effect({ do: "drop_all" });
  delete step.state.epoch;
  step.state.user_rev = 0;
  step.state.since_ms = 0;
  step.state.conversations = new Map();
  step.state.held = new Map();
}

/** What came meanwhile is applied after all; the next proof tells whether something is missing. */
export function resyncRefused(step: Step, retry_after_ms: number | undefined): void {
  const { sync } = step.state;
  if (sync === undefined) return;
  delete step.state.sync;
  step.state.check = { level: 0, is_stirred: false };
  replay(step, sync.kept);
  step.wait({ timer: "check" }, retry_after_ms ?? QUIET_MS);
}

export function takeSync(step: Step, page: wire.Sync): void {
  const { sync } = step.state;
  if (sync === undefined) return;
  const named = new Set(sync.named);
  for (const described of page.conversations) {
    named.add(described.conversation);
    describe(step, described, sync.is_full);
  }
  for (const head of page.heads) named.add(head.conversation);
  tellHeads(step, page.heads, sync.is_full);
  for (const id of page.gone) leave(step, id);
  step.state.sync = { ...sync, named };
  if (page.done) finish(step, page);
}

function finish(step: Step, page: wire.Sync): void {
  const { state } = step;
  const { sync } = state;
  if (sync === undefined) return;
  if (sync.is_full) leaveUnnamed(step, sync.named);
  if (page.me !== undefined) takeMe(step, page.me.user, page.me.blocked);
  state.user_rev = page.digest?.user_rev ?? state.user_rev;
  if (sync.epoch !== undefined) state.epoch = sync.epoch;
  if (sync.now_ms !== undefined) state.since_ms = sync.now_ms;
  const is_proven = page.digest !== undefined && equal(page.digest, digest(step));
  state.phase = "live";
  delete state.sync;
  step.effect({ do: "save" });
  const next = afterSync(step, is_proven && !sync.is_overflowing);
  replay(step, sync.kept);
  repeatReads(step);
  for (const id of state.opened) wantContent(step, id);
  repairAll(step);
  tellHeads(step, [], false);
  pump(step);
  if (next === "everything") step.resync(0, 0);
}

function leaveUnnamed(step: Step, named: ReadonlySet<wire.ConversationId>): void {
  for (const id of sorted(step.state.conversations.keys())) {
    if (!named.has(id)) leave(step, id);
  }
}

/** The sums of the snapshot were compared before anything kept was applied. */
function afterSync(step: Step, is_proven: boolean): "everything" | undefined {
  const { level } = step.state.check;
  if (is_proven || level === 3) {
    // After everything was sent anew there is nothing more to ask for: the next regular proof begins afresh.
    step.state.check = { level: 0, is_stirred: false };
    step.wait({ timer: "check" }, CHECK_MIN_MS, CHECK_MAX_MS);
    return undefined;
  }
  if (level === 2) {
    step.state.check = { level: 3, is_stirred: false };
    return "everything";
  }
  suspect(step);
  return undefined;
}

function suspect(step: Step): void {
  step.state.check = { level: 1, is_stirred: false };
  step.wait({ timer: "quiet" }, QUIET_MS);
}

function replay(step: Step, kept: readonly Kept[]): void {
  for (const each of kept) {
    if ("event" in each) offer(step, each.event);
    else takeEvent(step, each.frame);
  }
}

function repeatReads(step: Step): void {
  for (const conversation of byId(step, (known) => untoldRead(known) !== undefined)) {
    const seq = untoldRead(conversation) ?? 0;
    step.effect({ do: "read", conversation: conversation.about.conversation, seq });
  }
}

function repairAll(step: Step): void {
  const { user_rev, held } = step.state;
  for (const conversation of byId(step, ({ held, have, head }) => held.size > 0 || have < head.last_rev)) {
    step.put(step.repairLater(conversation, conversation.have < conversation.head.last_rev));
  }
  if ([...held.keys()].some((rev) => rev > user_rev)) step.repairUserLater();
}

/** Keeps a frame until the sync is done. */
export function keep(step: Step, kept: Kept): void {
  const { sync } = step.state;
  if (sync === undefined) return;
  const event = "event" in kept ? kept.event : eventOf(kept.frame);
  if (event?.type === "message") settle(step, event);
  step.state.sync =
    sync.kept.length < MAX_KEPT ? { ...sync, kept: [...sync.kept, kept] } : { ...sync, is_overflowing: true };
}

/** Applies what the server says of itself, outside a sync. */
export function takeEvent(step: Step, frame: Frame): void {
  switch (frame.type) {
    case "read":
      return tellRead(step, frame);
    case "heads":
      return takeHeads(step, frame);
    case "changed":
      return takeChanged(step, frame);
    case "me":
    case "conversation":
      return offerUser(step, frame);
    case "conversation_gone":
      return frame.user_rev === undefined ? leave(step, frame.conversation) : offerUser(step, frame);
    default: {
      const event = eventOf(frame);
      if (event !== undefined) offer(step, event);
    }
  }
}

function takeHeads(step: Step, heads: wire.Heads): void {
  tellHeads(step, heads.heads, false);
  if (heads.user_rev > step.state.user_rev) step.resync();
}

function tellHeads(step: Step, heads: readonly wire.Head[], is_binding: boolean): void {
  const unknown: wire.ConversationId[] = [];
  for (const head of heads) {
    const conversation = step.conversation(head.conversation);
    if (conversation === undefined) unknown.push(head.conversation);
    else step.put(tellHead(step, conversation, head, is_binding));
  }
  for (const conversation of byId(step, ({ description }) => description === "outdated")) {
    step.put({ ...conversation, description: "asked" });
    unknown.push(conversation.about.conversation);
  }
  for (let at = 0; at < unknown.length; at += GET_PER_REQUEST) {
    step.request({ type: "get", conversations: unknown.slice(at, at + GET_PER_REQUEST) });
  }
}

/** Applies, holds or drops an event of the user's own counter. */
function offerUser(step: Step, event: UserEvent): void {
  const { user_rev, held } = step.state;
  const rev = event.user_rev ?? 0;
  if (rev <= user_rev) return;
  if (rev > user_rev + 1) {
    if (held.has(rev) || held.size >= MAX_HELD) return;
    if (held.size === 0) step.repairUserLater();
    step.state.held = new Map(held).set(rev, event);
    return;
  }
  applyUser(step, event, rev);
  drainUser(step);
}

function drainUser(step: Step): void {
  if (step.state.held.size === 0) return;
  const held = new Map(step.state.held);
  for (const rev of [...held.keys()].sort((a, b) => a - b)) {
    const event = held.get(rev);
    if (event === undefined || rev > step.state.user_rev + 1) break;
    held.delete(rev);
    if (rev > step.state.user_rev) applyLate(step, event, rev);
  }
  step.state.held = held;
}

function applyLate(step: Step, event: UserEvent, rev: number): void {
  const is_begun = event.type === "conversation" && step.conversation(event.conversation) === undefined;
  applyUser(step, event, rev);
  const begun = is_begun ? step.conversation(event.conversation) : undefined;
  // Its events that came while it waited found nothing to move.
  if (begun !== undefined) step.put(step.askAbout(begun));
}

function applyUser(step: Step, event: UserEvent, rev: number): void {
  step.stir();
  step.state.user_rev = rev;
  switch (event.type) {
    case "me":
      return takeMe(step, event.user, event.blocked);
    case "conversation_gone":
      return leave(step, event.conversation);
    case "conversation": {
      const { type: _type, ...described } = event;
      describe(step, described, false);
      wantContent(step, event.conversation);
    }
  }
}

function takeMe(step: Step, user: wire.User, blocked: readonly wire.UserId[]): void {
  step.state.me = user;
  step.state.blocked = blocked;
  step.putUser(user);
}

/** The hole in the user's counter stayed open. */
export function fillUser(step: Step): void {
  drainUser(step);
  if (step.state.held.size > 0) step.resync();
}

/** The four sums as this client has them. */
export function digest(step: Step): wire.Digest {
  return digestOf(step.state);
}

export function digestOf(state: {
  readonly user_rev: number;
  readonly conversations: ReadonlyMap<wire.ConversationId, Conversation>;
}): wire.Digest {
  let revs = 0;
  let reads = 0;
  for (const { head } of state.conversations.values()) {
    revs += head.last_rev;
    reads += head.read_seq;
  }
  return { user_rev: state.user_rev, conversations: state.conversations.size, revs, reads };
}

/** Asks for the proof; one at a time, and not in a sync, which ends with one. */
export function beginCheck(step: Step): void {
  if (!step.is_live || step.state.sync !== undefined || step.state.check.asked !== undefined) return;
  step.state.check = { ...step.state.check, asked: digest(step) };
  step.effect({ do: "ping" });
}

/** A second is over: was it quiet? */
export function afterQuiet(step: Step): void {
  const { check } = step.state;
  if (check.level !== 1 || !step.is_live || check.asked !== undefined) return;
  if (check.is_stirred) suspect(step);
  else beginCheck(step);
}

export function takePong(step: Step, now_ms: number, told: wire.Digest | undefined): void {
  const { asked, level, is_stirred }: Check = step.state.check;
  if (asked === undefined) return;
  step.state.check = { level, is_stirred };
  // The server could not read the sums, or a heartbeat was answered: they are asked for again.
  if (told === undefined) return step.wait({ timer: "check" }, QUIET_MS);
  if (equal(asked, told)) {
    step.state.check = { level: 0, is_stirred: false };
    step.state.since_ms = now_ms;
    step.effect({ do: "save" });
    step.wait({ timer: "check" }, CHECK_MIN_MS, CHECK_MAX_MS);
  } else if (level === 0) {
    suspect(step);
  } else {
    step.state.check = { level: 2, is_stirred: false };
    step.resync(0);
  }
}

function equal(a: wire.Digest, b: wire.Digest): boolean {
  return (
    a.user_rev === b.user_rev &&
    a.conversations === b.conversations &&
    a.revs === b.revs &&
    a.reads === b.reads
  );
}

export function takeReads(step: Step, reads: wire.Reads): void {
  const conversation = step.conversation(reads.conversation);
  if (conversation === undefined) return;
  const marks = new Map(conversation.reads);
  for (const { user, seq } of reads.read) {
    if (seq > (marks.get(user) ?? 0)) marks.set(user, seq);
  }
  step.put({ ...conversation, reads: marks });
}

function byId(step: Step, is_wanted: (conversation: Conversation) => boolean): Conversation[] {
  const found = [...step.state.conversations.values()].filter(is_wanted);
  return found.sort((a, b) => compare(a.about.conversation, b.about.conversation));
}

function sorted(ids: Iterable<wire.ConversationId>): wire.ConversationId[] {
  return [...ids].sort(compare);
}

/** Ids in the order of the numbers inside: canonical base 62. */
function compare(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
