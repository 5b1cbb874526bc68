// The sync client of this page: its socket, its tabs, and what the page tells it.
import type { UserId } from "#/proto/wire";
import { type Client, createClient } from "#/sync/client";
import type { SocketLike } from "#/sync/ports";
import { browserTabs } from "#/sync/tabs";
import { arrived } from "./arrivals";
import { http } from "./server";

/** Put in by the build. */
declare const __VERSION__: string;

const PROTOCOL = "voodoo.v1";

/** Opens the session of `user`; ends with `close`. `self_title` names the conversation with oneself. */
export function createPageClient(user: UserId, self_title: string): Client {
  const name = `voodoo.${user}`;
  const client = createClient({
    user,
    program: { name: "voodoo-web", version: __VERSION__ },
    open_socket: openSocket,
    is_logged_out: isLoggedOut,
    is_visible: document.visibilityState === "visible",
    notify: arrived,
    self_title,
    // Without locks, which browsers offer to secure pages only, each tab has a session of its own.
    ...("locks" in navigator && { tabs: browserTabs(name, navigator.locks, new BroadcastChannel(name)) }),
  });
  const deaf = listen(client);
  return {
    ...client,
    close() {
      deaf();
      client.close();
    },
  };
}

function openSocket(): SocketLike {
  const url = new URL("/ws", window.location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return new WebSocket(url, PROTOCOL) as unknown as SocketLike;
}

/** A socket that is refused tells a page no reason, so it asks by the other door. */
async function isLoggedOut(): Promise<boolean> {
  try {
    await http.me();
    return false;
  } catch (error) {
    return (error as { readonly status?: number }).status === 401;
  }
}

function listen(client: Client): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  const on = (target: EventTarget, event: string, tell: () => void) =>
    target.addEventListener(event, tell, { signal });
  on(window, "online", () => client.tell("online"));
  on(window, "offline", () => client.tell("offline"));
  on(window, "pagehide", () => client.tell("hidden"));
  on(document, "visibilitychange", () =>
    client.tell(document.visibilityState === "visible" ? "visible" : "hidden"),
  );
  return () => ended.abort();
}
