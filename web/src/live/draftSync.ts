// Carries drafts between the devices of a person: what is typed here goes to the server, what was typed elsewhere comes.
// It is the draft that the tabs of this browser share which goes; each of them tells what it finds untold.
import { useEffect, useState } from "react";
import type { ConversationId } from "#/proto/wire";
import type { Client } from "#/sync/client";
import { adoptDraft, draftOf, keepDrafts, onDraft, sharedDraft } from "./drafts";
import { useClient, useSnapshot } from "./useClient";

/** The server hears of a draft this often at most while one types. */
const TELL_EVERY_MS = 10_000;
/** A tab that closed while it told something counts as having failed after this long. */
const ANSWERED_WITHIN_MS = 30_000;
const PREFIX = "voodoo.told.";

/** What the server has, as far as it was told here or told us; shared by the tabs. */
interface Told {
  readonly has: string;
  /** What is on its way there, and until when an answer is waited for. */
  readonly asked?: string;
  readonly until_ms?: number;
}

function read(id: ConversationId): Told {
  try {
    const { has, asked, until_ms } = JSON.parse(localStorage.getItem(PREFIX + id) ?? "{}") as Partial<Told>;
    const is_asked = typeof asked === "string" && typeof until_ms === "number" && Date.now() < until_ms;
    return { has: typeof has === "string" ? has : "", ...(is_asked && { asked, until_ms }) };
  } catch {
    return { has: "" };
  }
}

function write(id: ConversationId, told: Told): void {
  try {
    if (told.has === "" && told.asked === undefined) localStorage.removeItem(PREFIX + id);
    else localStorage.setItem(PREFIX + id, JSON.stringify(told));
  } catch {
    // Without storage a reload takes the draft of this device for the newer one.
  }
}

/** Carries the drafts of one page. */
function carrier(client: Client) {
  /** What the server had when this tab looked last. */
  const looked = new Map<ConversationId, string>();
  /** What this tab waits for an answer to. */
  const asking = new Set<ConversationId>();

  /** Takes what other devices wrote, unless something newer stands here. */
  const take = (id: ConversationId, text: string) => {
    const { has, asked } = read(id);
    // What comes before the answer may be older than what was told; with the answer one looks again.
    if (text === has || asked !== undefined) return;
    write(id, { has: text });
    // What was typed here since is newer, and will be told.
    if (sharedDraft(id) === has) adoptDraft(id, text);
  };

  const draftAt = (id: ConversationId) =>
    client.snapshot().conversations.find(({ conversation }) => conversation === id)?.head.draft ?? "";

  const answered = (id: ConversationId, text: string, is_taken: boolean) => {
    const { has, asked } = read(id);
    if (asked !== text) return;
    asking.delete(id);
    write(id, { has: is_taken ? text : has });
    take(id, draftAt(id));
    // Sent in another tab meanwhile.
    if (is_taken && text !== "" && sharedDraft(id) === "" && read(id).has === text) ask(id, "", text);
  };

  const ask = (id: ConversationId, text: string, has: string) => {
    asking.add(id);
    write(id, { has, asked: text, until_ms: Date.now() + ANSWERED_WITHIN_MS });
    client.actions.setOwn(id, { draft: text }).then(
      () => answered(id, text, true),
      () => answered(id, text, false),
    );
  };

  return {
    look() {
      for (const { conversation: id, head } of client.snapshot().conversations) {
        const text = head.draft ?? "";
        if (text === looked.get(id)) continue;
        looked.set(id, text);
        take(id, text);
      }
    },
    /** Tells the server what stands here and is not there; what it refuses stays on this device. */
    tell(is_due: (id: ConversationId) => boolean) {
      const { connection, conversations } = client.snapshot();
      keepDrafts();
      if (connection.state !== "live") return;
      for (const { conversation: id, head } of conversations) {
        const text = sharedDraft(id);
        if ((text === (head.draft ?? "") && !asking.has(id)) || !is_due(id)) continue;
        const { has, asked } = read(id);
        if (text !== (asked ?? has)) ask(id, text, has);
      }
    },
  };
}

/** `current` is the open conversation: its draft is told when one leaves it, and now and then while one writes. */
export function useDraftSync(current: string | undefined): void {
  const client = useClient();
  const [carry] = useState(() => carrier(client));
  useEffect(() => {
    let seen: unknown;
    const look = () => {
      const { conversations } = client.snapshot();
      if (conversations !== seen) carry.look();
      seen = conversations;
    };
    look();
    return client.subscribe(look);
  }, [client, carry]);

  const is_live = useSnapshot((snapshot) => snapshot.connection.state === "live");
  // biome-ignore lint/correctness/useExhaustiveDependencies: leaving a conversation tells its draft, and so does coming back.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const now = () => {
      clearTimeout(timer);
      timer = undefined;
      carry.tell(() => true);
    };
    now();
    const deaf = onDraft((id) => {
      // A draft that is sent or taken away goes at once, so that no other device offers it again.
      if (draftOf(id) === "") carry.tell((each) => each === id);
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
  }, [carry, current, is_live]);
}
