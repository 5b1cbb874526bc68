// What may be done with a message, as the protocol has it. The server decides; this only spares vain attempts.
import type { Message, UserId } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";

export interface MessageRights {
  readonly may_reply: boolean;
  readonly may_react: boolean;
  readonly may_edit: boolean;
  readonly may_delete: boolean;
  readonly may_pin: boolean;
  /** Of an own message in a group: in a direct conversation the tick says it, in a broadcast the views do. */
  readonly may_see_readers: boolean;
}

interface Standing {
  readonly view: Pick<ConversationView, "kind" | "role"> & {
    readonly head: { readonly settings: { readonly post: "all" | "admins" } };
  };
  readonly me: UserId | undefined;
  readonly now_ms: number;
  readonly edit_window_ms: number;
}

const NONE: MessageRights = {
  may_reply: false,
  may_react: false,
  may_edit: false,
  may_delete: false,
  may_pin: false,
  may_see_readers: false,
};

export function rightsOn(message: Message, { view, me, now_ms, edit_window_ms }: Standing): MessageRights {
  if (message.deleted) return NONE;
  const is_admin = view.role !== "member";
  const may_post = is_admin || (view.kind !== "broadcast" && view.head.settings.post === "all");
  // A broadcast hides its authors, also from themselves.
  const is_own = view.kind === "broadcast" ? is_admin : message.from === me;
  const is_recent = now_ms - message.at_ms < edit_window_ms;
  return {
    may_reply: may_post,
    may_react: true,
    may_edit: is_own && may_post && is_recent && message.body?.kind === "text",
    may_delete: is_own || is_admin,
    may_pin: is_admin || view.kind === "direct",
    may_see_readers: is_own && view.kind === "group",
  };
}
