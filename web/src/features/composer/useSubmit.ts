import type { RefObject } from "react";
import { refusalText } from "#/i18n/refusal";
import { decode, encode } from "#/lib/mentions";
import { type Composing, compose, composingIn, useComposing } from "#/live/composing";
import { draftOf, setDraft, useDraft } from "#/live/drafts";
import { useActions, useClient } from "#/live/useClient";
import type { ConversationId, UserId } from "#/proto/wire";
import type { Client, ConversationView, SendOptions, Snapshot } from "#/sync/client";
import { toast } from "#/ui/Toast";
import { measure } from "./measure";

export interface Means {
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

interface DraftText {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly composing: Composing | undefined;
}

/** What stands in the field: the draft, or the text of the message that is being edited; the draft waits meanwhile. */
export function useDraftText(id: ConversationId): DraftText {
  const draft = useDraft(id);
  const composing = useComposing(id);
  return {
    text: composing?.kind === "edit" ? composing.text : draft,
    setText(text) {
      const current = composingIn(id);
      if (current?.kind === "edit") compose(id, { ...current, text });
      else setDraft(id, text);
    },
    composing,
  };
}

/** Sends what stands in the field, or saves it. */
export function useSubmit(view: ConversationView, field: Means["field"]): () => Promise<void> {
  const client = useClient();
  const { send, edit } = useActions();
  const id = view.conversation;

  const save = async (seq: number, text: string) => {
    compose(id, undefined);
    try {
      await edit(id, seq, toSent(client, view, text).text);
    } catch (error) {
      // The words are not lost: they stand in the field again, unless something else was begun.
      if (composingIn(id) === undefined) compose(id, { kind: "edit", seq, text });
      toast(refusalText(error));
    }
  };

  const post = async (text: string, composing: Composing | undefined) => {
    setDraft(id, "");
    compose(id, undefined);
    const { text: sent, options } = toSent(client, view, text);
    try {
      await send(id, sent, composing ? { ...options, reply_to: composing.seq } : options);
    } catch (error) {
      // Not even kept on this device: the words go back where they were written.
      if (draftOf(id) === "") setDraft(id, text);
      toast(refusalText(error));
    }
  };

  return async () => {
    const composing = composingIn(id);
    const text = (composing?.kind === "edit" ? composing.text : draftOf(id)).trim();
    if (text === "" || measure(text, client.snapshot().limits).n_over > 0) return;
    field.current?.focus();
    if (composing?.kind === "edit") await save(composing.seq, text);
    else await post(text, composing);
  };
}

/** Only in groups are there people to be called. */
function toSent(
  client: Client,
  view: ConversationView,
  text: string,
): { text: string; options: SendOptions } {
  if (view.kind !== "group") return { text, options: {} };
  const { users, limits } = client.snapshot();
  const by_handle = new Map([...users.values()].map(({ handle, user }) => [handle, user]));
  const encoded = encode(text, (handle) => by_handle.get(handle));
  const named = encoded.users.slice(0, limits.mentions) as UserId[];
  if (named.length === 0 && encoded.all === undefined) return { text: encoded.text, options: {} };
  const mentions = {
    ...(named.length > 0 && { users: named }),
    ...(encoded.all !== undefined && { all: encoded.all }),
  };
  return { text: encoded.text, options: { mentions } };
}

/** The text of a message as it was typed. */
export function toTyped(text: string, users: Snapshot["users"]): string {
  return decode(text, (user) => users.get(user as UserId)?.handle);
}
