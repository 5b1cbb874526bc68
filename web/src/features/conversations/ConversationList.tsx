import { MessageCirclePlus, MessagesSquare, SearchX, UserPlus, UserRoundPlus } from "lucide-react";
import { useMemo, useState } from "react";
import { t } from "#/i18n/text";
import { matches } from "#/lib/match";
import { useSnapshot } from "#/live/useClient";
import type { ConversationView } from "#/sync/client";
import { Button } from "#/ui/Button";
import { EmptyState } from "#/ui/EmptyState";
import { RowList } from "#/ui/RowList";
import { Skeleton } from "#/ui/Skeleton";
import { useNow } from "#/ui/useNow";
import { ConversationRow, type MenuPlace } from "./ConversationRow";
import { FilterBar } from "./FilterBar";
import { type Filter, isIn, usable } from "./filters";
import { RowMenu } from "./RowMenu";
import { useCalmOrder } from "./useCalmOrder";

interface Props {
  readonly current: string | undefined;
  readonly filter: string;
  readonly onNew: () => void;
  readonly onInvite: () => void;
}

interface Row {
  readonly key: string;
  readonly view: ConversationView;
}

/** From so many on, a list of the unread ones is worth its place. */
const MANY = 8;

/** Everything one takes part in, the latest first. */
export function ConversationList({ current, filter, onNew, onInvite }: Props) {
  const conversations = useSnapshot((snapshot) => snapshot.conversations);
  const users = useSnapshot((snapshot) => snapshot.users);
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  const is_loaded = me !== undefined;
  const now_ms = useNow();
  const [isHovered, setHovered] = useState(false);
  const [chosen, setShown] = useState<Filter>("all");
  const n_requests = conversations.filter((view) => isIn("requests", view)).length;
  // Once the last stranger is answered there is nothing to stay for.
  const shown = chosen === "requests" && n_requests === 0 ? "all" : chosen;
  const [menu, setMenu] = useState<MenuPlace>();
  const filters = useMemo(() => usable(conversations, shown), [conversations, shown]);
  const ordered = useCalmOrder(conversations, isHovered);
  const rows = useMemo(
    () =>
      ordered
        // Whoever types looks for one of all, wherever it was put.
        .filter((view) =>
          filter.trim() === "" ? isIn(shown, view) : matches(filter, view.title, view.peer?.handle),
        )
        .map((view): Row => ({ key: view.conversation, view })),
    [ordered, filter, shown],
  );
  if (!is_loaded) return <Loading />;
  if (conversations.length === 0) return <NoConversations onNew={onNew} onInvite={onInvite} />;
  const is_searching = filter.trim() !== "";
  return (
    <>
      {!is_searching && (filters.length > 2 || conversations.length >= MANY) && (
        <FilterBar filters={filters} chosen={shown} onChoose={setShown} />
      )}
      {!is_searching && shown === "all" && <Requests n={n_requests} onShow={() => setShown("requests")} />}
      {rows.length > 0 ? (
        <div
          className="flex min-h-0 grow flex-col"
          onPointerEnter={(event) => setHovered(event.pointerType === "mouse")}
          onPointerLeave={() => setHovered(false)}
        >
          <RowList
            label={t("list.label")}
            rows={rows}
            currentKey={current}
            renderRow={(row, tabIndex) => (
              <ConversationRow
                onMenu={setMenu}
                view={row.view}
                users={users}
                me={me}
                now_ms={now_ms}
                isCurrent={row.key === current}
                tabIndex={tabIndex}
              />
            )}
          />
        </div>
      ) : is_searching ? (
        <NoMatch onNew={onNew} />
      ) : (
        <Nothing onAll={() => setShown("all")} />
      )}
      {menu && <RowMenu view={menu.view} anchor={menu.anchor} onClose={() => setMenu(undefined)} />}
    </>
  );
}

/** What strangers began waits aside, and this leads there. */
function Requests({ n, onShow }: { readonly n: number; readonly onShow: () => void }) {
  if (n === 0) return null;
  return (
    <button
      type="button"
      onClick={onShow}
      className="mx-2 mb-1 flex items-center gap-3 rounded-2xl px-2.5 py-2 text-start hover:bg-hover"
    >
      <span className="grid size-12 shrink-0 place-items-center rounded-full bg-sunken text-accent-text">
        <UserRoundPlus aria-hidden="true" size={22} />
      </span>
      <span className="min-w-0">
        <span className="block truncate font-medium">{t("list.requests", { n })}</span>
        <span className="block truncate text-muted text-sm">{t("list.requestsHint")}</span>
      </span>
    </button>
  );
}

function NoConversations({ onNew, onInvite }: Pick<Props, "onNew" | "onInvite">) {
  return (
    <EmptyState
      icon={<MessagesSquare size={30} />}
      label={t("list.empty")}
      hint={t("list.emptyHint")}
      action={
        <>
          <Button
            look="primary"
            icon={<MessageCirclePlus size={18} />}
            label={t("list.new")}
            onClick={onNew}
          />
          <Button icon={<UserPlus size={18} />} label={t("list.invite")} onClick={onInvite} />
        </>
      }
    />
  );
}

function NoMatch({ onNew }: Pick<Props, "onNew">) {
  return (
    <EmptyState
      icon={<SearchX size={30} />}
      label={t("list.noMatch")}
      hint={t("list.noMatchHint")}
      action={<Button label={t("list.findPeople")} onClick={onNew} />}
    />
  );
}

function Nothing({ onAll }: { readonly onAll: () => void }) {
  return (
    <EmptyState
      icon={<MessagesSquare size={30} />}
      label={t("list.nothingHere")}
      action={<Button label={t("list.showAll")} onClick={onAll} />}
    />
  );
}

function Loading() {
  return (
    <div role="status" aria-label={t("app.loading")} className="late flex flex-col gap-1 px-2">
      {Array.from({ length: 6 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the shapes are all alike.
        <div key={index} className="flex h-[4.25rem] items-center gap-3 px-2.5">
          <Skeleton className="size-12 rounded-full" />
          <span className="flex grow flex-col gap-2">
            <Skeleton className="h-3.5 w-2/5" />
            <Skeleton className="h-3 w-4/5" />
          </span>
        </div>
      ))}
    </div>
  );
}
