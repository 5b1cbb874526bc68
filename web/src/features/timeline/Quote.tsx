import { useEffect } from "react";
import { t } from "#/i18n/text";
import { cx } from "#/lib/cx";
import { hue } from "#/lib/identity";
import { plain } from "#/lib/markdown";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConversationId, Message, UserId } from "#/proto/wire";

interface Props {
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly isOwn: boolean;
  readonly onJump: (seq: number) => void;
}

/** The message that is answered, in one line; a press leads to it. */
export function Quote({ conversation, seq, isOwn, onJump }: Props) {
  const { findMessage, wantUsers } = useActions();
  const users = useSnapshot((snapshot) => snapshot.users);
  // The found message is the same object until it changes.
  const message = useSnapshot(() => findMessage(conversation, seq));
  const author = message?.from;
  useEffect(() => {
    if (author !== undefined) wantUsers([author]);
  }, [author, wantUsers]);
  const name = (author && users.get(author)?.name) ?? t("timeline.someone");
  return (
    <button
      type="button"
      aria-label={t("timeline.quote", { name })}
      onClick={() => onJump(seq)}
      style={{ "--hue": hue(author ?? "") } as React.CSSProperties}
      className={cx(
        "person-text mt-0.5 mb-1 block w-full min-w-0 rounded-lg border-current border-s-3 px-2 py-0.5 text-start text-sm leading-snug",
        isOwn ? "bg-own-quote" : "bg-sunken",
      )}
    >
      <bdi className="block w-fit max-w-full truncate font-semibold">
        {message ? name : t("timeline.quoteFar")}
      </bdi>
      <span dir="auto" className="block truncate text-text">
        {message ? wordsOf(message, (user) => users.get(user)?.name) : t("timeline.quoteFarHint")}
      </span>
    </button>
  );
}

function wordsOf(message: Message, nameOf: (user: UserId) => string | undefined): string {
  if (message.deleted) return t("timeline.deleted");
  if (message.body?.kind !== "text") return t("timeline.unknownBody");
  return plain(message.body.text, (user) => nameOf(user as UserId));
}
