import { createContext, useContext, useMemo, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { decode } from "#/lib/mentions";
import { compose } from "#/live/composing";
import { useClient } from "#/live/useClient";
import type { Message, UserId } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { copyText } from "#/ui/clipboard";
import type { Anchor } from "#/ui/Menu";
import { toast } from "#/ui/Toast";
import { type MessageRights, rightsOn } from "./messageRights";
import { rememberEmoji } from "./quickEmoji";

/** What stands open over a message. */
export type Over =
  | { readonly kind: "menu"; readonly message: Message; readonly anchor: Anchor }
  | { readonly kind: "emoji" | "delete" | "readers"; readonly message: Message };

/** What can be done with messages; the same object as long as the conversation is the same. */
export interface MessageActions {
  readonly rights: (message: Message) => MessageRights;
  readonly show: (over: Over | undefined) => void;
  readonly reply: (message: Message) => void;
  readonly edit: (message: Message) => void;
  readonly react: (message: Message, emoji: string, on: boolean) => void;
  readonly pin: (message: Message) => void;
  readonly copy: (message: Message) => void;
  readonly copyLink: (message: Message) => void;
  readonly remove: (message: Message) => Promise<void>;
  readonly jump: (seq: number) => void;
}

export const MessageActionsContext = createContext<MessageActions | undefined>(undefined);

export function useMessageActions(): MessageActions {
  const actions = useContext(MessageActionsContext);
  if (!actions) throw new Error("a message stands outside of its timeline");
  return actions;
}

const report = (error: unknown) => toast(refusalText(error));

/** The actions of one conversation, and what stands open. */
export function useActionsOf(
  view: ConversationView,
  jump: (seq: number) => void,
): { readonly actions: MessageActions; readonly over: Over | undefined } {
  const client = useClient();
  const [over, show] = useState<Over>();
  const { kind, role, conversation: id } = view;
  const { post } = view.head.settings;

  const actions = useMemo((): MessageActions => {
    const { actions: ask } = client;
    const standing = { view: { kind, role, head: { settings: { post } } } };
    return {
      rights(message) {
        const { me, limits } = client.snapshot();
        const { edit_window_ms } = limits;
        return rightsOn(message, { ...standing, me: me?.user, now_ms: Date.now(), edit_window_ms });
      },
      show,
      reply: ({ seq }) => compose(id, { kind: "reply", seq }),
      edit({ seq, body }) {
        const { users } = client.snapshot();
        if (body?.kind !== "text") return;
        const text = decode(body.text, (user) => users.get(user as UserId)?.handle);
        compose(id, { kind: "edit", seq, text });
      },
      react({ seq }, emoji, on) {
        if (on) rememberEmoji(emoji);
        ask.react(id, seq, emoji, on).catch(report);
      },
      pin: ({ seq, pinned }) => void ask.pin(id, seq, !pinned).catch(report),
      copy({ body }) {
        if (body?.kind === "text") copyText(body.text).then(() => toast(t("timeline.copied")), report);
      },
      copyLink({ seq }) {
        const link = `${window.location.origin}/c/${id}/m/${seq}`;
        copyText(link).then(() => toast(t("message.linkCopied")), report);
      },
      remove: ({ seq }) => ask.remove(id, [seq]).catch(report),
      jump,
    };
  }, [client, id, kind, role, post, jump]);
  return { actions, over };
}
