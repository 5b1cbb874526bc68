/** The reducer of the client: pure, without clock and I/O. The same rules in Rust read the same golden files. */
import type * as wire from "#/proto/wire";
import { offer, readHere } from "./conversation";
import { type Event, ownEvent } from "./event";
import type { Effect, Frame, Input, Refusal, Timer } from "./input";
import * as retrieval from "./retrieval";
import * as sending from "./sending";
import * as session from "./session";
import { type State, Step } from "./step";

export { digestOf } from "./session";
export { type Conversation, INITIAL, type State } from "./step";

/** Applies one input. Applying the same frame twice changes nothing the second time. */
export function apply(before: State, input: Input): { state: State; effects: Effect[] } {
  const step = new Step(before);
  take(step, input);
  return step.end();
}

function take(step: Step, input: Input): void {
  switch (input.do) {
    case "connect":
      return session.connect(step, input.now_ms);
    case "disconnect":
      return session.disconnect(step);
    case "frame":
      return takeFrame(step, input.frame);
    case "ok":
      return takeOk(step, input.request, input.reply);
    case "refused":
      return takeRefused(step, input.request, input.refusal);
    case "timer":
      return takeTimer(step, input);
    case "wake":
      return session.beginCheck(step);
    case "queue":
      return sending.queue(step, input.entry);
    case "retry":
      return sending.retry(step, input.client_id);
    case "discard":
      return sending.discard(step, input.client_id);
    case "open":
      return retrieval.open(step, input.conversation);
    case "close":
      return retrieval.close(step, input.conversation);
    case "adopt":
      return retrieval.adopt(step, input.conversation, input);
    case "forget":
      return retrieval.forget(step, input.conversation);
    case "older":
      return retrieval.askOlder(step, input.conversation, input.before_seq);
    case "newer":
      return retrieval.askNewer(step, input.conversation, input.after_seq);
    case "around":
      return retrieval.askAround(step, input.conversation, input.seq);
    case "read":
      return readHere(step, input.conversation, input.seq);
    case "name":
      for (const user of input.users) step.wantUnknown(user);
  }
}

function takeFrame(step: Step, frame: Frame): void {
  switch (frame.type) {
    case "welcome":
      return session.takeWelcome(step, frame);
    case "sync":
      return session.takeSync(step, frame);
    case "pong":
      return session.takePong(step, frame.now_ms, frame.digest);
    case "reads":
      return session.takeReads(step, frame);
    case "goaway":
    case "notice":
    case "refused":
    case "typing":
    case "presence":
      return;
    default:
      if (step.state.sync !== undefined) session.keep(step, { frame });
      else if (step.is_live) session.takeEvent(step, frame);
  }
}

function takeOk(step: Step, request: wire.Request, reply: object): void {
  switch (request.type) {
    case "send":
      sending.settleId(step, request.conversation, request.client_id);
      return takeOwn(step, request, reply);
    case "edit":
    case "delete":
    case "react":
    case "pin":
      return takeOwn(step, request, reply);
    case "history":
      return retrieval.takeHistory(step, request, reply as wire.HistoryPage);
    case "changes":
      return retrieval.takeChanges(step, request, reply as wire.ChangesPage);
    case "get":
      return retrieval.takeGet(step, request.conversations, (reply as wire.Replies["get"]).conversations);
    case "users":
      return retrieval.takeUsers(step, request.ids ?? [], (reply as wire.Replies["users"]).users);
    case "members":
      return step.wantChanged((reply as wire.Replies["members"]).users);
    case "resync":
    case "create":
      // The pages and the event follow.
      return;
  }
}

/** The answer stands for the event that this session does not get. */
function takeOwn(
  step: Step,
  request: wire.Request & { conversation: wire.ConversationId },
  reply: object,
): void {
  const { self } = step.state;
  if (self === undefined) return;
  const kind = step.conversation(request.conversation)?.about.kind;
  const event: Event | undefined = ownEvent(request, reply, self, kind === "broadcast");
  if (event === undefined) return;
  if (step.state.sync !== undefined) session.keep(step, { event });
  else if (step.is_live) offer(step, event);
}

function takeRefused(step: Step, request: wire.Request, refusal: Refusal): void {
  switch (request.type) {
    case "send":
      return sending.sendRefused(step, request, refusal);
    case "history":
      return retrieval.historyRefused(step, request, refusal);
    case "changes":
      return retrieval.repairRefused(step, request.conversation, refusal);
    case "get":
      for (const id of request.conversations) retrieval.getRefused(step, id, refusal);
      return;
    case "resync":
      return session.resyncRefused(step, refusal.retry_after_ms);
    case "users":
      return retrieval.takeUsers(step, request.ids ?? [], []);
    case "edit":
    case "delete":
    case "react":
    case "pin":
    case "create":
      return;
  }
}

function takeTimer(step: Step, input: Timer): void {
  switch (input.timer) {
    case "fill":
      return retrieval.fill(step, input.conversation);
    case "send":
      return sending.sendAgain(step, input.conversation);
    case "user":
      return session.fillUser(step);
    case "check":
      return session.beginCheck(step);
    case "quiet":
      return session.afterQuiet(step);
  }
}
