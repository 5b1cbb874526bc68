import { act, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { CONVERSATION } from "#/testing/builders";
import { fakeClient } from "#/testing/fakeClient";
import { render } from "#/testing/render";
import { Gap } from "./Gap";

/** Observers that are asked by hand what they see. */
const observers: IntersectionObserverCallback[] = [];

class Observer {
  readonly #call: IntersectionObserverCallback;

  constructor(call: IntersectionObserverCallback) {
    this.#call = call;
    observers.push(call);
  }

  observe(): void {}

  disconnect(): void {
    observers.splice(observers.indexOf(this.#call), 1);
  }
}

beforeEach(() => {
  observers.length = 0;
  vi.stubGlobal("IntersectionObserver", Observer);
});

function comesIntoView(): void {
  const entries = [{ isIntersecting: true }] as IntersectionObserverEntry[];
  act(() => {
    for (const call of [...observers]) call(entries, undefined as never);
  });
}

const HOLE = { kind: "gap", key: "g10", after_seq: 10, before_seq: 60 } as const;

/** Draws the hole so far down the window. */
function draw(top: number, client = fakeClient()) {
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, top, 100, 64));
  return render(<Gap conversation={CONVERSATION} line={HOLE} />, client);
}

test("a hole closes by itself from the side on which one reads", () => {
  const above = draw(-200);
  expect(screen.getByText("Some messages are not loaded.")).toBeTruthy();
  expect(above.client.calls).toEqual([]);
  comesIntoView();
  expect(above.client.calls).toEqual([{ action: "loadOlder", values: [CONVERSATION, HOLE.before_seq] }]);
  above.unmount();
  const below = draw(window.innerHeight + 200);
  comesIntoView();
  expect(below.client.calls).toEqual([{ action: "loadNewer", values: [CONVERSATION, HOLE.after_seq] }]);
});

test("while a page is on its way nothing is asked; then the rest is", () => {
  const timeline = { lines: [HOLE], has_older: false, has_newer: false, read_seq: 0, from_seq: 1 };
  const loading = { [CONVERSATION]: { ...timeline, is_loading: true } };
  const { client } = draw(-200, fakeClient({ timelines: loading }));
  comesIntoView();
  expect(client.calls).toEqual([]);
  act(() => client.set({ timelines: { [CONVERSATION]: { ...timeline, is_loading: false } } }));
  comesIntoView();
  expect(client.calls.map(({ action }) => action)).toEqual(["loadOlder"]);
});

test("without a connection a hole waits, and says so by its button", async () => {
  const connection = { state: "waiting", retry_at_ms: 0, n_waiting: 0 } as never;
  const { client, user } = draw(-200, fakeClient({ connection }));
  comesIntoView();
  await user.click(screen.getByRole("button", { name: "Load them" }));
  expect(client.calls).toEqual([]);
  act(() => client.set({ connection: { state: "live", since_ms: 0, n_waiting: 0 } }));
  await user.click(screen.getByRole("button", { name: "Load them" }));
  expect(client.calls.map(({ action }) => action)).toEqual(["loadOlder"]);
});
