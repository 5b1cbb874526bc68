import { Hand, MessageCirclePlus, MessagesSquare } from "lucide-react";
import { useState } from "react";
import { Route, Switch, useLocation, useRoute } from "wouter";
import { NewMessage } from "#/features/conversations/NewMessage";
import { CreateConversation } from "#/features/members/CreateConversation";
import { InvitePeople } from "#/features/members/InvitePeople";
import { OpenConversations } from "#/features/members/OpenConversations";
import { QuickSwitcher } from "#/features/shortcuts/QuickSwitcher";
import { ShortcutHelp } from "#/features/shortcuts/ShortcutHelp";
import { t } from "#/i18n/text";
import { useDraftSync } from "#/live/draftSync";
import { useSnapshot } from "#/live/useClient";
import { Button } from "#/ui/Button";
import { EmptyState } from "#/ui/EmptyState";
import { Toasts } from "#/ui/Toast";
import { useIsPhone } from "#/ui/useMedia";
import { BottomBar } from "./BottomBar";
import { ConnectionBanner } from "./ConnectionBanner";
import { ConversationPane } from "./ConversationPane";
import { InfoPane } from "./InfoPane";
import { PaneBoundary } from "./PaneBoundary";
import { SettingsPane } from "./SettingsPane";
import { Sidebar, type Start } from "./Sidebar";
import { useNotes } from "./useNotes";
import { type Called, useShortcuts } from "./useShortcuts";
import { useTitle } from "./useTitle";

const CONVERSATION = "/c/:id/:panel?/:seq?";

type Place = {
  readonly id: string;
  /** `info`, or `m` with the `seq` of a message. */
  readonly panel?: string;
  readonly seq?: string;
};

/** List and conversation side by side, or one after the other on a phone. */
export function Rooms() {
  const [, go] = useLocation();
  const [is_conversation, params] = useRoute<Place>(CONVERSATION);
  const [is_home] = useRoute("/");
  const [open, setOpen] = useState<Start | Called>();
  const is_phone = useIsPhone();
  const current = is_conversation ? params.id : undefined;
  const is_info = is_conversation && params.panel === "info";
  const is_list_alone = is_phone && is_home;
  useTitle(current);
  useShortcuts(current, setOpen);
  useNotes(current);
  useDraftSync(current);

  return (
    <div className="flex h-dvh flex-col overflow-hidden">
      <a
        href="#main"
        className="sr-only focus-visible:not-sr-only focus-visible:absolute focus-visible:z-10 focus-visible:m-2 focus-visible:rounded-xl focus-visible:bg-raised focus-visible:px-4 focus-visible:py-2"
      >
        {t("app.skip")}
      </a>
      <ConnectionBanner />
      <div className="relative flex min-h-0 grow">
        {(!is_phone || is_list_alone) && (
          <PaneBoundary>
            <Sidebar current={current} onStart={setOpen} />
          </PaneBoundary>
        )}
        {!is_list_alone && (
          <main id="main" className="flex min-w-0 grow flex-col bg-canvas">
            <PaneBoundary key={current ?? "none"}>
              <Switch>
                <Route path={CONVERSATION}>
                  {current === undefined ? null : is_info && is_phone ? (
                    <InfoPane key={current} id={current} />
                  ) : (
                    <ConversationPane
                      key={current}
                      id={current}
                      hasBack={is_phone}
                      isInfoOpen={is_info}
                      target={params?.panel === "m" ? Number(params.seq) : undefined}
                    />
                  )}
                </Route>
                <Route path="/settings">
                  <SettingsPane hasBack={is_phone} />
                </Route>
                <Route path="/">
                  <Pick onNew={() => setOpen("new")} />
                </Route>
                <Route>
                  <NotFound />
                </Route>
              </Switch>
            </PaneBoundary>
          </main>
        )}
        {is_info && !is_phone && current !== undefined && (
          <aside
            aria-label={t("info.title")}
            className="flex w-85 shrink-0 flex-col border-line border-s bg-surface max-info:absolute max-info:inset-y-0 max-info:end-0 max-info:shadow-raised"
          >
            <PaneBoundary key={current}>
              <InfoPane key={current} id={current} />
            </PaneBoundary>
          </aside>
        )}
      </div>
      {is_phone && !is_conversation && <BottomBar onNew={() => setOpen("new")} />}
      {open === "new" && (
        <NewMessage
          onClose={() => setOpen(undefined)}
          onOpen={(id) => go(`/c/${id}`)}
          onInvite={() => setOpen("invite")}
        />
      )}
      {(open === "group" || open === "broadcast") && (
        <CreateConversation kind={open} onClose={() => setOpen(undefined)} onOpen={(id) => go(`/c/${id}`)} />
      )}
      {open === "switch" && (
        <QuickSwitcher onClose={() => setOpen(undefined)} onOpen={(id) => go(`/c/${id}`)} />
      )}
      {open === "help" && <ShortcutHelp onClose={() => setOpen(undefined)} />}
      {open === "open" && (
        <OpenConversations onClose={() => setOpen(undefined)} onOpen={(id) => go(`/c/${id}`)} />
      )}
      {open === "invite" && <InvitePeople onClose={() => setOpen(undefined)} />}
      <Toasts />
    </div>
  );
}

function Pick({ onNew }: { readonly onNew: () => void }) {
  const has_any = useSnapshot((snapshot) => snapshot.conversations.length > 0);
  const name = useSnapshot((snapshot) => snapshot.me?.name);
  if (name === undefined) return null;
  if (!has_any)
    return (
      <EmptyState
        icon={<Hand size={30} />}
        label={t("timeline.welcome", { name })}
        hint={t("timeline.welcomeHint")}
      />
    );
  return (
    <EmptyState
      icon={<MessagesSquare size={30} />}
      label={t("timeline.pick")}
      hint={t("timeline.pickHint")}
      action={<Button icon={<MessageCirclePlus size={18} />} label={t("list.new")} onClick={onNew} />}
    />
  );
}

function NotFound() {
  const [, go] = useLocation();
  return (
    <EmptyState
      label={t("app.notFound")}
      hint={t("app.notFoundHint")}
      action={<Button label={t("app.home")} onClick={() => go("/")} />}
    />
  );
}
