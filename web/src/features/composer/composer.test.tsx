import { act, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import { compose, composingIn } from "#/live/composing";
import { forgetDrafts } from "#/live/drafts";
import { OutboxFull, Refusal } from "#/sync/refusal";
import { ADA, conversationView, EMPTY_TIMELINE, ME, message, sentLine } from "#/testing/builders";
import { fakeClient } from "#/testing/fakeClient";
import { render } from "#/testing/render";
import { Toasts } from "#/ui/Toast";
import { Composer } from "./Composer";

const view = conversationView("c_1", ADA);
const group = conversationView("c_2", ADA, { kind: "group", title: "Swimmers" });

beforeEach(() => {
  forgetDrafts();
  for (const { conversation } of [view, group]) compose(conversation, undefined);
});

const field = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: /^Message to / });

test("Enter sends, Shift+Enter begins a line, and the field is empty for the next words", async () => {
  const { user, client } = render(<Composer view={view} />);
  await user.type(field(), "one{Shift>}{Enter}{/Shift}two{Enter}");
  expect(client.calls.filter(({ action }) => action === "send")).toEqual([
    { action: "send", values: ["c_1", "one\ntwo", {}] },
  ]);
  expect(field().value).toBe("");
  expect(document.activeElement).toBe(field());
});

test("nothing but blanks is not sent", async () => {
  const { user, client } = render(<Composer view={view} />);
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Send" }).disabled).toBe(true);
  await user.type(field(), "  {Enter}");
  expect(client.calls.some(({ action }) => action === "send")).toBe(false);
});

test("words that could not even be kept here stand in the field again", async () => {
  const client = fakeClient();
  client.answers.send = () =>
    Promise.reject(new Refusal({ code: "internal", message: "disk full", retry: "same" }));
  const { user } = render(<Composer view={view} />, client);
  await user.type(field(), "do not lose me{Enter}");
  await waitFor(() => expect(field().value).toBe("do not lose me"));
});

test("where too many messages wait to be sent, it says so and keeps the words", async () => {
  const client = fakeClient();
  client.answers.send = () => Promise.reject(new OutboxFull("1000 messages wait already"));
  const { user } = render(
    <>
      <Composer view={view} />
      <Toasts />
    </>,
    client,
  );
  await user.type(field(), "one too many{Enter}");
  await waitFor(() => expect(field().value).toBe("one too many"));
  expect(await screen.findByText(/^Too many messages wait here to be sent/)).toBeTruthy();
});

test("an answer names the message that it answers, and Escape gives it up", async () => {
  const client = fakeClient({ users: [ME, ADA] });
  client.answers.findMessage = () => ASKED;
  const { user } = render(<Composer view={view} />, client);
  act(() => compose(view.conversation, { kind: "reply", seq: 7 }));
  expect(screen.getByText("Reply to Ada Lovelace")).toBeTruthy();
  await user.type(field(), "{Escape}");
  expect(composingIn(view.conversation)).toBeUndefined();
  act(() => compose(view.conversation, { kind: "reply", seq: 7 }));
  await user.type(field(), "yes{Enter}");
  expect(client.calls.find(({ action }) => action === "send")?.values).toEqual([
    "c_1",
    "yes",
    { reply_to: 7 },
  ]);
});
const ASKED = message({ seq: 7 });

test("Up in an empty field edits the last own message, and the draft waits", async () => {
  const at_ms = Date.now();
  const lines = [
    sentLine({ seq: 1, from: ME.user, at_ms, body: { kind: "text", text: "teh end" } }),
    sentLine({ seq: 2, at_ms }),
  ];
  const client = fakeClient({ timelines: { c_1: { ...EMPTY_TIMELINE, lines } } });
  const { user } = render(<Composer view={view} />, client);
  await user.type(field(), "{ArrowUp}");
  expect(field().value).toBe("teh end");
  await user.clear(field());
  await user.type(field(), "the end{Enter}");
  expect(client.calls.find(({ action }) => action === "edit")?.values).toEqual(["c_1", 1, "the end"]);
  expect(field().value).toBe("");
});

test("in a group an @ offers members, and a mention travels as one", async () => {
  const client = fakeClient({ users: [ME, ADA] });
  client.answers.members = () =>
    Promise.resolve({ members: [{ user: ADA.user, role: "member", joined_ms: 1 }], users: [], more: false });
  const { user } = render(<Composer view={group} />, client);
  await user.type(field(), "hi @ad");
  expect(await screen.findByRole("option", { name: /Ada Lovelace/ })).toBeTruthy();
  await user.keyboard("{Enter}");
  expect(field().value).toBe("hi @ada.lovelace ");
  await user.keyboard("{Enter}");
  expect(client.calls.find(({ action }) => action === "send")?.values).toEqual([
    "c_2",
    "hi <@u_ada>",
    { mentions: { users: ["u_ada"] } },
  ]);
});

test("where one may not write, words stand in place of the field", () => {
  const closed = { ...group, kind: "broadcast" } as const;
  render(<Composer view={closed} />);
  expect(screen.getByText("Only administrators can post here.")).toBeTruthy();
  expect(screen.queryByRole("textbox")).toBeNull();
});
