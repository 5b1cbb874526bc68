import { useEffect, useState } from "react";
import { http } from "#/live/server";
import type { ServerAbout } from "#/proto/wire.gen";

type Server =
  | { readonly state: "loading" }
  | { readonly state: "unreachable" }
  | { readonly state: "known"; readonly about: ServerAbout };

const AGAIN_MS = 3_000;

/** Asks until the server answers, and until it has an owner. */
export function useServer(): Server {
  const [server, setServer] = useState<Server>({ state: "loading" });
  useEffect(() => {
    let is_over = false;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      const next: Server = await http.server().then(
        (about) => ({ state: "known", about }),
        () => ({ state: "unreachable" }),
      );
      if (is_over) return;
      setServer(next);
      if (next.state !== "known" || !next.about.claimed) timer = setTimeout(look, AGAIN_MS);
    };
    void look();
    return () => {
      is_over = true;
      clearTimeout(timer);
    };
  }, []);
  return server;
}
