import { act } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { arrived } from "#/live/arrivals";
import { ADA, CONVERSATION, conversationView } from "#/testing/builders";
import { fakeClient } from "#/testing/fakeClient";
import { render } from "#/testing/render";
import { useNotes } from "./useNotes";

const shown: { title: string; body: string | undefined }[] = [];

class FakeNotification {
  static permission = "granted";
  onclick: (() => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(title: string, { body }: NotificationOptions) {
    shown.push({ title, body });
  }
  close() {
    this.onclose?.();
  }
}

beforeEach(() => {
  shown.length = 0;
  localStorage.setItem("voodoo.notifications", "on");
  vi.stubGlobal("Notification", FakeNotification);
});
afterEach(() => {
  localStorage.clear();
  vi.unstubAllGlobals();
});

function Page({ current }: { readonly current?: string }) {
  useNotes(current);
  return null;
}

const unread = conversationView("c_1", ADA, { unread: 1, preview: { text: "**hello**" } });

async function tell(view: typeof unread, current?: string): Promise<void> {
  render(<Page {...(current === undefined ? {} : { current })} />, fakeClient({ conversations: [view] }));
  await act(async () => arrived(CONVERSATION, 1));
}

test("a message that nobody looks at is told of, in plain words", async () => {
  await tell(unread);
  expect(shown).toEqual([{ title: "Ada Lovelace", body: "hello" }]);
});

test("nothing is told of the conversation that is being looked at", async () => {
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
  await tell(unread, "c_1");
  expect(shown).toEqual([]);
});

test("muted conversations are quiet, but for a mention", async () => {
  await tell({ ...unread, muted: true });
  expect(shown).toEqual([]);
  await tell({ ...unread, muted: true, mentions: 1 });
  expect(shown).toHaveLength(1);
});

test("strangers are quiet, and so is everything while notifications are off", async () => {
  await tell({ ...unread, state: "request" });
  localStorage.setItem("voodoo.notifications", "off");
  await tell(unread);
  expect(shown).toEqual([]);
});
