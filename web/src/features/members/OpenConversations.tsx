import { Megaphone, SearchX, UsersRound } from "lucide-react";
import { useEffect, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConversationId, PublicConversation } from "#/proto/wire";
import { Avatar } from "#/ui/Avatar";
import { Button } from "#/ui/Button";
import { Dialog } from "#/ui/Dialog";
import { EmptyState } from "#/ui/EmptyState";
import { TextField } from "#/ui/TextField";
import { toast } from "#/ui/Toast";
import { countText } from "./ConversationInfo";

const ASK_AFTER_MS = 200;

interface Props {
  readonly onClose: () => void;
  readonly onOpen: (conversation: ConversationId) => void;
}

interface Found {
  readonly query: string;
  readonly conversations: readonly PublicConversation[];
  readonly more: boolean;
}

/** Groups and broadcasts that everyone on the server may join. */
export function OpenConversations({ onClose, onOpen }: Props) {
  const [query, setQuery] = useState("");
  const { found, loadMore } = useOpen(query);
  const open = (id: ConversationId) => {
    onOpen(id);
    onClose();
  };
  return (
    <Dialog label={t("open.title")} closeLabel={t("app.close")} onClose={onClose}>
      <div className="flex flex-col gap-3">
        <TextField label={t("open.find")} type="search" value={query} onValue={setQuery} autoFocus />
        {found?.conversations.length === 0 && (
          <EmptyState icon={<SearchX size={28} />} label={t("open.none")} hint={t("open.noneHint")} />
        )}
        <ul className="-mx-2 flex flex-col">
          {found?.conversations.map((conversation) => (
            <OpenRow key={conversation.conversation} conversation={conversation} onOpen={open} />
          ))}
        </ul>
        {found?.more && <Button look="quiet" label={t("members.more")} onClick={loadMore} />}
      </div>
    </Dialog>
  );
}

interface RowProps {
  readonly conversation: PublicConversation;
  readonly onOpen: (conversation: ConversationId) => void;
}

function OpenRow({ conversation, onOpen }: RowProps) {
  const { join } = useActions();
  const id = conversation.conversation;
  const is_mine = useSnapshot((snapshot) => snapshot.conversations.some((view) => view.conversation === id));
  const [isBusy, setBusy] = useState(false);
  const enter = async () => {
    if (is_mine) return onOpen(id);
    setBusy(true);
    try {
      onOpen(await join({ conversation: id }));
    } catch (error) {
      toast(refusalText(error));
      setBusy(false);
    }
  };
  const Icon = conversation.kind === "broadcast" ? Megaphone : UsersRound;
  const { title } = conversation;
  return (
    <li className="flex items-center gap-3 rounded-xl px-2 py-2">
      <Avatar id={id} name={title} size="medium" />
      <span className="flex min-w-0 grow flex-col leading-snug">
        <span className="flex items-center gap-1.5">
          <Icon aria-hidden="true" size={15} className="shrink-0 text-muted" />
          <bdi className="max-w-full self-start truncate font-medium">{title}</bdi>
        </span>
        <span className="truncate text-muted text-sm">
          {conversation.description || countText(conversation.kind === "broadcast", conversation.members)}
        </span>
      </span>
      <Button
        size="small"
        look={is_mine ? "plain" : "primary"}
        isBusy={isBusy}
        label={is_mine ? t("open.open") : t("door.joinDo")}
        aria-label={is_mine ? t("open.openOne", { title }) : t("door.member", { title })}
        onClick={() => void enter()}
      />
    </li>
  );
}

function useOpen(query: string): { readonly found: Found | undefined; readonly loadMore: () => void } {
  const { findPublic } = useActions();
  const [found, setFound] = useState<Found>();
  const wanted = query.trim();
  const report = (error: unknown) => toast(refusalText(error));
  useEffect(() => {
    let is_old = false;
    const timer = setTimeout(() => {
      findPublic(wanted).then(
        (page) => {
          if (!is_old) setFound({ ...page, query: wanted });
        },
        (error: unknown) => toast(refusalText(error)),
      );
    }, ASK_AFTER_MS);
    return () => {
      is_old = true;
      clearTimeout(timer);
    };
  }, [wanted, findPublic]);

  const loadMore = () => {
    const last = found?.conversations.at(-1);
    if (!found || !last) return;
    findPublic(found.query, last.conversation).then(
      (page) =>
        setFound((before) =>
          before === found
            ? { ...page, query: found.query, conversations: [...found.conversations, ...page.conversations] }
            : before,
        ),
      report,
    );
  };
  return { found, loadMore };
}
