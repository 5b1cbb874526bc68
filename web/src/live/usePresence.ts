import { useEffect } from "react";
import type { Presence, UserId } from "#/proto/wire";
import { useActions, useSnapshot } from "./useClient";

/** Whether somebody is there, asked for as long as it is shown. */
export function usePresence(user: UserId | undefined): Presence | undefined {
  const { watch } = useActions();
  useEffect(() => (user === undefined ? undefined : watch([user])), [user, watch]);
  return useSnapshot((snapshot) => (user === undefined ? undefined : snapshot.presence.get(user)));
}
