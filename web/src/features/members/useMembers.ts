import { useCallback, useEffect, useRef, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { useActions, useTimeline } from "#/live/useClient";
import type { ConversationId, Member } from "#/proto/wire";

interface Held {
  readonly members: readonly Member[] | undefined;
  /** Why there is no list, in words. */
  readonly problem?: string;
  readonly has_more: boolean;
}

export interface MembersView extends Held {
  readonly loadMore: () => void;
  /** After a change of one's own; those of others are seen by themselves. */
  readonly refresh: () => void;
}

/** Who is in a conversation, page by page, and anew whenever somebody comes, goes or gets another role. */
export function useMembers(id: ConversationId): MembersView {
  const { members, wantUsers } = useActions();
  const [held, setHeld] = useState<Held>({ members: undefined, has_more: false });
  const n_changes = useMemberChanges(id);
  const asked = useRef(0);

  const load = useCallback(
    async (before: readonly Member[]) => {
      asked.current += 1;
      const mine = asked.current;
      try {
        const after = before.at(-1)?.user;
        const page = await members(id, after === undefined ? {} : { after });
        wantUsers(page.members.map(({ user }) => user));
        // An answer that was overtaken by a later question is out of date.
        if (mine === asked.current)
          setHeld({ members: [...before, ...page.members], has_more: page.more ?? false });
      } catch (error) {
        if (mine === asked.current)
          setHeld({ members: before, has_more: false, problem: refusalText(error) });
      }
    },
    [id, members, wantUsers],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the membership asks anew.
  useEffect(() => void load([]), [load, n_changes]);

  return {
    ...held,
    loadMore: () => void load(held.members ?? []),
    refresh: () => void load([]),
  };
}

/** Grows with each change of the membership that the timeline tells of. */
function useMemberChanges(id: ConversationId): number {
  const { lines } = useTimeline(id);
  const last = lines.findLast((line) => line.kind === "event" && line.event.type === "membership");
  return last?.kind === "event" ? last.event.rev : 0;
}
