import { EllipsisVertical, Reply, SmilePlus } from "lucide-react";
import type { KeyboardEvent, MouseEvent, ReactNode } from "react";
import { t } from "#/i18n/text";
import { cx } from "#/lib/cx";
import type { Message } from "#/proto/wire";
import { useLongPress } from "#/ui/useLongPress";
import { type MessageActions, useMessageActions } from "./useMessageActions";

interface Props {
  readonly message: Message;
  readonly isOwn: boolean;
}

/**
 * Beside the bubble under the pointer, over no words: what is done most. Where there is little room only the first of
 * them show, the menu before all, which has the others too. Keys and long presses have other ways.
 */
export function Toolbar({ message, isOwn }: Props) {
  const actions = useMessageActions();
  const rights = actions.rights(message);
  return (
    <div className={cx("sticky top-2 flex h-8 flex-wrap overflow-hidden", isOwn && "flex-row-reverse")}>
      <Tool
        label={t("message.menu")}
        icon={<EllipsisVertical size={17} />}
        onPress={(event) =>
          actions.show({ kind: "menu", message, anchor: event.currentTarget.getBoundingClientRect() })
        }
      />
      {rights.may_reply && (
        <Tool label={t("message.reply")} icon={<Reply size={17} />} onPress={() => actions.reply(message)} />
      )}
      {rights.may_react && (
        <Tool
          label={t("message.react")}
          icon={<SmilePlus size={17} />}
          onPress={() => actions.show({ kind: "emoji", message })}
        />
      )}
    </div>
  );
}

interface ToolProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly onPress: (event: MouseEvent<HTMLButtonElement>) => void;
}

function Tool({ label, icon, onPress }: ToolProps) {
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-label={label}
      title={label}
      onClick={onPress}
      className="grid size-8 place-items-center rounded-full text-muted hover:bg-hover hover:text-text"
    >
      {icon}
    </button>
  );
}

/** The other ways to a message's actions: keys while it has the focus, the right button, a long press. */
export function useMessageGestures(message: Message | undefined) {
  const actions = useMessageActions();
  const openAt = (x: number, y: number) => {
    if (message) actions.show({ kind: "menu", message, anchor: { top: y, bottom: y, left: x, right: x } });
  };
  const long_press = useLongPress(openAt);
  if (!message) return {};
  return {
    ...long_press,
    onKeyDown(event: KeyboardEvent<HTMLElement>) {
      if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
      if (pressKey(event, message, actions)) event.preventDefault();
    },
    onContextMenu(event: MouseEvent<HTMLElement>) {
      // A marked text or a link has a menu of the browser, with what belongs to it.
      if ((event.target as HTMLElement).closest("a") || window.getSelection()?.isCollapsed === false) return;
      event.preventDefault();
      openAt(event.clientX, event.clientY);
    },
  };
}

/** Does what a key stands for; whether it stands for anything. */
function pressKey(event: KeyboardEvent<HTMLElement>, message: Message, actions: MessageActions): boolean {
  const rights = actions.rights(message);
  const box = () => event.currentTarget.getBoundingClientRect();
  const menu = () => actions.show({ kind: "menu", message, anchor: box() });
  const keys: Readonly<Record<string, false | (() => void)>> = {
    r: rights.may_reply && (() => actions.reply(message)),
    e: rights.may_edit && (() => actions.edit(message)),
    "+": rights.may_react && (() => actions.show({ kind: "emoji", message })),
    p: rights.may_pin && (() => actions.pin(message)),
    c: () => actions.copy(message),
    Delete: rights.may_delete && (() => actions.show({ kind: "delete", message })),
    ".": menu,
    Enter: menu,
    ContextMenu: menu,
  };
  const act = keys[event.key];
  if (!act) return false;
  act();
  return true;
}
