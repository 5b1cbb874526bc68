import { CheckCheck } from "lucide-react";
import { useEffect, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConversationId, Message, Receipts } from "#/proto/wire";
import { Avatar } from "#/ui/Avatar";
import { Dialog } from "#/ui/Dialog";
import { Skeleton } from "#/ui/Skeleton";

interface Props {
  readonly conversation: ConversationId;
  readonly message: Message;
  readonly onClose: () => void;
}

/** Who has read a message, where few enough are there to be named; else how many. */
export function ReadBy({ conversation, message, onClose }: Props) {
  const { receipts, wantUsers } = useActions();
  const [told, setTold] = useState<Receipts>();
  const [problem, setProblem] = useState<string>();
  const { seq } = message;
  useEffect(() => {
    receipts(conversation, seq).then(setTold, (error: unknown) => setProblem(refusalText(error)));
  }, [receipts, conversation, seq]);
  useEffect(() => {
    if (told?.who) wantUsers(told.who.map(({ user }) => user));
  }, [told, wantUsers]);
  return (
    <Dialog label={t("receipts.title")} closeLabel={t("app.close")} onClose={onClose}>
      {problem !== undefined && <p className="text-danger-text">{problem}</p>}
      {problem === undefined && told === undefined && <Skeleton className="h-12" />}
      {told && <Readers told={told} message={message} />}
    </Dialog>
  );
}

function Readers({ told, message }: { readonly told: Receipts; readonly message: Message }) {
  const users = useSnapshot((snapshot) => snapshot.users);
  const readers = told.who?.filter(({ user, seq }) => seq >= message.seq && user !== message.from);
  if (readers === undefined) return <p>{t("receipts.count", { n: told.read })}</p>;
  if (readers.length === 0) return <p className="py-2 text-muted">{t("receipts.nobody")}</p>;
  return (
    <ul className="flex flex-col gap-1">
      {readers.map(({ user }) => {
        const name = users.get(user)?.name ?? t("timeline.someone");
        return (
          <li key={user} className="flex items-center gap-3 py-1.5">
            <Avatar id={user} name={name} size="medium" />
            <bdi className="min-w-0 grow truncate">{name}</bdi>
            <CheckCheck aria-hidden="true" size={18} className="shrink-0 text-accent-text" />
          </li>
        );
      })}
    </ul>
  );
}
