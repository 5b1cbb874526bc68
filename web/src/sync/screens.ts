/** What all tabs show, together: for it the server sends typing, receipts and presence. */
import type { ConversationId, Limits, Request, UserId } from "#/proto/wire";

/** What one tab shows. */
export interface Screen {
  readonly conversations: readonly ConversationId[];
  readonly watched: readonly UserId[];
  /** A tab in the background needs nothing live, and nobody is at it. */
  readonly is_visible: boolean;
}

type Limit = Pick<Limits, "focus" | "watch">;

export class Screens {
  readonly #tabs = new Map<string, Screen>();
  /** What this session told; a new session begins with nothing, and as active. */
  #focus: readonly ConversationId[] = [];
  #watch: readonly UserId[] = [];
  #is_active = true;

  put(tab: string, screen: Screen): void {
    this.#tabs.set(tab, screen);
  }

  /** Conversations that any tab holds open, visible or not. */
  opened(): ReadonlySet<ConversationId> {
    return new Set([...this.#tabs.values()].flatMap(({ conversations }) => conversations));
  }

  /** A new session: nothing is told. */
  begin(): void {
    this.#focus = [];
    this.#watch = [];
    this.#is_active = true;
  }

  /** What has to be told, as the sets are others than those last told; the last ones count where they are too many. */
  news(limits: Limit): { requests: Request[]; focused: readonly ConversationId[] } {
    const visible = [...this.#tabs.values()].filter(({ is_visible }) => is_visible);
    const conversations = unique(visible.flatMap((screen) => screen.conversations)).slice(-limits.focus);
    const users = unique(visible.flatMap((screen) => screen.watched)).slice(-limits.watch);
    const is_active = visible.length > 0;
    const requests: Request[] = [];
    const focused = conversations.filter((each) => !this.#focus.includes(each));
    if (!isSameSet(conversations, this.#focus)) requests.push({ type: "focus", conversations });
    if (!isSameSet(users, this.#watch)) requests.push({ type: "watch", users });
    if (is_active !== this.#is_active) requests.push({ type: "active", on: is_active });
    this.#focus = conversations;
    this.#watch = users;
    this.#is_active = is_active;
    return { requests, focused };
  }
}

function unique<T>(all: readonly T[]): T[] {
  return [...new Set(all)];
}

function isSameSet<T>(a: readonly T[], b: readonly T[]): boolean {
  const known = new Set(a);
  return a.length === b.length && b.every((each) => known.has(each));
}
