import {
  Crown,
  EllipsisVertical,
  MessageCircle,
  ShieldCheck,
  User as UserIcon,
  UserMinus,
} from "lucide-react";
import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConversationId, Member, Role, UserId } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { Avatar } from "#/ui/Avatar";
import { Button } from "#/ui/Button";
import { MenuButton, type MenuItem } from "#/ui/Menu";
import { Skeleton } from "#/ui/Skeleton";
import { TextField } from "#/ui/TextField";
import { toast } from "#/ui/Toast";
import { AddMembers } from "./AddMembers";
import { mayChange, mayGiveRoles, mayInvite } from "./rights";
import { useMembers } from "./useMembers";

/** A list shorter than this needs no field to find somebody in it. */
const FIND_FROM = 12;
const RANK: Readonly<Record<Role, number>> = { owner: 0, admin: 1, member: 2 };

interface Props {
  readonly view: ConversationView;
  readonly onOpen: (conversation: ConversationId) => void;
}

/** Who is here, and what may be done about it. */
export function MemberList({ view, onOpen }: Props) {
  const { members, has_more, problem, loadMore, refresh } = useMembers(view.conversation);
  const [isAdding, setAdding] = useState(false);
  const [filter, setFilter] = useState("");
  const users = useSnapshot((snapshot) => snapshot.users);
  const nameOf = (user: UserId) => users.get(user)?.name ?? "";
  const wanted = filter.trim().toLocaleLowerCase();
  const shown = members
    ?.filter(({ user }) => nameOf(user).toLocaleLowerCase().includes(wanted))
    .toSorted(
      (one, other) => RANK[one.role] - RANK[other.role] || nameOf(one.user).localeCompare(nameOf(other.user)),
    );
  return (
    <section aria-labelledby="members" className="flex flex-col gap-2 px-4 py-4">
      <div className="flex items-center justify-between gap-2">
        <h3 id="members" className="font-semibold">
          {t("members.count", { n: view.head.members })}
        </h3>
        {mayInvite(view) && (
          <Button size="small" look="quiet" label={t("members.add")} onClick={() => setAdding(true)} />
        )}
      </div>
      {view.head.members >= FIND_FROM && (
        <TextField label={t("members.find")} type="search" value={filter} onValue={setFilter} />
      )}
      {!shown && <Skeleton className="h-12" />}
      <ul className="-mx-2 flex flex-col">
        {shown?.map((member) => (
          <MemberRow key={member.user} member={member} view={view} onOpen={onOpen} onChanged={refresh} />
        ))}
      </ul>
      {problem !== undefined && <p className="text-muted text-sm">{problem}</p>}
      {has_more && <Button look="quiet" label={t("members.more")} onClick={loadMore} />}
      {isAdding && (
        <AddMembers view={view} present={members ?? []} onClose={() => setAdding(false)} onAdded={refresh} />
      )}
    </section>
  );
}

interface RowProps extends Props {
  readonly member: Member;
  readonly onChanged: () => void;
}

function MemberRow({ member, view, onOpen, onChanged }: RowProps) {
  const user = useSnapshot((snapshot) => snapshot.users.get(member.user));
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  const items = useMemberMenu({ member, view, onOpen, onChanged });
  const name = user?.name ?? t("timeline.someone");
  return (
    <li className="flex min-h-13 items-center gap-3 rounded-xl px-2 py-1 hover:bg-hover">
      <Avatar id={member.user} name={name} size="medium" />
      <span className="flex min-w-0 grow flex-col leading-tight">
        <bdi className="max-w-full self-start truncate">
          {name}
          {member.user === me && <span className="text-muted"> ({t("timeline.you")})</span>}
        </bdi>
        {user && <span className="truncate text-muted text-sm">@{user.handle}</span>}
      </span>
      {member.role !== "member" && (
        <span className="shrink-0 rounded-full bg-selected px-2 py-0.5 font-medium text-accent-text text-xs">
          {member.role === "owner" ? t("members.owner") : t("members.admin")}
        </span>
      )}
      {items.length > 0 && (
        <MenuButton
          size="small"
          label={t("members.menu", { name })}
          icon={<EllipsisVertical size={17} />}
          items={items}
        />
      )}
    </li>
  );
}

/** What may be done with a member, by one's own role. */
function useMemberMenu({ member, view, onOpen, onChanged }: RowProps): readonly MenuItem[] {
  const { createDirect, removeMember, setRole } = useActions();
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  const attempt = (change: Promise<unknown>) =>
    void change.then(onChanged, (error: unknown) => toast(refusalText(error)));
  const { user, role } = member;
  const items: MenuItem[] = [];
  if (user !== me)
    items.push({
      label: t("members.write"),
      icon: <MessageCircle size={18} />,
      onSelect: () => void createDirect(user).then(onOpen, (error: unknown) => toast(refusalText(error))),
    });
  if (mayGiveRoles(view))
    for (const next of ["member", "admin", "owner"] as const)
      if (next !== role)
        items.push({
          label: t(`members.make.${next}`),
          icon: ROLE_ICONS[next],
          onSelect: () => attempt(setRole(view.conversation, user, next)),
        });
  if (user !== me && mayChange(view, role))
    items.push({
      label: t("members.remove"),
      icon: <UserMinus size={18} />,
      isDanger: true,
      onSelect: () => attempt(removeMember(view.conversation, user)),
    });
  return items;
}

const ROLE_ICONS = {
  member: <UserIcon size={18} />,
  admin: <ShieldCheck size={18} />,
  owner: <Crown size={18} />,
};
