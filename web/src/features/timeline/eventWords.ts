// Durable changes of a conversation, in words.
import { language, t } from "#/i18n/text";
import type { MemberChange, UserId } from "#/proto/wire";
import type { TimelineEvent } from "#/sync/client";

export type NameOf = (user: UserId) => string;

/** What happened, as one sentence; nothing where there is nothing to be told. */
export function eventWords(event: TimelineEvent, nameOf: NameOf): string | undefined {
  const by = event.type !== "floored" && event.by !== undefined ? nameOf(event.by) : t("timeline.someone");
  switch (event.type) {
    case "membership":
      return membershipWords(event.changes, event.by, nameOf);
    case "updated":
      if (event.title !== undefined) return t("event.title", { by, title: event.title });
      if (event.description !== undefined) return t("event.description", { by });
      return t("event.settings", { by });
    case "floored":
      return undefined;
  }
}

function membershipWords(
  changes: readonly MemberChange[],
  by: UserId | undefined,
  nameOf: NameOf,
): string | undefined {
  const [first] = changes;
  if (first === undefined) return undefined;
  const of_kind = changes.filter(({ change }) => change === first.change);
  const names = namesOf(of_kind, nameOf);
  const is_own = by === undefined || of_kind.every(({ user }) => user === by);
  switch (first.change) {
    case "joined":
      if (of_kind.some(({ user, role }) => user === by && role === "owner"))
        return foundingWords(of_kind, nameOf);
      return is_own ? t("event.joined", { names }) : t("event.added", { by: nameOf(by), names });
    case "left":
      return t("event.left", { names });
    case "removed":
      return is_own ? t("event.left", { names }) : t("event.removed", { by: nameOf(by), names });
    case "role":
      return t(`event.role.${first.role ?? "member"}`, { names });
  }
}

/** The first line of all: who made it, and with whom. */
function foundingWords(changes: readonly MemberChange[], nameOf: NameOf): string {
  const owner = changes.find(({ role }) => role === "owner");
  const by = owner ? nameOf(owner.user) : t("timeline.someone");
  const others = changes.filter((change) => change !== owner);
  return others.length === 0
    ? t("event.made", { by })
    : t("event.madeWith", { by, names: namesOf(others, nameOf) });
}

const MAX_NAMES = 3;

function namesOf(changes: readonly MemberChange[], nameOf: NameOf): string {
  const names = changes.slice(0, MAX_NAMES).map(({ user }) => nameOf(user));
  const n_more = changes.length - names.length;
  const list = n_more > 0 ? [...names, t("event.more", { n: n_more })] : names;
  return new Intl.ListFormat(language()).format(list);
}
