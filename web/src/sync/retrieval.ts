/** What is asked for, and what its answers do: pages of history, everything touched since, descriptions, profiles. */
import type * as wire from "#/proto/wire";
import {
  aboveFloor,
  adopted,
  EMPTY,
  MAX_ROWS,
  newest,
  withEvents,
  withMessages,
  withTouched,
} from "./content";
import { aboveFloorOf, drain, refresh, tellHead, withNews } from "./conversation";
import type { Event } from "./event";
import { withText } from "./head";
import type { KeptContent, Refusal } from "./input";
import { settle } from "./sending";
import type { Chain, Conversation, Step } from "./step";

/** Messages of a page that a person asked for. */
const PAGE = 50;

type History = Extract<wire.Request, { type: "history" }>;
type Changes = Extract<wire.Request, { type: "changes" }>;

/** The conversation is on screen: its messages are wanted. */
export function open(step: Step, id: wire.ConversationId): void {
  if (!step.state.opened.has(id)) step.state.opened = new Set([...step.state.opened, id]);
  wantContent(step, id);
}

export function close(step: Step, id: wire.ConversationId): void {
  if (!step.state.opened.has(id)) return;
  step.state.opened = new Set([...step.state.opened].filter((opened) => opened !== id));
  const conversation = step.conversation(id);
  if (conversation?.content === undefined) return;
  const content = newest(conversation.content, MAX_ROWS);
  if (content !== conversation.content) step.put({ ...conversation, content });
}

/** Asks for the newest page of an open conversation of which only the head is held. */
export function wantContent(step: Step, id: wire.ConversationId): void {
  const conversation = step.conversation(id);
  if (!step.is_live || !step.state.opened.has(id) || conversation === undefined) return;
  if (conversation.content !== undefined || conversation.loading.has("newest")) return;
  ask(step, conversation, "newest", { type: "history", conversation: id, limit: PAGE });
}

type Place = Conversation["loading"] extends ReadonlySet<infer P> ? P : never;

function ask(step: Step, conversation: Conversation, place: Place, request: History): void {
  step.put({ ...conversation, loading: new Set([...conversation.loading, place]) });
  step.request(request);
}

/** Asks for what lies before `before_seq`, which follows a hole, or before everything that is held. */
export function askOlder(step: Step, id: wire.ConversationId, before_seq?: number): void {
  const conversation = step.conversation(id);
  if (!step.is_live || conversation === undefined || conversation.loading.has("older")) return;
  const first = hasOlder(conversation) ? conversation.content?.ranges[0]?.[0] : undefined;
  const before = before_seq ?? first;
  if (before === undefined) return;
  ask(step, conversation, "older", { type: "history", conversation: id, before, limit: PAGE });
}

export function askNewer(step: Step, id: wire.ConversationId, after: number): void {
  const conversation = step.conversation(id);
  if (!step.is_live || conversation?.content === undefined || conversation.loading.has("newer")) return;
  ask(step, conversation, "newer", { type: "history", conversation: id, after, limit: PAGE });
}

export function askAround(step: Step, id: wire.ConversationId, seq: number): void {
  const conversation = step.conversation(id);
  if (!step.is_live || conversation === undefined || conversation.content?.messages.has(seq)) return;
  step.request({ type: "history", conversation: id, around: seq, limit: PAGE });
}

/** Whether the member may read messages before the first one held. */
export function hasOlder(conversation: Conversation): boolean {
  const { content, about, head } = conversation;
  const first = content?.ranges[0]?.[0];
  if (content === undefined || content.at_start || first === undefined) return false;
  return first > Math.max(about.from_seq, head.floor_seq + 1);
}

/** Messages from a cache: complete up to the `have` that they were kept with. */
export function adopt(step: Step, id: wire.ConversationId, kept: KeptContent): void {
  const conversation = step.conversation(id);
  if (conversation === undefined || conversation.content !== undefined) return;
  if (kept.have < conversation.about.join_rev || kept.have > conversation.head.last_rev) return;
  const content = aboveFloor(adopted(kept), conversation.head.floor_seq);
  put(step, { ...conversation, content, have: kept.have });
}

/** Keeps the head only; a cache may keep the rest. */
export function forget(step: Step, id: wire.ConversationId): void {
  const conversation = step.conversation(id);
  if (conversation?.content === undefined || step.state.opened.has(id)) return;
  const { content: _content, chain: _chain, ...rest } = conversation;
  const bare = drain(step, {
    ...rest,
    have: conversation.head.last_rev,
    repair: "none",
    loading: new Set(),
  });
  // The repair that was under way was one of the messages.
  step.put(bare.held.size > 0 ? step.repairLater(bare, false) : bare);
}

/** Puts a conversation whose content may be behind its head, and lets it be repaired then. */
function put(step: Step, conversation: Conversation): void {
  const is_behind = conversation.have < conversation.head.last_rev;
  step.put(is_behind && step.is_live ? step.repairLater(conversation, true) : conversation);
}

/** The timer of a hole is over. */
export function fill(step: Step, id: wire.ConversationId): void {
  const conversation = step.conversation(id);
  if (conversation === undefined) return;
  const is_waiting = conversation.repair === "waiting";
  if (is_waiting) step.put({ ...conversation, repair: step.is_live ? "asked" : "none" });
  if (!step.is_live) return;
  const is_held = conversation.content !== undefined;
  if (is_waiting && is_held) {
    step.request({ type: "changes", conversation: id, since_rev: conversation.have });
  }
  if (conversation.description === "asked" || (is_waiting && !is_held)) {
    step.request({ type: "get", conversations: [id] });
  }
  wantContent(step, id);
}

export function takeHistory(step: Step, request: History, page: wire.HistoryPage): void {
  const conversation = step.conversation(request.conversation);
  settleAll(step, page.messages);
  if (conversation === undefined) return;
  step.wantChanged(page.users);
  const place = request.before !== undefined ? "older" : request.after !== undefined ? "newer" : "newest";
  const loading = new Set(conversation.loading);
  loading.delete(place);
  const held = conversation.content ?? EMPTY;
  const content = withEvents(withMessages(held, page.messages), page.events);
  const is_start = request.after === undefined && request.around === undefined && !page.more;
  const floored = aboveFloorOf(step, conversation, page.floor_seq);
  // A hole under a head is repaired by `get`, one under messages by `changes`.
  const is_over = conversation.content === undefined && conversation.repair === "asked";
  const next: Conversation = {
    ...floored,
    loading,
    repair: is_over ? "none" : conversation.repair,
    content: aboveFloor({ ...content, at_start: content.at_start || is_start }, floored.head.floor_seq),
    // A page older than what was applied lacks what the events since changed in it.
    have: Math.min(conversation.have, page.rev),
  };
  if (next.held.size > 0 && next.have >= next.head.last_rev) step.put(step.repairLater(next, false));
  else put(step, next);
}

export function takeChanges(step: Step, request: Changes, page: wire.ChangesPage): void {
  const conversation = step.conversation(request.conversation);
  settleAll(step, page.messages);
  if (conversation === undefined) return;
  step.wantChanged(page.users);
  const { chain, ...rest } = conversation;
  const answered: Conversation = { ...rest, repair: "none" };
  if (page.reset === true && page.head !== undefined) takeReset(step, answered, page, page.head);
  else if (answered.content !== undefined && request.since_rev <= answered.have) {
    takePage(
      step,
      answered,
      chain ?? { since_rev: request.since_rev, messages: new Map(), events: [] },
      page,
    );
  } else put(step, answered);
}

function takePage(step: Step, conversation: Conversation, before: Chain, page: wire.ChangesPage): void {
  const chain = chained(before, page);
  const held = withTouchedContent(step, conversation, chain.since_rev, page);
  if (page.more) {
    step.put({ ...held, chain, repair: "asked" });
    step.request({ type: "changes", conversation: conversation.about.conversation, since_rev: held.have });
    return;
  }
  const drained = drain(step, withNewsOf(step, held, chain, page.rev));
  if (drained.held.size > 0) step.put(step.repairLater(drained, false));
  else put(step, drained);
}

type Stretch = Pick<wire.ChangesPage, "messages" | "events" | "rev">;

function chained(chain: Chain, { messages, events }: Stretch): Chain {
  const latest = new Map(chain.messages);
  for (const message of messages) latest.set(message.seq, message);
  return { ...chain, messages: latest, events: [...chain.events, ...events] };
}

/** Puts everything touched since `since_rev` beside what is held, which is complete up to `page.rev` then. */
function withTouchedContent(
  step: Step,
  conversation: Conversation,
  since_rev: number,
  page: Stretch,
): Conversation {
  step.stir();
  if (conversation.content === undefined) return conversation;
  const content = withEvents(withTouched(conversation.content, page.messages, since_rev), page.events);
  return { ...conversation, content, have: Math.max(conversation.have, page.rev) };
}

/** Moves the head by everything that is news to it, in the order in which it happened. */
function withNewsOf(step: Step, conversation: Conversation, chain: Chain, rev: number): Conversation {
  const known_rev = conversation.head.last_rev;
  const messages = [...chain.messages.values()];
  const made = messages.map((message): Event => ({ ...message, type: "message" }));
  let next = messages.reduce(withTouchedPreview, conversation);
  for (const event of [...made, ...chain.events].sort((a, b) => a.rev - b.rev)) {
    if (event.rev > known_rev) next = withNews(step, next, event);
  }
  if (hasUncertainMention(step, conversation, messages)) next = step.askAbout(next);
  const last_rev = Math.max(known_rev, rev);
  return {
    ...next,
    ...(next.content === undefined ? {} : { content: aboveFloor(next.content, next.head.floor_seq) }),
    head: { ...next.head, last_rev },
    have: next.content === undefined ? last_rev : next.have,
  };
}

function withTouchedPreview(conversation: Conversation, message: wire.Message): Conversation {
  const { preview } = conversation.head;
  if (preview?.seq !== message.seq || (message.mod_rev ?? message.rev) <= conversation.head.last_rev) {
    return conversation;
  }
  return { ...conversation, head: withText(conversation.head, message.seq, message.body) };
}

/** A message that was made and deleted meanwhile may have called the user: only the server knows. */
function hasUncertainMention(
  step: Step,
  conversation: Conversation,
  messages: readonly wire.Message[],
): boolean {
  const { last_rev, read_seq } = conversation.head;
  return messages.some(
    (message) =>
      message.deleted === true &&
      message.rev > last_rev &&
      message.seq > read_seq &&
      message.from !== step.state.self,
  );
}

function takeReset(step: Step, conversation: Conversation, page: wire.ChangesPage, head: wire.Head): void {
  step.stir();
  step.effect({ do: "drop", conversation: head.conversation });
  const { content: _content, chain: _chain, ...rest } = conversation;
  // What is held over the hole waits until the page is there to take it.
  const told = tellHead(step, { ...rest, have: conversation.head.last_rev, held: new Map() }, head, false);
  const bare = told.description === "outdated" ? step.askAbout(told) : told;
  const content = withEvents(withMessages(EMPTY, page.messages), page.events);
  const have = Math.min(bare.have, Math.max(head.last_rev, page.rev));
  put(step, drain(step, { ...bare, held: conversation.held, content, have }));
}

/** The server's own repair: fits only where it begins at or below what is held. */
export function takeChanged(step: Step, range: wire.ChangedRange): void {
  const conversation = step.conversation(range.conversation);
  settleAll(step, range.messages);
  if (conversation === undefined || range.rev <= conversation.have) return;
  step.wantChanged(range.users ?? []);
  if (range.since_rev > conversation.have || conversation.chain !== undefined) {
    step.put(step.repairLater(conversation, false));
    return;
  }
  const { since_rev } = range;
  const chain = chained({ since_rev, messages: new Map(), events: [] }, range);
  const held = withTouchedContent(step, conversation, since_rev, range);
  step.put(drain(step, withNewsOf(step, held, chain, range.rev)));
}

export function takeGet(
  step: Step,
  ids: readonly wire.ConversationId[],
  described: wire.Conversation[],
): void {
  for (const conversation of described) refresh(step, conversation);
  const answered = new Set(described.map(({ conversation }) => conversation));
  // What is left out is not the user's any more, and the event that says so was missed.
  if (ids.some((id) => !answered.has(id) && step.conversation(id) !== undefined)) step.resync();
}

export function takeUsers(step: Step, ids: readonly wire.UserId[], users: readonly wire.User[]): void {
  for (const user of users) step.putUser(user);
  const asked = [...step.state.asked_users].filter((user) => !ids.includes(user));
  step.state.asked_users = new Set(asked);
}

function settleAll(step: Step, messages: readonly wire.Message[]): void {
  for (const message of messages) settle(step, message);
}

/** A page did not come. */
/** A page did not come. Whoever reads asks again for an older one; for the first nobody else would. */
export function historyRefused(step: Step, request: History, refusal: Refusal): void {
  const id = request.conversation;
  const conversation = step.conversation(id);
  if (conversation === undefined) return;
  step.put({ ...conversation, loading: new Set() });
  if (conversation.content === undefined && refusal.retry === "same") {
    step.wait({ timer: "fill", conversation: id }, refusal.retry_after_ms ?? 1_000);
  }
}

/** A repair did not come. */
export function repairRefused(step: Step, id: wire.ConversationId, refusal: Refusal): void {
  const conversation = step.conversation(id);
  if (conversation === undefined) return;
  if (refusal.retry === "same") {
    step.put({ ...conversation, repair: "waiting" });
    step.wait({ timer: "fill", conversation: id }, refusal.retry_after_ms ?? 1_000);
    return;
  }
  if (conversation.content !== undefined) step.effect({ do: "drop", conversation: id });
  const { content: _content, chain: _chain, ...rest } = conversation;
  const head = { ...conversation.head, last_rev: 0 };
  // Ahead of the server, or no longer a member: what is held proves nothing, and any told head counts.
  step.put({ ...rest, head, have: 0, held: new Map(), repair: "none", loading: new Set() });
  step.resync(0);
}

/** A description did not come: a hole that waits for it is tried again. */
export function getRefused(step: Step, id: wire.ConversationId, refusal: Refusal): void {
  const conversation = step.conversation(id);
  if (conversation === undefined) return;
  const is_tried_again = refusal.retry === "same";
  if (conversation.content === undefined && conversation.repair === "asked") {
    step.put({ ...conversation, repair: is_tried_again ? "waiting" : "none" });
  } else if (conversation.description !== "asked") return;
  if (is_tried_again) step.wait({ timer: "fill", conversation: id }, refusal.retry_after_ms ?? 1_000);
}
