// Which conversations the list shows.
import type { ConversationView } from "#/sync/client";

export const FILTERS = [
  "all",
  "unread",
  "mentions",
  "people",
  "groups",
  "broadcasts",
  "requests",
  "archived",
] as const;
export type Filter = (typeof FILTERS)[number];

/** Archived ones are put away from every list but their own, and so is what strangers began. */
export function isIn(filter: Filter, view: ConversationView): boolean {
  if (filter === "archived") return view.archived;
  if (view.archived) return false;
  if (filter === "requests" || view.state === "request")
    return (view.state === "request") === (filter === "requests");
  switch (filter) {
    case "all":
      return true;
    case "unread":
      return view.unread > 0;
    case "mentions":
      return view.mentions > 0;
    case "people":
      return view.kind === "direct";
    case "groups":
      return view.kind === "group";
    case "broadcasts":
      return view.kind === "broadcast";
  }
}

/** The filters that tell anything apart; the chosen one stays even when it is empty. */
export function usable(views: readonly ConversationView[], chosen: Filter): readonly Filter[] {
  const has_kinds = views.some((view) => view.kind !== "direct");
  return FILTERS.filter((filter) => {
    if (filter === chosen || filter === "all" || filter === "unread") return true;
    if (filter === "people" && !has_kinds) return false;
    return views.some((view) => isIn(filter, view));
  });
}
