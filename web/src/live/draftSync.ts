// Carries drafts between the devices of a person: what is typed here goes to the server, what was typed elsewhere comes.
import { useEffect } from "react";
import type { ConversationId } from "#/proto/wire";
import type { Client } from "#/sync/client";
import { draftOf, onDraft, setDraft } from "./drafts";
import { useClient, useSnapshot } from "./useClient";

/** The server hears of a draft this often at most while one types. */
const TELL_EVERY_MS = 10_000;
const KEY = "voodoo.drafts.told";

/** What the server has, as far as it was told here or told us. */
type Told = Readonly<Record<string, string>>;

function read(): Told {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof parsed === "object" && parsed !== null ? (parsed as Told) : {};
  } catch {
    return {};
  }
}

function write(told: Told): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(told));
  } catch {
    // Without storage a reload takes the draft of this device for the newer one.
  }
}

/** Takes what other devices wrote, unless something newer stands here. */
function take(client: Client): void {
  const told = read();
  const news = client
    .snapshot()
    .conversations.map(({ conversation, head }) => ({ id: conversation, text: head.draft ?? "" }))
    .filter(({ id, text }) => text !== (told[id] ?? ""));
  if (news.length === 0) return;
  write({ ...told, ...Object.fromEntries(news.map(({ id, text }) => [id, text])) });
  for (const { id, text } of news) {
    // What was typed here since is newer, and will be told.
    if (draftOf(id) === (told[id] ?? "")) setDraft(id, text);
  }
}

/** What is on its way to the server. */
const asked = new Map<ConversationId, string>();

/** Tells the server what stands here and is not there; what it refuses stays on this device. */
function tell(client: Client, is_due: (id: ConversationId) => boolean): void {
  const { connection, conversations } = client.snapshot();
  if (connection.state !== "live") return;
  const told = read();
  for (const { conversation: id } of conversations) {
    const text = draftOf(id);
    if (text === (asked.get(id) ?? told[id] ?? "") || !is_due(id)) continue;
    asked.set(id, text);
    client.actions
      .setOwn(id, { draft: text })
      .catch(() => undefined)
      .finally(() => {
        if (asked.get(id) === text) asked.delete(id);
      });
  }
}

/** `current` is the open conversation: its draft is told when one leaves it, and now and then while one writes. */
export function useDraftSync(current: string | undefined): void {
  const client = useClient();
  useEffect(() => {
    let seen: unknown;
    const look = () => {
      const { conversations } = client.snapshot();
      if (conversations !== seen) take(client);
      seen = conversations;
    };
    look();
    return client.subscribe(look);
  }, [client]);

  const is_live = useSnapshot((snapshot) => snapshot.connection.state === "live");
  // biome-ignore lint/correctness/useExhaustiveDependencies: leaving a conversation tells its draft, and so does coming back.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const now = () => {
      clearTimeout(timer);
      timer = undefined;
      tell(client, () => true);
    };
    now();
    const deaf = onDraft((id) => {
      // A draft that is sent or taken away goes at once, so that no other device offers it again.
      if (draftOf(id) === "") tell(client, (each) => each === id);
      else timer ??= setTimeout(now, TELL_EVERY_MS);
    });
    const onHide = () => {
      if (document.visibilityState === "hidden") now();
    };
    document.addEventListener("visibilitychange", onHide);
    window.addEventListener("blur", now);
    return () => {
      clearTimeout(timer);
      deaf();
      document.removeEventListener("visibilitychange", onHide);
      window.removeEventListener("blur", now);
    };
  }, [client, current, is_live]);
}
