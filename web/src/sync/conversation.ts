/**
 * The rules of one conversation: an event is dropped, applied or held by its `rev`, and holes are filled.
 *
 * Two positions: `have`, up to which what is held is complete, and `head.last_rev`, up to which the head is. An event
 * moves the head only if it is news to it, and never over a hole.
 */
import type * as wire from "#/proto/wire";
import { aboveFloor, MAX_ROWS, newest, withChange, withEvents, withMessages } from "./content";
import type { Event } from "./event";
import {
  isDoubtful,
  isDoubtfulAbove,
  type KnownHead,
  shownRead,
  told,
  withFloor,
  withMade,
  withRead,
  withText,
} from "./head";
import { settle } from "./sending";
import type { Conversation, Step } from "./step";

/** More events over a hole than this are not kept; the repair brings them. */
const MAX_HELD = 1_000;

/** Applies, holds or drops an event. */
export function offer(step: Step, event: Event): void {
  const conversation = step.conversation(event.conversation);
  if (event.type === "message") settle(step, event);
  // Without a description there is nothing to move: it comes with its own head.
  if (conversation === undefined || event.rev <= conversation.have) return;
  if (event.rev === conversation.have + 1 && conversation.chain === undefined) {
    step.put(drain(step, applied(step, conversation, event)));
    return;
  }
  if (conversation.held.has(event.rev) || conversation.held.size >= MAX_HELD) return;
  const held = new Map(conversation.held).set(event.rev, event);
  step.put(step.repairLater({ ...conversation, held }, false));
}

/** Applies what was held and fits by now, and forgets what is old. */
export function drain(step: Step, conversation: Conversation): Conversation {
  if (conversation.held.size === 0) return settled(conversation);
  let next = conversation;
  const held = new Map(conversation.held);
  for (const rev of [...held.keys()].sort((a, b) => a - b)) {
    const event = held.get(rev);
    if (event === undefined || rev > next.have + 1 || (rev > next.have && next.chain !== undefined)) break;
    held.delete(rev);
    if (rev > next.have) next = applied(step, next, event);
  }
  return settled({ ...next, held });
}

/** Nothing is missing any more: a timer or reply that still comes finds nothing to do. */
function settled(conversation: Conversation): Conversation {
  const is_whole = conversation.held.size === 0 && conversation.have >= conversation.head.last_rev;
  return is_whole && conversation.repair === "waiting" ? { ...conversation, repair: "none" } : conversation;
}

/** Applies the event that comes next. */
function applied(step: Step, conversation: Conversation, event: Event): Conversation {
  step.stir();
  const next = { ...conversation, have: event.rev };
  const content = conversation.content;
  if (content !== undefined) next.content = withEvent(step, content, event, isOpen(step, conversation));
  return event.rev > conversation.head.last_rev ? withNews(step, next, event) : next;
}

function isOpen(step: Step, conversation: Conversation): boolean {
  return step.state.opened.has(conversation.about.conversation);
}

function withEvent(
  step: Step,
  content: NonNullable<Conversation["content"]>,
  event: Event,
  is_open: boolean,
): NonNullable<Conversation["content"]> {
  switch (event.type) {
    case "message": {
      step.wantUnknown(event.from);
      const { type: _type, ...message } = event;
      const next = withMessages(content, [message]);
      return is_open ? next : newest(next, MAX_ROWS);
    }
    case "edited":
    case "deleted":
    case "reacted":
    case "pinned":
      return withChange(content, event, step.state.self);
    case "membership":
    case "updated":
      return withEvents(content, [event]);
    case "floored":
      return aboveFloor(content, event.floor_seq);
    case "skipped":
      return content;
  }
}

/** Moves the head, and what is told of the conversation, by an event that is news to it. */
export function withNews(step: Step, conversation: Conversation, event: Event): Conversation {
  const head = { ...conversation.head, last_rev: event.rev };
  switch (event.type) {
    case "message":
      return withMessageNews(step, { ...conversation, head }, event);
    case "edited":
      return { ...conversation, head: withText(head, event.seq, event.body) };
    case "deleted":
      return { ...conversation, head: withText(head, event.seq, undefined) };
    case "membership":
      return { ...conversation, head, about: withMembers(conversation.about, event, step.state.self) };
    case "updated":
      head.info_rev = event.rev;
      return { ...conversation, head, about: withInfo(conversation.about, event) };
    case "floored":
      return aboveFloorOf(step, { ...conversation, head }, event.floor_seq);
    case "reacted":
    case "pinned":
    case "skipped":
      return { ...conversation, head };
  }
}

/** The floor of the head moves up, and what is left open by that is asked for. */
export function aboveFloorOf(step: Step, conversation: Conversation, floor_seq: number): Conversation {
  const next = { ...conversation, head: withFloor(conversation.head, floor_seq) };
  return isDoubtfulAbove(conversation.head, floor_seq) ? step.askAbout(next) : next;
}

function withMessageNews(step: Step, conversation: Conversation, message: wire.Message): Conversation {
  const reader = step.reader;
  const is_foreign = message.from === undefined || message.from !== reader.user;
  const is_unseen = message.seq > shownRead(conversation.head, conversation.own_read_seq);
  if (is_foreign && is_unseen && message.silent !== true && message.deleted !== true) {
    step.effect({ do: "notify", conversation: message.conversation, seq: message.seq });
  }
  return { ...conversation, head: withMade(conversation.head, message, reader) };
}

function withMembers(
  about: Conversation["about"],
  event: wire.Membership,
  self: wire.UserId | undefined,
): Conversation["about"] {
  let { members, role } = about;
  for (const { user, change, role: given } of event.changes) {
    if (change === "joined") members += 1;
    else if (change === "left" || change === "removed") members -= 1;
    else if (user === self && given !== undefined) role = given;
  }
  return { ...about, members, role };
}

function withInfo(about: Conversation["about"], event: wire.Updated): Conversation["about"] {
  const next: Record<string, unknown> = { ...about };
  for (const key of ["title", "description", "avatar", "alias", "settings"] as const) {
    const value = event[key];
    if (value === "") delete next[key];
    else if (value !== undefined) next[key] = value;
  }
  return next as unknown as Conversation["about"];
}

/** Takes a head as the server told it. `is_binding`: it counts even where more is held. */
export function tellHead(
  step: Step,
  conversation: Conversation,
  head: wire.Head,
  is_binding: boolean,
): Conversation {
  if (head.last_rev < conversation.head.last_rev) {
    if (is_binding) return fresh(step, conversation, head);
    if (head.read_seq <= conversation.head.read_seq) return conversation;
    return { ...conversation, head: withRead(conversation.head, head.read_seq, head.mentions) };
  }
  step.stir();
  const next = {
    ...conversation,
    description: head.info_rev > conversation.head.info_rev ? "outdated" : conversation.description,
    head: is_binding ? told(head) : withTold(conversation.head, head),
    ...(conversation.content === undefined
      ? {}
      : { content: aboveFloor(conversation.content, head.floor_seq) }),
  };
  if (next.content === undefined) return drain(step, { ...next, have: head.last_rev });
  return next.have < head.last_rev ? step.repairLater(next, true) : next;
}

/** A told head, but for a mark that is told already to be further. */
function withTold(known: KnownHead, head: wire.Head): KnownHead {
  const next = told(head);
  return known.read_seq > head.read_seq ? withRead(next, known.read_seq, known.mentions) : next;
}

/** What was held contradicts the server: only its head remains. */
function fresh(step: Step, conversation: Conversation, head: wire.Head): Conversation {
  if (conversation.content !== undefined) step.effect({ do: "drop", conversation: head.conversation });
  const { content: _content, chain: _chain, ...rest } = conversation;
  return {
    ...rest,
    head: told(head),
    have: head.last_rev,
    held: new Map(),
    repair: "none",
    loading: new Set(),
  };
}

/** Takes a description with its head. */
export function describe(step: Step, described: wire.Conversation, is_binding: boolean): void {
  const { head, user_rev: _user_rev, ...about } = described;
  if (about.peer !== undefined) step.putUser(about.peer);
  const known = step.conversation(about.conversation);
  if (known === undefined) {
    step.stir();
    step.put(begun(about, head));
    return;
  }
  // Left and joined again: what was held is not this membership's.
  const kept = about.join_rev > known.have ? { ...fresh(step, known, head), own_read_seq: 0 } : known;
  // Its own part is news; what it describes may be older than what events told since.
  const is_older = !is_binding && head.last_rev < kept.head.last_rev;
  const is_current = !is_older && head.info_rev >= kept.head.info_rev;
  const described_anew: Conversation = {
    ...kept,
    about: is_older ? withShared(about, known.about) : about,
    // The same mark again may be older than the reading that cleared it.
    is_unmarked: kept.is_unmarked && about.unread_from === known.about.unread_from,
  };
  const next = tellHead(step, described_anew, head, is_binding);
  step.put(is_current ? { ...next, description: "current" } : next);
}

/** `about` with what all members share as in `told`; the member's own part stays. */
function withShared(about: Conversation["about"], told: Conversation["about"]): Conversation["about"] {
  const next: Record<string, unknown> = { ...about };
  for (const key of ["title", "description", "avatar", "alias", "peer", "members", "settings"] as const) {
    if (told[key] === undefined) delete next[key];
    else next[key] = told[key];
  }
  return next as unknown as Conversation["about"];
}

function begun(about: Conversation["about"], head: wire.Head): Conversation {
  return {
    about,
    head: told(head),
    own_read_seq: 0,
    is_unmarked: false,
    description: "current",
    have: head.last_rev,
    held: new Map(),
    repair: "none",
    loading: new Set(),
    reads: new Map(),
  };
}

/** Takes what `get` answered: not the member's own part, which only events of the user change. */
export function refresh(step: Step, described: wire.Conversation): void {
  const known = step.conversation(described.conversation);
  if (known === undefined) {
    describe(step, described, false);
    return;
  }
  if (described.peer !== undefined) step.putUser(described.peer);
  const next = withAnswer(step, known, described);
  const answered =
    next.content === undefined && next.repair === "asked" ? { ...next, repair: "none" as const } : next;
  const refreshed = tellHead(step, answered, described.head, false);
  step.put(refreshed.held.size > 0 ? step.repairLater(refreshed, false) : refreshed);
}

function withAnswer(step: Step, known: Conversation, described: wire.Conversation): Conversation {
  const { last_rev, info_rev } = described.head;
  if (last_rev < known.head.last_rev) {
    if (known.description === "asked") step.askAboutLater(known);
    return known;
  }
  const about = withShared(known.about, described);
  return { ...known, about, head: { ...known.head, info_rev }, description: "current" };
}

/** The own mark was stored: on this session's word or another one's. */
export function tellRead(step: Step, read: wire.Read): void {
  const conversation = step.conversation(read.conversation);
  if (conversation === undefined || read.seq <= conversation.head.read_seq) return;
  step.stir();
  const next = { ...conversation, head: withRead(conversation.head, read.seq, read.mentions) };
  step.put(isDoubtful(conversation.head, read.seq, read.mentions) ? step.askAbout(next) : next);
}

/** The mark that the server has still to be told of, if there is one. */
export function untoldRead({ head, own_read_seq, is_unmarked }: Conversation): number | undefined {
  const is_untold = own_read_seq > head.read_seq || is_unmarked;
  return is_untold ? Math.max(own_read_seq, head.read_seq) : undefined;
}

/** The conversation is no longer the user's. */
export function leave(step: Step, id: wire.ConversationId): void {
  if (step.conversation(id) === undefined) return;
  step.stir();
  step.remove(id);
  step.effect({ do: "drop", conversation: id });
}

/** The user has read up to here, at this client. */
export function readHere(step: Step, id: wire.ConversationId, up_to_seq: number): void {
  const conversation = step.conversation(id);
  if (conversation === undefined) return;
  const seq = Math.min(up_to_seq, conversation.head.last_seq);
  const is_marked = conversation.about.unread_from !== undefined && !conversation.is_unmarked;
  if (seq <= Math.max(conversation.own_read_seq, conversation.head.read_seq) && !is_marked) return;
  const is_unmarked = conversation.is_unmarked || is_marked;
  step.put({ ...conversation, is_unmarked, own_read_seq: Math.max(seq, conversation.own_read_seq) });
  if (step.is_live) step.effect({ do: "read", conversation: id, seq });
}
