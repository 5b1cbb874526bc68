import {
  Compass,
  Keyboard,
  Megaphone,
  Menu as MenuIcon,
  Search,
  Settings as SettingsIcon,
  SquarePen,
  UserPlus,
  Users,
  X,
} from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { ConversationList } from "#/features/conversations/ConversationList";
import { t } from "#/i18n/text";
import { useSnapshot } from "#/live/useClient";
import { IconButton } from "#/ui/IconButton";
import { MenuButton } from "#/ui/Menu";

/** What can be begun from the list. */
export type Start = "new" | "invite" | "group" | "broadcast" | "open" | "help";

interface Props {
  readonly current: string | undefined;
  readonly onStart: (what: Start) => void;
}

/** The list of conversations with what belongs above it. */
export function Sidebar({ current, onStart }: Props) {
  const onNew = () => onStart("new");
  const onInvite = () => onStart("invite");
  const [filter, setFilter] = useState("");
  const [, go] = useLocation();
  // Elsewhere everyone may; the server says so when asked, and most leave it to its administrators.
  const may_broadcast = useSnapshot((snapshot) => snapshot.me?.role === "admin");
  return (
    <nav
      aria-label={t("list.title")}
      className="flex w-full min-w-0 shrink-0 flex-col border-line bg-surface sm:w-72 sm:border-e lg:w-[22.5rem]"
    >
      <h1 className="sr-only">{t("list.title")}</h1>
      <header className="flex items-center gap-1 px-2 py-2.5">
        <MenuButton
          label={t("nav.menu")}
          icon={<MenuIcon size={21} />}
          items={[
            { label: t("create.group"), icon: <Users size={19} />, onSelect: () => onStart("group") },
            ...(may_broadcast
              ? [
                  {
                    label: t("create.broadcast"),
                    icon: <Megaphone size={19} />,
                    onSelect: () => onStart("broadcast"),
                  },
                ]
              : []),
            { label: t("open.title"), icon: <Compass size={19} />, onSelect: () => onStart("open") },
            { label: t("list.invite"), icon: <UserPlus size={19} />, onSelect: onInvite },
            { label: t("settings.title"), icon: <SettingsIcon size={19} />, onSelect: () => go("/settings") },
            { label: t("keys.title"), icon: <Keyboard size={19} />, onSelect: () => onStart("help") },
          ]}
        />
        <Filter value={filter} onValue={setFilter} />
        <IconButton label={t("list.new")} icon={<SquarePen size={20} />} onClick={onNew} />
      </header>
      <ConversationList current={current} filter={filter} onNew={onNew} onInvite={onInvite} />
    </nav>
  );
}

function Filter({ value, onValue }: { readonly value: string; readonly onValue: (value: string) => void }) {
  return (
    <div className="flex h-10 min-w-0 grow items-center rounded-full bg-sunken ps-3.5 pe-1 ring-accent-text focus-within:bg-surface focus-within:ring-2">
      <Search aria-hidden="true" size={17} className="shrink-0 text-muted" />
      <input
        type="search"
        aria-label={t("list.filter")}
        placeholder={t("list.filterShort")}
        value={value}
        onChange={(event) => onValue(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onValue("");
        }}
        className="w-full min-w-0 bg-transparent px-2.5 outline-none [&::-webkit-search-cancel-button]:hidden"
      />
      {value !== "" && (
        <IconButton size="small" label={t("list.clear")} icon={<X size={16} />} onClick={() => onValue("")} />
      )}
    </div>
  );
}
