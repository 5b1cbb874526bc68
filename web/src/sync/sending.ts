/** The outbox: which message is sent when, and when it is done. What is kept of it on disk is outbox.ts's duty. */
import type * as wire from "#/proto/wire";
import type { Draft, Entry, EntryRefusal, Refusal } from "./input";
import type { Step } from "./step";

/** The server remembers client ids for longer; older entries go back to their author unsent. */
const MAX_AGE_MS = 14 * 24 * 3_600_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;

type Send = Extract<wire.Request, { type: "send" }>;

export function queue(step: Step, draft: Draft): void {
  if (step.state.outbox.some((entry) => entry.client_id === draft.client_id)) return;
  step.state.outbox = [...step.state.outbox, { ...draft, state: "queued" }];
  pump(step);
}

/** Sends what may be sent: per conversation the first in line, if none is unanswered. */
export function pump(step: Step): void {
  if (!step.is_live || step.state.outbox.length === 0) return;
  const busy = new Set<wire.ConversationId>();
  const outbox = step.state.outbox.map((entry): Entry => {
    if (entry.state === "refused" || busy.has(entry.conversation)) return entry;
    if (entry.state === "queued" && entry.made_ms < step.state.now_ms - MAX_AGE_MS)
      return expired(step, entry);
    busy.add(entry.conversation);
    if (entry.state !== "queued") return entry;
    step.request(sendOf(entry));
    return { ...entry, state: "sending" };
  });
  if (outbox.some((entry, at) => entry !== step.state.outbox[at])) step.state.outbox = outbox;
}

function expired(step: Step, entry: Entry): Entry {
  const message = "waited longer than 14 days";
  step.effect({ do: "hand_back", client_id: entry.client_id });
  return { ...entry, state: "refused", refusal: { code: "expired", message, retry: "changed" } };
}

function sendOf(entry: Entry): Send {
  const { client_id, conversation, body, reply_to, silent, mentions } = entry;
  return {
    type: "send",
    conversation,
    client_id,
    body,
    ...(reply_to === undefined ? {} : { reply_to }),
    ...(silent === undefined ? {} : { silent }),
    ...(mentions === undefined ? {} : { mentions }),
  };
}

/** A message was met: if it is one of the outbox, that one is done. */
export function settle(step: Step, message: Pick<wire.Message, "conversation" | "client_id" | "from">): void {
  const { self } = step.state;
  if (message.from !== undefined && message.from !== self) return;
  settleId(step, message.conversation, message.client_id);
}

export function settleId(step: Step, conversation: wire.ConversationId, client_id: wire.ClientId): void {
  const outbox = step.state.outbox.filter(
    (entry) => entry.client_id !== client_id || entry.conversation !== conversation,
  );
  if (outbox.length === step.state.outbox.length) return;
  step.state.outbox = outbox;
  step.effect({ do: "settle", client_id });
  pump(step);
}

export function sendRefused(step: Step, request: Send, refusal: Refusal): void {
  const entry = step.state.outbox.find(({ client_id }) => client_id === request.client_id);
  if (entry === undefined) return;
  if (refusal.retry !== "same") {
    const { code, message, retry } = refusal;
    change(step, entry, { state: "refused", refusal: { code, message, retry } });
    step.effect({ do: "hand_back", client_id: entry.client_id });
    pump(step);
    return;
  }
  const n_tries = (entry.n_tries ?? 0) + 1;
  const pause_ms =
    refusal.retry_after_ms ?? Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(n_tries - 1, 10));
  change(step, entry, { state: "waiting", n_tries });
  step.wait(
    { timer: "send", conversation: entry.conversation },
    pause_ms,
    pause_ms + Math.floor(pause_ms / 5),
  );
}

/** The pause after a refusal is over. */
export function sendAgain(step: Step, conversation: wire.ConversationId): void {
  const entry = step.state.outbox.find(
    (each) => each.conversation === conversation && each.state === "waiting",
  );
  if (entry !== undefined) change(step, entry, { state: "queued" });
  pump(step);
}

/** The author wants a refused message sent after all. */
export function retry(step: Step, client_id: wire.ClientId): void {
  const entry = step.state.outbox.find((each) => each.client_id === client_id && each.state === "refused");
  if (entry === undefined) return;
  const { refusal: _refusal, n_tries: _n_tries, ...draft } = entry;
  // It goes to the end of the line, and its age counts from here.
  const others = step.state.outbox.filter((each) => each !== entry);
  const made_ms = Math.max(entry.made_ms, step.state.now_ms);
  step.state.outbox = [...others, { ...draft, made_ms, state: "queued" }];
  pump(step);
}

export function discard(step: Step, client_id: wire.ClientId): void {
  const entry = step.state.outbox.find((each) => each.client_id === client_id);
  if (entry === undefined) return;
  step.state.outbox = step.state.outbox.filter((each) => each !== entry);
  step.effect({ do: "settle", client_id });
  pump(step);
}

/** The socket is gone: nothing is under way any more. */
export function interrupt(step: Step): void {
  if (!step.state.outbox.some(({ state }) => state === "sending" || state === "waiting")) return;
  step.state.outbox = step.state.outbox.map((entry) =>
    entry.state === "sending" || entry.state === "waiting" ? { ...entry, state: "queued" } : entry,
  );
}

function change(
  step: Step,
  entry: Entry,
  by: { state: Entry["state"]; n_tries?: number; refusal?: EntryRefusal },
): void {
  step.state.outbox = step.state.outbox.map((each) => (each === entry ? { ...each, ...by } : each));
}
