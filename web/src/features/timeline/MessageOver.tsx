import { CheckCheck, Copy, Link, Pencil, Pin, PinOff, Plus, Reply, SmilePlus, Trash2 } from "lucide-react";
import { t } from "#/i18n/text";
import type { ConversationId, Message } from "#/proto/wire";
import { Confirm } from "#/ui/Confirm";
import { type Anchor, Menu, type MenuItem } from "#/ui/Menu";
import { EmojiPanel } from "./EmojiPanel";
import { quickEmoji } from "./quickEmoji";
import { ReadBy } from "./ReadBy";
import { type MessageActions, type Over, useMessageActions } from "./useMessageActions";

interface Props {
  readonly conversation: ConversationId;
  readonly over: Over | undefined;
}

/** The menu, the emoji or the question that stands open over a message. */
export function MessageOver({ conversation, over }: Props) {
  const { show, react, remove } = useMessageActions();
  if (!over) return null;
  const { message } = over;
  const close = () => show(undefined);
  switch (over.kind) {
    case "menu":
      return <MessageMenu message={message} anchor={over.anchor} />;
    case "emoji":
      return (
        <EmojiPanel
          onClose={close}
          onPick={(emoji) => {
            react(message, emoji, true);
            close();
          }}
        />
      );
    case "readers":
      return <ReadBy conversation={conversation} message={message} onClose={close} />;
    case "delete":
      return (
        <Confirm
          label={t("message.deleteAsk")}
          text={t("message.deleteHint")}
          doLabel={t("message.delete")}
          cancelLabel={t("app.cancel")}
          closeLabel={t("app.close")}
          onClose={close}
          onDo={() => remove(message)}
        />
      );
  }
}

function MessageMenu({ message, anchor }: { readonly message: Message; readonly anchor: Anchor }) {
  const actions = useMessageActions();
  const close = () => actions.show(undefined);
  return (
    <Menu
      label={t("message.actions")}
      items={itemsFor(message, actions)}
      anchor={anchor}
      onClose={close}
      header={actions.rights(message).may_react && <QuickRow message={message} />}
    />
  );
}

/** What may be done with a message, in the order in which people look for it. */
function itemsFor(message: Message, actions: MessageActions): readonly MenuItem[] {
  const rights = actions.rights(message);
  const has_text = message.body?.kind === "text" && !message.deleted;
  const offers: readonly (MenuItem | false)[] = [
    rights.may_reply && {
      label: t("message.reply"),
      icon: <Reply size={18} />,
      onSelect: () => actions.reply(message),
    },
    rights.may_react && {
      label: t("message.react"),
      icon: <SmilePlus size={18} />,
      onSelect: () => actions.show({ kind: "emoji", message }),
    },
    rights.may_edit && {
      label: t("message.edit"),
      icon: <Pencil size={18} />,
      onSelect: () => actions.edit(message),
    },
    has_text && {
      label: t("message.copy"),
      icon: <Copy size={18} />,
      onSelect: () => actions.copy(message),
    },
    { label: t("message.link"), icon: <Link size={18} />, onSelect: () => actions.copyLink(message) },
    rights.may_see_readers && {
      label: t("message.readBy"),
      icon: <CheckCheck size={18} />,
      onSelect: () => actions.show({ kind: "readers", message }),
    },
    rights.may_pin && {
      label: message.pinned ? t("message.unpin") : t("message.pin"),
      icon: message.pinned ? <PinOff size={18} /> : <Pin size={18} />,
      onSelect: () => actions.pin(message),
    },
    rights.may_delete && {
      label: t("message.delete"),
      icon: <Trash2 size={18} />,
      isDanger: true,
      onSelect: () => actions.show({ kind: "delete", message }),
    },
  ];
  return offers.filter((offer) => offer !== false);
}

/** The emoji at hand, above the menu. */
function QuickRow({ message }: { readonly message: Message }) {
  const { react, show } = useMessageActions();
  const mine = new Set(message.reactions?.flatMap(({ emoji, mine }) => (mine ? [emoji] : [])));
  const pick = (emoji: string) => {
    react(message, emoji, !mine.has(emoji));
    show(undefined);
  };
  return (
    <div className="mb-1 flex items-center gap-0.5 border-line border-b pb-1">
      {quickEmoji().map((emoji) => (
        <button
          key={emoji}
          type="button"
          role="menuitem"
          tabIndex={-1}
          aria-label={emoji}
          onClick={() => pick(emoji)}
          className="grid size-9 place-items-center rounded-full text-xl hover:bg-hover focus-visible:bg-hover"
        >
          {emoji}
        </button>
      ))}
      <button
        type="button"
        role="menuitem"
        tabIndex={-1}
        aria-label={t("reactions.more")}
        onClick={() => show({ kind: "emoji", message })}
        className="grid size-9 place-items-center rounded-full text-muted hover:bg-hover focus-visible:bg-hover"
      >
        <Plus aria-hidden="true" size={18} />
      </button>
    </div>
  );
}
