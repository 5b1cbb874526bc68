import { MessageCirclePlus, MessagesSquare } from "lucide-react";
import { useEffect, useState } from "react";
import { Route, Switch, useLocation, useRoute } from "wouter";
import { InvitePeople } from "#/features/conversations/InvitePeople";
import { NewMessage } from "#/features/conversations/NewMessage";
import { t } from "#/i18n/text";
import { useClient, useSnapshot } from "#/live/useClient";
import { Button } from "#/ui/Button";
import { EmptyState } from "#/ui/EmptyState";
import { Toasts } from "#/ui/Toast";
import { useIsPhone } from "#/ui/useMedia";
import { BottomBar } from "./BottomBar";
import { ConnectionBanner } from "./ConnectionBanner";
import { ConversationPane } from "./ConversationPane";
import { leaveForLogIn } from "./entry";
import { PaneBoundary } from "./PaneBoundary";
import { SettingsPane } from "./SettingsPane";
import { Sidebar } from "./Sidebar";
import { useShortcuts } from "./useShortcuts";
import { useTitle } from "./useTitle";

type Open = "new" | "invite" | undefined;

/** List and conversation side by side, or one after the other on a phone. */
export function Rooms() {
  const [, go] = useLocation();
  const [is_conversation, params] = useRoute("/c/:id");
  const [is_home] = useRoute("/");
  const [open, setOpen] = useState<Open>();
  const is_phone = useIsPhone();
  const current = is_conversation ? params.id : undefined;
  const is_list_alone = is_phone && is_home;
  useTitle(current);
  useShortcuts(current);
  useEnd();

  return (
    <div className="flex h-dvh flex-col overflow-hidden">
      <a
        href="#main"
        className="sr-only focus-visible:not-sr-only focus-visible:absolute focus-visible:z-10 focus-visible:m-2 focus-visible:rounded-xl focus-visible:bg-raised focus-visible:px-4 focus-visible:py-2"
      >
        {t("app.skip")}
      </a>
      <ConnectionBanner />
      <div className="flex min-h-0 grow">
        {(!is_phone || is_list_alone) && (
          <PaneBoundary>
            <Sidebar current={current} onNew={() => setOpen("new")} onInvite={() => setOpen("invite")} />
          </PaneBoundary>
        )}
        {!is_list_alone && (
          <main id="main" className="flex min-w-0 grow flex-col bg-canvas">
            <PaneBoundary key={current ?? "none"}>
              <Switch>
                <Route path="/c/:id">
                  {({ id }) => <ConversationPane key={id} id={id} hasBack={is_phone} />}
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
      </div>
      {is_phone && !is_conversation && <BottomBar onNew={() => setOpen("new")} />}
      {open === "new" && (
        <NewMessage
          onClose={() => setOpen(undefined)}
          onOpen={(id) => go(`/c/${id}`)}
          onInvite={() => setOpen("invite")}
        />
      )}
      {open === "invite" && <InvitePeople onClose={() => setOpen(undefined)} />}
      <Toasts />
    </div>
  );
}

function Pick({ onNew }: { readonly onNew: () => void }) {
  const has_any = useSnapshot((snapshot) => snapshot.conversations.length > 0);
  if (!has_any) return null;
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

/** A session that the server ended because the log-in is over leads to the door; what was kept here goes first. */
function useEnd(): void {
  const client = useClient();
  const code = useSnapshot((snapshot) => snapshot.connection.stopped?.code);
  useEffect(() => {
    if (code === 4401) void client.forget().finally(leaveForLogIn);
  }, [code, client]);
}
