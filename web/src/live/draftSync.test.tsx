import { act, renderHook } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import type { ConversationId } from "#/proto/wire";
import { ADA, conversationView, ME } from "#/testing/builders";
import { fakeClient } from "#/testing/fakeClient";
import { useDraftSync } from "./draftSync";
import { draftOf, forgetDrafts, setDraft } from "./drafts";
import { ClientContext } from "./useClient";

const ID = "c_1" as ConversationId;

afterEach(() => {
  vi.useRealTimers();
  forgetDrafts();
  localStorage.clear();
});

function start(answer?: () => unknown) {
  vi.useFakeTimers();
  const view = conversationView(ID, ADA);
  const client = fakeClient({ me: ME, conversations: [view] });
  if (answer) client.answers.setOwn = answer;
  renderHook(() => useDraftSync(ID), {
    wrapper: ({ children }) => <ClientContext value={client}>{children}</ClientContext>,
  });
  const told = () => client.calls.filter(({ action }) => action === "setOwn").map(({ values }) => values[1]);
  const hear = (draft: string) =>
    act(async () =>
      client.set({ conversations: [{ ...view, head: { ...view.head, ...(draft !== "" && { draft }) } }] }),
    );
  return { told, hear };
}

test("what is typed is told once in ten seconds, and at once when it is sent", async () => {
  const { told, hear } = start();
  setDraft(ID, "I sha");
  setDraft(ID, "I shall");
  expect(told()).toEqual([]);
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  expect(told()).toEqual([{ draft: "I shall" }]);
  await hear("I shall");
  expect(draftOf(ID)).toBe("I shall");
  setDraft(ID, "");
  expect(told()).toEqual([{ draft: "I shall" }, { draft: "" }]);
});

test("what another device wrote comes, and goes when it is sent there", async () => {
  const { told, hear } = start();
  await hear("from my telephone");
  expect(draftOf(ID)).toBe("from my telephone");
  await hear("");
  expect(draftOf(ID)).toBe("");
  expect(told()).toEqual([]);
});

test("what is being typed here is not taken away by what comes", async () => {
  const { told, hear } = start();
  setDraft(ID, "typed here");
  await hear("typed there");
  expect(draftOf(ID)).toBe("typed here");
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  expect(told()).toEqual([{ draft: "typed here" }]);
});

test("what was sent while the server was being told of it does not come back", async () => {
  const answers: (() => void)[] = [];
  const { told, hear } = start(() => new Promise<void>((resolve) => answers.push(resolve)));
  setDraft(ID, "on its way");
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  setDraft(ID, "");
  expect(told()).toEqual([{ draft: "on its way" }, { draft: "" }]);
  await hear("on its way");
  expect(draftOf(ID)).toBe("");
  await hear("");
  for (const answer of answers) await act(async () => answer());
  expect(draftOf(ID)).toBe("");
  expect(told()).toHaveLength(2);
});

test("what another device wrote while the server was being told is shown after the answer", async () => {
  let answer: () => void = () => undefined;
  const { hear } = start(() => new Promise<void>((resolve) => (answer = resolve)));
  setDraft(ID, "mine");
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  await hear("mine");
  await hear("theirs, over mine");
  expect(draftOf(ID)).toBe("mine");
  await act(async () => answer());
  expect(draftOf(ID)).toBe("theirs, over mine");
});

test("what another tab sent while the server was being told is taken back there too", async () => {
  let answer: () => void = () => undefined;
  const { told, hear } = start(() => new Promise<void>((resolve) => (answer = resolve)));
  setDraft(ID, "typed here");
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  const oldValue = localStorage.getItem(`voodoo.draft.${ID}`);
  localStorage.removeItem(`voodoo.draft.${ID}`);
  window.dispatchEvent(new StorageEvent("storage", { key: `voodoo.draft.${ID}`, oldValue, newValue: null }));
  expect(draftOf(ID)).toBe("");
  await hear("typed here");
  await act(async () => answer());
  expect(told()).toEqual([{ draft: "typed here" }, { draft: "" }]);
  expect(draftOf(ID)).toBe("");
});

test("what a tab was asking when it closed is asked again later", async () => {
  const { told } = start(() => new Promise(() => undefined));
  setDraft(ID, "unanswered");
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  window.dispatchEvent(new Event("blur"));
  expect(told()).toHaveLength(1);
  await act(() => vi.advanceTimersByTimeAsync(30_000));
  window.dispatchEvent(new Event("blur"));
  expect(told()).toHaveLength(2);
});
