/** More than this many are a text, not a gesture. */
const MAX_JUMBO = 3;
/** The longest emoji are families and flags of regions. */
const MAX_JUMBO_UNITS = 64;

const ONLY_EMOJI = /^(?:\p{RGI_Emoji}\s*)+$/v;
const EMOJI = /\p{RGI_Emoji}/gv;

/** How many emoji a text is made of, if it is at most three and nothing else; otherwise 0. */
export function emojiCount(text: string): number {
  const trimmed = text.trim();
  if (trimmed.length > MAX_JUMBO_UNITS || !ONLY_EMOJI.test(trimmed)) return 0;
  const n_emoji = trimmed.match(EMOJI)?.length ?? 0;
  return n_emoji <= MAX_JUMBO ? n_emoji : 0;
}
