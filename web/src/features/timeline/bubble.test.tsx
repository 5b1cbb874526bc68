import { screen, within } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { composingIn } from "#/live/composing";
import { ADA, CONVERSATION, conversationView, ME, message, refusedLine, sentLine } from "#/testing/builders";
import { fakeClient } from "#/testing/fakeClient";
import { render } from "#/testing/render";
import { Bubble } from "./Bubble";
import { MessageOver } from "./MessageOver";
import { MessageActionsContext, useActionsOf } from "./useMessageActions";

const jump = vi.fn();
const users = new Map([ME, ADA].map((user) => [user.user, user]));

beforeEach(() => {
  localStorage.clear();
  jump.mockClear();
});

interface Props {
  readonly line: Parameters<typeof Bubble>[0]["line"];
  readonly isOwn?: boolean;
}

/** One message with everything that may stand over it. */
function Scene({ line, isOwn = false }: Props) {
  const { actions, over } = useActionsOf(VIEW, jump);
  return (
    <MessageActionsContext value={actions}>
      <Bubble
        conversation={CONVERSATION}
        line={line}
        isMarked={false}
        at_ms={Date.now()}
        author={isOwn ? ME : ADA}
        users={users}
        me={ME.user}
        isOwn={isOwn}
        isFirst
        isLast
        hasNames={false}
        tabIndex={0}
      />
      <MessageOver conversation={CONVERSATION} over={over} />
    </MessageActionsContext>
  );
}
const VIEW = conversationView("c_1", ADA);

const now = () => Date.now() - 1_000;

test("a message is one sentence for those who listen", () => {
  const reactions = [{ emoji: "👍", count: 2 }];
  render(<Scene isOwn line={sentLine({ seq: 1, from: ME.user, reactions }, "read")} />);
  expect(screen.getByRole("article", { name: /^You, .*, message 1, 👍, 2 people, Read$/ })).toBeTruthy();
});

test("single keys answer, edit and delete the message that has the focus", async () => {
  const line = sentLine({ seq: 4, from: ME.user, at_ms: now(), body: { kind: "text", text: "mine" } });
  const { user, client } = render(<Scene isOwn line={line} />);
  screen.getByRole("article").focus();
  await user.keyboard("r");
  expect(composingIn(CONVERSATION)).toEqual({ kind: "reply", seq: 4 });
  await user.keyboard("e");
  expect(composingIn(CONVERSATION)).toEqual({ kind: "edit", seq: 4, text: "mine" });
  await user.keyboard("{Delete}");
  const dialog = await screen.findByRole("dialog", { name: "Delete this message?" });
  await user.click(within(dialog).getByRole("button", { name: "Delete" }));
  expect(client.calls.find(({ action }) => action === "remove")?.values).toEqual(["c_1", [4]]);
});

test("somebody else's message offers neither editing nor deleting", async () => {
  const { user } = render(<Scene line={sentLine({ seq: 4, at_ms: now() })} />);
  screen.getByRole("article").focus();
  await user.keyboard(".");
  const menu = await screen.findByRole("menu", { name: "Message" });
  expect(within(menu).getByRole("menuitem", { name: "Reply" })).toBeTruthy();
  expect(within(menu).queryByRole("menuitem", { name: "Edit" })).toBeNull();
  expect(within(menu).queryByRole("menuitem", { name: "Delete" })).toBeNull();
});

test("a reaction is one press away, joined by a press, and taken back by another", async () => {
  const reactions = [{ emoji: "🎉", count: 1, mine: true }];
  const { user, client } = render(<Scene line={sentLine({ seq: 4, reactions })} />);
  await user.click(screen.getByRole("button", { name: "🎉, 1 person" }));
  screen.getByRole("article").focus();
  await user.keyboard(".");
  await user.click(await screen.findByRole("menuitem", { name: "👍" }));
  expect(client.calls.filter(({ action }) => action === "react").map(({ values }) => values)).toEqual([
    ["c_1", 4, "🎉", false],
    ["c_1", 4, "👍", true],
  ]);
});

test("a quote says what is answered and leads there", async () => {
  const client = fakeClient({ users: [ME, ADA] });
  client.answers.findMessage = () => ASKED;
  const { user } = render(<Scene isOwn line={sentLine({ seq: 9, from: ME.user, reply_to: 2 })} />, client);
  const quote = screen.getByRole("button", { name: "Answer to Ada Lovelace: go there" });
  expect(quote.textContent).toContain("message 2");
  await user.click(quote);
  expect(jump).toHaveBeenCalledWith(2);
});
const ASKED = message({ seq: 2 });

test("what was deleted says so, and nothing can be done with it", () => {
  render(<Scene line={sentLine({ seq: 4, deleted: true, reactions: [{ emoji: "👍", count: 1 }] })} />);
  expect(screen.getByRole("article", { name: /Message deleted/ })).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});

test("what was not sent says why, and is copied or taken back; what may be tried again offers it", async () => {
  const line = { ...refusedLine({ client_id: "x", code: "rate_limited" }), retry: "same" } as const;
  const { user, client } = render(<Scene isOwn line={line} />);
  expect(screen.getByText(/Not sent\. That was a little fast/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Retry" }));
  await user.click(screen.getByRole("button", { name: "Delete" }));
  expect(client.calls.map(({ action, values }) => [action, ...values])).toEqual(
    expect.arrayContaining([
      ["retry", "x"],
      ["discard", "x"],
    ]),
  );
});

test("no markup of a message becomes an element of its own", () => {
  const text = '<img src=x onerror="alert(1)"> [x](javascript:alert(1)) <script>alert(1)</script>';
  const { container } = render(<Scene line={sentLine({ seq: 4, body: { kind: "text", text } })} />);
  expect(container.querySelector("img, script, a")).toBeNull();
  expect(container.textContent).toContain("<script>alert(1)</script>");
});
