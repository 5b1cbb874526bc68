import { Archive, ArchiveRestore, Bell, BellOff, Link, Mail, MailOpen, Pin, PinOff } from "lucide-react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions } from "#/live/useClient";
import type { ConversationView, OwnSettings } from "#/sync/client";
import { copyText } from "#/ui/clipboard";
import { type Anchor, Menu, type MenuItem } from "#/ui/Menu";
import { toast } from "#/ui/Toast";

const HOUR_MS = 3_600_000;
/** The greatest time that the wire can tell: for good. */
const FOR_GOOD_MS = Number.MAX_SAFE_INTEGER;

interface Props {
  readonly view: ConversationView;
  readonly anchor: Anchor;
  readonly onClose: () => void;
}

const report = (error: unknown) => toast(refusalText(error));

/** What may be done with a conversation from the list. */
export function RowMenu({ view, anchor, onClose }: Props) {
  const { setOwn, markRead } = useActions();
  const id = view.conversation;
  const set = (own: OwnSettings) => void setOwn(id, own).catch(report);
  const items: readonly MenuItem[] = [
    view.pinned
      ? { label: t("list.unpin"), icon: <PinOff size={18} />, onSelect: () => set({ pinned: false }) }
      : { label: t("list.pin"), icon: <Pin size={18} />, onSelect: () => set({ pinned: true }) },
    view.unread > 0
      ? {
          label: t("list.markRead"),
          icon: <MailOpen size={18} />,
          onSelect: () => markRead(id, view.head.head.last_seq),
        }
      : {
          label: t("list.markUnread"),
          icon: <Mail size={18} />,
          onSelect: () => set({ unread_from: Math.max(1, view.head.head.last_seq) }),
        },
    ...muteItems(view, set),
    view.archived
      ? {
          label: t("list.unarchive"),
          icon: <ArchiveRestore size={18} />,
          onSelect: () => set({ archived: false }),
        }
      : { label: t("list.archive"), icon: <Archive size={18} />, onSelect: () => set({ archived: true }) },
    {
      label: t("list.copyLink"),
      icon: <Link size={18} />,
      onSelect: () =>
        void copyText(`${window.location.origin}/c/${id}`).then(() => toast(t("message.linkCopied")), report),
    },
  ];
  return (
    <Menu label={t("list.menu", { name: view.title })} items={items} anchor={anchor} onClose={onClose} />
  );
}

function muteItems(view: ConversationView, set: (own: OwnSettings) => void): readonly MenuItem[] {
  if (view.muted)
    return [{ label: t("list.unmute"), icon: <Bell size={18} />, onSelect: () => set({ mute_until_ms: 0 }) }];
  const mute = (label: string, until: () => number): MenuItem => ({
    label,
    icon: <BellOff size={18} />,
    onSelect: () => set({ mute_until_ms: until() }),
  });
  return [
    mute(t("list.muteHours", { n: 1 }), () => Date.now() + HOUR_MS),
    mute(t("list.muteHours", { n: 8 }), () => Date.now() + 8 * HOUR_MS),
    mute(t("list.mute"), () => FOR_GOOD_MS),
  ];
}
