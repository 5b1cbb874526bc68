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
import { drain, refresh, tellHead, withNews } from "./conversation";
import { withText } from "./head";
import type { KeptContent, Refusal } from "./input";
import { settle } from "./sending";
import type { Conversation, Step } from "./step";

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

export function askOlder(step: Step, id: wire.ConversationId): void {
  const conversation = step.conversation(id);
  if (!step.is_live || conversation === undefined || conversation.loading.has("older")) return;
  const before = hasOlder(conversation) ? conversation.content?.ranges[0]?.[0] : undefined;
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
  const { content: _content, ...rest } = conversation;
  step.put(drain(step, { ...rest, have: conversation.head.last_rev, repair: "none", loading: new Set() }));
}

/** Puts a conversation whose content may be behind its head, and lets it be repaired then. */
function put(step: Step, conversation: Conversation): void {
  const is_behind = conversation.have < conversation.head.last_rev;
  step.put(is_behind && step.is_live ? step.repairLater(conversation, true) : conversation);
}

/** The timer of a hole is over. */
export function fill(step: Step, id: wire.ConversationId): void {
  const conversation = step.conversation(id);
  if (conversation?.repair !== "waiting") return;
  if (!step.is_live) {
    step.put({ ...conversation, repair: "none" });
    return;
  }
  step.put({ ...conversation, repair: "asked" });
  if (conversation.content === undefined) step.request({ type: "get", conversations: [id] });
  else step.request({ type: "changes", conversation: id, since_rev: conversation.have });
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
  const floor_seq = Math.max(conversation.head.floor_seq, page.floor_seq);
  put(step, {
    ...conversation,
    loading,
    head: { ...conversation.head, floor_seq },
    content: aboveFloor({ ...content, at_start: content.at_start || is_start }, floor_seq),
    // A page older than what was applied lacks what the events since changed in it.
    have: Math.min(conversation.have, page.rev),
  });
}

export function takeChanges(step: Step, request: Changes, page: wire.ChangesPage): void {
  const conversation = step.conversation(request.conversation);
  settleAll(step, page.messages);
  if (conversation === undefined) return;
  step.wantChanged(page.users);
  const answered: Conversation = { ...conversation, repair: "none" };
  if (page.reset === true && page.head !== undefined) takeReset(step, answered, page, page.head);
  else if (answered.content !== undefined && request.since_rev <= answered.have) {
    takePage(step, answered, request.since_rev, page);
  } else step.put(answered);
}

function takePage(step: Step, conversation: Conversation, since_rev: number, page: wire.ChangesPage): void {
  const touched = withTouchedSince(step, conversation, since_rev, page);
  if (page.more) {
    step.put({ ...touched, repair: "paging" });
    step.request({ type: "changes", conversation: conversation.about.conversation, since_rev: touched.have });
    return;
  }
  const drained = drain(step, touched);
  if (drained.held.size > 0) step.put(step.repairLater(drained, false));
  else put(step, drained);
}

/** Everything touched since `since_rev`, complete up to `page.rev`: for `changes` and for `changed`. */
function withTouchedSince(
  step: Step,
  conversation: Conversation,
  since_rev: number,
  page: { messages: wire.Message[]; events: wire.HistoryEvent[]; rev: number },
): Conversation {
  step.stir();
  const known_rev = conversation.head.last_rev;
  let next = conversation;
  for (const message of [...page.messages].sort((a, b) => a.seq - b.seq)) {
    if (message.rev > known_rev) next = withNews(step, next, { ...message, type: "message" });
    else next = withTouchedHead(next, message);
  }
  for (const event of page.events) {
    if (event.rev > known_rev) next = withNews(step, next, event);
  }
  const held = next.content;
  const events = page.events.filter((event) => event.type !== "floored");
  const content = held && withEvents(withTouched(held, page.messages, since_rev), events);
  const last_rev = Math.max(known_rev, page.rev);
  if (hasUncertainMention(step, conversation, page.messages)) {
    step.request({ type: "get", conversations: [conversation.about.conversation] });
  }
  return {
    ...next,
    ...(content === undefined ? {} : { content: aboveFloor(content, next.head.floor_seq) }),
    head: { ...next.head, last_rev },
    have: content === undefined ? last_rev : Math.max(conversation.have, page.rev),
  };
}

function withTouchedHead(conversation: Conversation, message: wire.Message): Conversation {
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
  const { content: _content, ...rest } = conversation;
  // What is held over the hole waits until the page is there to take it.
  const bare = tellHead(step, { ...rest, have: conversation.head.last_rev, held: new Map() }, head, false);
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
  if (range.since_rev > conversation.have || conversation.repair === "paging") {
    step.put(step.repairLater(conversation, false));
    return;
  }
  step.put(drain(step, withTouchedSince(step, conversation, range.since_rev, range)));
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
export function historyRefused(step: Step, request: History): void {
  const conversation = step.conversation(request.conversation);
  if (conversation !== undefined) step.put({ ...conversation, loading: new Set() });
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
  const { content: _content, ...rest } = conversation;
  const head = { ...conversation.head, last_rev: 0 };
  // Ahead of the server, or no longer a member: what is held proves nothing, and any told head counts.
  step.put({ ...rest, head, have: 0, held: new Map(), repair: "none", loading: new Set() });
  step.resync(0);
}

/** A description did not come: a hole that waits for it is tried again. */
export function getRefused(step: Step, id: wire.ConversationId, refusal: Refusal): void {
  const conversation = step.conversation(id);
  if (conversation === undefined || conversation.content !== undefined || conversation.repair !== "asked")
    return;
  step.put({ ...conversation, repair: "waiting" });
  step.wait({ timer: "fill", conversation: id }, refusal.retry_after_ms ?? 1_000);
}
