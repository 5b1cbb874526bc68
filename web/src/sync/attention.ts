/** Who types and who is there: told live, never kept, and gone with the connection. Each tab hears it by itself. */
import type { ConversationId, Presence, UserId } from "#/proto/wire";
import type { Frame, Input } from "./input";
import type { Cancel, Clock } from "./ports";

/** So long after its frame somebody is shown as typing. */
const TYPING_MS = 6_000;

type Typing = ReadonlyMap<ConversationId, readonly UserId[]>;
type Present = ReadonlyMap<UserId, Presence>;

export class Attention {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #ends = new Map<string, Cancel>();
  #typing: Typing = new Map();
  #presence: Present = new Map();

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** In the order in which they began; the same list while nothing changes. */
  get typing(): Typing {
    return this.#typing;
  }

  get presence(): Present {
    return this.#presence;
  }

  /** Takes what the reducer is handed. */
  take(input: Input, self: UserId | undefined): void {
    if (input.do === "disconnect") this.clear();
    else if (input.do === "frame") this.#frame(input.frame, self);
    else if (input.do === "ok" && input.request.type === "watch") {
      const { presence } = input.reply as { presence?: readonly Presence[] };
      this.#presence = new Map((presence ?? []).map((each) => [each.user, each]));
    }
  }

  /** Takes what another tab knows. */
  adopt(presence: readonly Presence[]): void {
    this.#presence = new Map(presence.map((each) => [each.user, each]));
  }

  clear(): void {
    for (const cancel of this.#ends.values()) cancel();
    this.#ends.clear();
    if (this.#typing.size > 0) this.#typing = new Map();
    if (this.#presence.size > 0) this.#presence = new Map();
  }

  #frame(frame: Frame, self: UserId | undefined): void {
    if (frame.type === "typing" && frame.user !== self) this.#begin(frame.conversation, frame.user);
    else if (frame.type === "message" && frame.from !== undefined) this.#end(frame.conversation, frame.from);
    else if (frame.type === "conversation_gone") this.#put(frame.conversation, []);
    else if (frame.type === "presence") {
      this.#presence = new Map([
        ...this.#presence,
        ...frame.users.map((each): [UserId, Presence] => [each.user, each]),
      ]);
    }
  }

  #begin(conversation: ConversationId, user: UserId): void {
    const key = `${conversation} ${user}`;
    this.#ends.get(key)?.();
    const end = () => {
      this.#end(conversation, user);
      this.#changed();
    };
    this.#ends.set(key, this.#clock.after(TYPING_MS, end));
    const typing = this.#typing.get(conversation) ?? [];
    if (!typing.includes(user)) this.#put(conversation, [...typing, user]);
  }

  #end(conversation: ConversationId, user: UserId): void {
    const key = `${conversation} ${user}`;
    this.#ends.get(key)?.();
    if (!this.#ends.delete(key)) return;
    const typing = this.#typing.get(conversation) ?? [];
    this.#put(
      conversation,
      typing.filter((each) => each !== user),
    );
  }

  #put(conversation: ConversationId, typing: readonly UserId[]): void {
    if (typing.length === 0 && !this.#typing.has(conversation)) return;
    const next = new Map(this.#typing);
    if (typing.length > 0) next.set(conversation, typing);
    else next.delete(conversation);
    this.#typing = next;
  }
}
