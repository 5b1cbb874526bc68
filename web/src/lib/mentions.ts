// Mentions between what people type (`@handle`) and what travels (`<@u_…>`).

const TYPED = /(?<![\p{L}\p{N}._@-])@([a-z][a-z0-9._-]{1,31})/giu;
const SENT = /<@(u_[0-9A-Za-z]{1,11})>/g;
/** Punctuation that ends a sentence rather than a handle. */
const TAIL = /[._-]+$/;

export interface Encoded {
  readonly text: string;
  /** Everyone named, each once, in the order of the text. */
  readonly users: readonly string[];
  /** Everyone is called at once. */
  readonly all: "all" | "here" | undefined;
}

/** Turns each `@handle` that is somebody's into a mention. What stands in code is left alone. */
export function encode(text: string, userOf: (handle: string) => string | undefined): Encoded {
  const users = new Set<string>();
  let all: Encoded["all"];
  const outside = (part: string) =>
    part.replaceAll(TYPED, (whole, typed: string) => {
      const handle = typed.toLowerCase().replace(TAIL, "");
      if (handle === "all" || handle === "here") {
        if (all !== "all") all = handle;
        return whole;
      }
      const user = userOf(handle);
      if (user === undefined) return whole;
      users.add(user);
      return `<@${user}>${typed.slice(handle.length)}`;
    });
  const encoded = text
    .split(/(```[\s\S]*?(?:```|$)|`[^`\n]*`)/)
    .map((part, index) => (index % 2 === 0 ? outside(part) : part))
    .join("");
  return { text: encoded, users: [...users], all };
}

/** The other way round, for editing; who is unknown stays as it travelled. */
export function decode(text: string, handleOf: (user: string) => string | undefined): string {
  return text.replaceAll(SENT, (whole, user: string) => {
    const handle = handleOf(user);
    return handle === undefined ? whole : `@${handle}`;
  });
}

/** The `@…` that is being typed just before the caret: what stands after the sign, and where the sign stands. */
export function openMention(
  text: string,
  caret: number,
): { readonly query: string; readonly at: number } | undefined {
  const found = /(?<![\p{L}\p{N}._@-])@([\p{L}\p{N}._-]{0,32})$/u.exec(text.slice(0, caret));
  return found ? { query: found[1] ?? "", at: found.index } : undefined;
}
