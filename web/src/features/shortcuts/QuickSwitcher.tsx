import { useMemo, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { matches } from "#/lib/match";
import { useActions, useSnapshot } from "#/live/useClient";
import { usePeople } from "#/live/usePeople";
import type { ConversationId, UserId } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { Dialog } from "#/ui/Dialog";
import { type PickerItem, SearchPicker } from "#/ui/SearchPicker";
import { toast } from "#/ui/Toast";

const MAX_SHOWN = 8;

interface Props {
  readonly onClose: () => void;
  readonly onOpen: (conversation: ConversationId) => void;
}

const report = (error: unknown) => toast(refusalText(error));

/** From anywhere to any conversation, or to anybody, by a few letters. */
export function QuickSwitcher({ onClose, onOpen }: Props) {
  const [query, setQuery] = useState("");
  const { createDirect } = useActions();
  const conversations = useSnapshot((snapshot) => snapshot.conversations);
  const { users } = usePeople(query, report);
  const items = useMemo(() => itemsFor(query, conversations, users), [query, conversations, users]);

  const pick = async ({ id }: PickerItem) => {
    try {
      onOpen(id.startsWith("u_") ? await createDirect(id as UserId) : (id as ConversationId));
      onClose();
    } catch (error) {
      report(error);
    }
  };
  return (
    <Dialog label={t("switch.title")} closeLabel={t("app.close")} onClose={onClose}>
      <SearchPicker
        label={t("switch.find")}
        resultsLabel={t("switch.results")}
        query={query}
        onQuery={setQuery}
        items={items}
        onPick={(item) => void pick(item)}
        status={query === "" ? "" : t("switch.found", { n: items.length })}
      >
        {items.length === 0 && <p className="py-4 text-center text-muted">{t("switch.none")}</p>}
      </SearchPicker>
    </Dialog>
  );
}

/** Unread ones first, then the latest; after them people with whom there is none yet. */
function itemsFor(
  query: string,
  conversations: readonly ConversationView[],
  users: readonly { readonly user: UserId; readonly name: string; readonly handle: string }[],
): readonly PickerItem[] {
  const found = conversations
    .filter((view) => matches(query, view.title, view.peer?.handle))
    .toSorted((one, other) => Number(other.unread > 0) - Number(one.unread > 0));
  const peers = new Set(conversations.flatMap(({ peer }) => (peer ? [peer.user] : [])));
  const people = users.filter(({ user }) => !peers.has(user));
  return [
    ...found.map((view) => ({ id: view.conversation, name: view.title, hint: hintOf(view) })),
    ...people.map(({ user, name, handle }) => ({ id: user, name, hint: `@${handle}` })),
  ].slice(0, MAX_SHOWN);
}

function hintOf(view: ConversationView): string {
  if (view.unread > 0) return t("list.unread", { n: view.unread });
  if (view.peer) return `@${view.peer.handle}`;
  return view.kind === "group" ? t("list.group") : t("list.broadcast");
}
