import { lazy, Suspense, useEffect, useState } from "react";
import { Route, Switch } from "wouter";
import { t } from "#/i18n/text";
import { forgetDrafts } from "#/live/drafts";
import { createPageClient } from "#/live/pageClient";
import { http } from "#/live/server";
import { ClientContext, useClient, useSnapshot } from "#/live/useClient";
import type { UserId } from "#/proto/wire";
import type { Client } from "#/sync/client";
import { Button } from "#/ui/Button";
import { EmptyState } from "#/ui/EmptyState";
import { leaveForLogIn, remember, remembered } from "./entry";
import { Rooms } from "./Rooms";

const MemberDoor = lazy(() => import("./MemberDoor").then((module) => ({ default: module.MemberDoor })));

/** What stands behind the doors: finds out who is logged in, then opens their session. */
export function Shell() {
  const entry = useEntry();
  const client = useLiveClient(typeof entry === "object" ? entry.user : undefined);
  if (entry === "unreachable") return <Unreachable />;
  if (!client) return null;
  return (
    <ClientContext value={client}>
      <Switch>
        <Route path="/join">
          <Suspense>
            <MemberDoor />
          </Suspense>
        </Route>
        <Route>
          <Rooms />
        </Route>
      </Switch>
      <End />
    </ClientContext>
  );
}

type Entry = "asking" | "unreachable" | { readonly user: UserId };

const ASK_AGAIN_MS = 3_000;

/**
 * A device that was logged in is let in at once, so that everything kept on it can be read without a connection; the
 * session finds out by itself if the log-in is over.
 */
function useEntry(): Entry {
  const [entry, setEntry] = useState<Entry>(() => {
    const user = remembered();
    return user === undefined ? "asking" : { user };
  });
  const is_known = typeof entry === "object";
  useEffect(() => {
    if (is_known) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let is_over = false;
    const ask = async () => {
      try {
        const { user } = await http.me();
        remember(user.user);
        if (!is_over) setEntry({ user: user.user });
      } catch (error) {
        if (is_over) return;
        if ((error as { readonly status?: number }).status === 401) return leaveForLogIn();
        setEntry("unreachable");
        timer = setTimeout(ask, ASK_AGAIN_MS);
      }
    };
    void ask();
    return () => {
      is_over = true;
      clearTimeout(timer);
    };
  }, [is_known]);
  return entry;
}

function useLiveClient(user: UserId | undefined): Client | undefined {
  const [client, setClient] = useState<Client>();
  useEffect(() => {
    if (user === undefined) return;
    const made = createPageClient(user, t("list.self"));
    setClient(made);
    return () => {
      setClient(undefined);
      made.close();
    };
  }, [user]);
  return client;
}

/** A session that ended because the log-in is over leads to the door; what was kept here goes first. */
function End() {
  const client = useClient();
  const code = useSnapshot((snapshot) => snapshot.connection.stopped?.code);
  useEffect(() => {
    if (code !== 4401) return;
    forgetDrafts();
    void client.forget().finally(() => leaveForLogIn(true));
  }, [code, client]);
  return null;
}

function Unreachable() {
  return (
    <main className="flex h-full">
      <EmptyState
        label={t("door.unreachable")}
        hint={t("door.unreachableHint")}
        action={<Button label={t("app.reload")} onClick={() => window.location.reload()} />}
      />
    </main>
  );
}
