import { useEffect, useState } from "react";
import type { User } from "#/proto/wire";
import { useActions } from "./useClient";

const ASK_AFTER_MS = 200;

interface Found {
  readonly query: string;
  readonly users: readonly User[];
}

interface People {
  readonly users: readonly User[];
  /** Whether `users` are the answer to what is typed, and not to something before it. */
  readonly is_known: boolean;
}

const NOBODY: readonly User[] = [];

/**
 * Finds people by what is typed, once the typing rests; earlier answers stay until the next one is here.
 *
 * `onError` must stay the same function.
 */
export function usePeople(query: string, onError: (error: unknown) => void): People {
  const { findUsers } = useActions();
  const [found, setFound] = useState<Found>();
  const wanted = query.trim();
  useEffect(() => {
    if (wanted === "") return setFound(undefined);
    let is_old = false;
    const timer = setTimeout(async () => {
      try {
        const users = await findUsers(wanted);
        if (!is_old) setFound({ query: wanted, users });
      } catch (error) {
        if (!is_old) onError(error);
      }
    }, ASK_AFTER_MS);
    return () => {
      is_old = true;
      clearTimeout(timer);
    };
  }, [wanted, findUsers, onError]);
  return { users: found?.users ?? NOBODY, is_known: found?.query === wanted };
}
