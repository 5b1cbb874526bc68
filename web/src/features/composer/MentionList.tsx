import { type RefObject, useEffect, useImperativeHandle, useMemo, useState } from "react";
import { t } from "#/i18n/text";
import { cx } from "#/lib/cx";
import { useActions, useSnapshot } from "#/live/useClient";
import type { User, UserId } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { Avatar } from "#/ui/Avatar";

const MAX_SHOWN = 6;
const ASK_AFTER_MS = 150;

interface Props {
  readonly view: ConversationView;
  readonly query: string;
  readonly onPick: (handle: string) => void;
  readonly onClose: () => void;
  /** Takes a key of the field; says whether it was meant for this list. */
  readonly listRef: RefObject<((key: string) => boolean) | null>;
}

/** Members who may be meant by what follows an `@`. The field keeps the focus. */
export function MentionList({ view, query, onPick, onClose, listRef }: Props) {
  const users = useCandidates(view, query);
  const [chosen, setChosen] = useState(0);
  const index = Math.min(chosen, users.length - 1);
  useImperativeHandle(listRef, () => (key: string) => {
    if (users.length === 0) return false;
    if (key === "ArrowDown") setChosen((index + 1) % users.length);
    else if (key === "ArrowUp") setChosen((index - 1 + users.length) % users.length);
    else if (key === "Enter" || key === "Tab") onPick(users[index]?.handle ?? "");
    else if (key === "Escape") onClose();
    else return false;
    return true;
  });
  if (users.length === 0) return null;
  return (
    <div
      id="mentions"
      role="listbox"
      aria-label={t("composer.mentions")}
      className="absolute inset-x-0 bottom-full mb-2 flex flex-col overflow-hidden rounded-2xl bg-raised p-1.5 shadow-raised ring-1 ring-line"
    >
      {users.map((user, at) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field takes the keys.
        <div
          key={user.user}
          role="option"
          tabIndex={-1}
          aria-selected={at === index}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onPick(user.handle)}
          onPointerMove={() => setChosen(at)}
          className={cx(
            "flex min-h-10 items-center gap-2.5 rounded-xl px-2 pointer-coarse:min-h-11",
            at === index && "bg-hover",
          )}
        >
          <Avatar id={user.user} name={user.name} size="tiny" />
          <bdi className="truncate">{user.name}</bdi>
          <span className="truncate text-muted text-sm">@{user.handle}</span>
        </div>
      ))}
    </div>
  );
}

/** Members whose name or handle has what is typed; those who wrote last come first. */
function useCandidates(view: ConversationView, query: string): readonly User[] {
  const { members, wantUsers } = useActions();
  const known = useSnapshot((snapshot) => snapshot.users);
  const lines = useSnapshot((snapshot) => snapshot.timeline(view.conversation).lines);
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  const [found, setFound] = useState<readonly UserId[]>([]);
  useEffect(() => {
    let is_old = false;
    const timer = setTimeout(() => {
      members(view.conversation, { query, limit: 20 }).then(
        (page) => {
          if (is_old) return;
          const ids = page.members.map(({ user }) => user);
          wantUsers(ids);
          setFound(ids);
        },
        // Without an answer those who are known are offered.
        () => undefined,
      );
    }, ASK_AFTER_MS);
    return () => {
      is_old = true;
      clearTimeout(timer);
    };
  }, [members, wantUsers, view.conversation, query]);

  return useMemo(() => {
    const recent = lines
      .toReversed()
      .flatMap((line) => (line.kind === "sent" && line.message.from ? [line.message.from] : []));
    const wanted = query.toLocaleLowerCase();
    return [...new Set([...recent, ...found])]
      .flatMap((id) => known.get(id) ?? [])
      .filter(({ user, name, handle }) => user !== me && isMeant(wanted, name, handle))
      .slice(0, MAX_SHOWN);
  }, [lines, found, known, me, query]);
}

function isMeant(wanted: string, name: string, handle: string): boolean {
  const words = name.toLocaleLowerCase().split(/\s+/);
  return handle.startsWith(wanted) || words.some((word) => word.startsWith(wanted));
}
