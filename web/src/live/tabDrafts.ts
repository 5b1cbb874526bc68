// What was typed and not sent, as one of several tabs sees it. Plain: storage and time come from outside.
//
// A draft is replaced only by whoever saw it. So what is typed in one tab shows in the others, and where two tabs were
// typed in at once each keeps its own words until they are sent.
import type { ConversationId } from "#/proto/wire";

/** A draft as the tabs share it: what was typed, and what stood before the eyes of who typed it. */
export interface Shared {
  readonly text: string;
  readonly over: string;
}

/** Where the tabs of a browser share drafts: no draft is kept where the text is empty. */
export interface Shelf {
  all(): ReadonlyMap<ConversationId, Shared>;
  read(id: ConversationId): Shared | undefined;
  write(id: ConversationId, shared: Shared | undefined): void;
}

/** Here: what this tab shows. Known: what it wrote or took last, which is what it typed over. */
interface Own {
  readonly here: string;
  readonly known: string;
}

const NOTHING: Own = { here: "", known: "" };

export class TabDrafts {
  readonly #shelf: Shelf;
  readonly #own = new Map<ConversationId, Own>();
  readonly #shared = new Map<ConversationId, string>();

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
    for (const [id, { text }] of shelf.all()) {
      this.#own.set(id, { here: text, known: text });
      this.#shared.set(id, text);
    }
  }

  /** What stands in the field of this tab. */
  here(id: ConversationId): string {
    return this.#own.get(id)?.here ?? "";
  }

  /** What stands on the shelf, as far as this tab has heard: what a tab shows that is opened now. */
  shared(id: ConversationId): string {
    return this.#shared.get(id) ?? "";
  }

  /** Typed in this tab; the others see it after `keep`. */
  type(id: ConversationId, text: string): void {
    this.#set(id, { ...this.#ownOf(id), here: text });
  }

  /** Puts on the shelf what was typed here since. */
  keep(): void {
    for (const id of [...this.#own.keys()]) this.#keep(id);
  }

  /** Something came upon the shelf by another tab; says whether this one shows something else now. */
  hear(id: ConversationId, { text, over }: Shared): boolean {
    this.#note(id, text);
    const { here, known } = this.#ownOf(id);
    if (here === text || here === over) {
      this.#set(id, { here: text, known: text });
      return here !== text;
    }
    // The others' words are sent; these, which nobody saw, take their place for the next tab.
    const is_free = text === "" && this.#shelf.read(id) === undefined;
    if (is_free && here === known && here !== "") this.#put(id, { text: here, over: here });
    return false;
  }

  /** Takes what was written elsewhere than in this browser by somebody who saw what is shared here. */
  adopt(id: ConversationId, text: string): boolean {
    const shared = { text, over: this.shared(id) };
    this.#put(id, shared);
    return this.hear(id, shared);
  }

  forget(): void {
    for (const id of this.#shelf.all().keys()) this.#shelf.write(id, undefined);
    this.#own.clear();
    this.#shared.clear();
  }

  #keep(id: ConversationId): void {
    const { here, known } = this.#ownOf(id);
    if (here === known) return;
    this.#set(id, { here, known: here });
    // What is sent takes away its own draft, and no other that another tab put there meanwhile.
    if (here === "" && (this.#shelf.read(id)?.text ?? known) !== known) return;
    this.#put(id, { text: here, over: known });
  }

  #put(id: ConversationId, shared: Shared): void {
    this.#note(id, shared.text);
    this.#shelf.write(id, shared.text === "" ? undefined : shared);
  }

  #note(id: ConversationId, text: string): void {
    if (text === "") this.#shared.delete(id);
    else this.#shared.set(id, text);
  }

  #ownOf(id: ConversationId): Own {
    return this.#own.get(id) ?? NOTHING;
  }

  #set(id: ConversationId, own: Own): void {
    if (own.here === "" && own.known === "") this.#own.delete(id);
    else this.#own.set(id, own);
  }
}
