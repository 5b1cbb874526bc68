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

function start() {
  vi.useFakeTimers();
  const view = conversationView(ID, ADA);
  const client = fakeClient({ me: ME, conversations: [view] });
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
