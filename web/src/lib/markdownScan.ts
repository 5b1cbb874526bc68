// Cuts the text of a message into tokens, left to right, each character once.
import type { Wrapping } from "./markdown";

export type Token =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "mention"; readonly user: string }
  | { readonly kind: "link"; readonly href: string; readonly text: string }
  | { readonly kind: "bracket"; readonly text: string }
  /** `](href)`. */
  | { readonly kind: "target"; readonly href: string; readonly text: string }
  | {
      readonly kind: "mark";
      readonly wrapping: Wrapping;
      readonly text: string;
      readonly may_open: boolean;
      readonly may_close: boolean;
    };

/** Longer addresses are shown as text: no browser and no person handles them well. */
const MAX_HREF_CHARS = 2_048;

const SPECIAL = /[\\`*_~|<[\]hHmM]/g;
/** Not `\\`: paths of Windows keep what was typed. */
const ESCAPED = /^[`*~|<>[\]]$/;
const MENTION = /<@(u_[0-9A-Za-z]{1,11})>/y;
const ADDRESS = /(?:https?:\/\/|mailto:)(?:(?!\*\*|~~|\|\||\]\()[^\s<>"`])+/iy;
const TARGET = /\]\(((?:https?:\/\/|mailto:)[^\s<>[\]()]*(?:\([^\s<>[\]()]*\)[^\s<>[\]()]*)*)\)/iy;
const WORD = /[\p{L}\p{N}]/u;

export function* scan(source: string): Generator<Token> {
  const ticks = pairTicks(source);
  let from = 0;
  let at = 0;
  while (at < source.length) {
    SPECIAL.lastIndex = at;
    const special = SPECIAL.exec(source);
    if (!special) break;
    at = special.index;
    const found = take(source, at, ticks);
    if (found === undefined) {
      at += 1;
      continue;
    }
    if (from < at) yield { kind: "text", text: source.slice(from, at) };
    yield found.token;
    at = found.end;
    from = at;
  }
  if (from < source.length) yield { kind: "text", text: source.slice(from) };
}

interface Found {
  readonly token: Token;
  readonly end: number;
}

function take(source: string, at: number, ticks: ReadonlyMap<number, Run>): Found | undefined {
  switch (source[at]) {
    case "\\":
      return takeEscape(source, at);
    case "`":
      return takeCode(source, at, ticks);
    case "<":
      return takeMention(source, at);
    case "[":
      return { token: { kind: "bracket", text: "[" }, end: at + 1 };
    case "]":
      return takeTarget(source, at);
    case "h":
    case "H":
    case "m":
    case "M":
      return takeAddress(source, at);
    default:
      return takeMark(source, at);
  }
}

function takeEscape(source: string, at: number): Found | undefined {
  const next = source[at + 1];
  // A shrug keeps its arm: ¯\_(ツ)_/¯
  if (next === "_") return { token: { kind: "text", text: "\\_" }, end: at + 2 };
  if (next === undefined || !ESCAPED.test(next)) return undefined;
  return { token: { kind: "text", text: next }, end: at + 2 };
}

/** A run of backticks, and where the run that closes it begins. */
interface Run {
  readonly length: number;
  readonly closes_at: number | undefined;
}

/** For each run of backticks the next run of the same length, found in one pass from the end. */
function pairTicks(source: string): ReadonlyMap<number, Run> {
  const runs = [...source.matchAll(/`+/g)].reverse();
  const next = new Map<number, number>();
  const pairs = new Map<number, Run>();
  for (const run of runs) {
    const length = run[0].length;
    pairs.set(run.index, { length, closes_at: next.get(length) });
    next.set(length, run.index);
  }
  return pairs;
}

function takeCode(source: string, at: number, ticks: ReadonlyMap<number, Run>): Found | undefined {
  const run = ticks.get(at);
  if (run === undefined) return undefined;
  const begin = at + run.length;
  if (run.closes_at === undefined)
    return { token: { kind: "text", text: source.slice(at, begin) }, end: begin };
  const inside = source.slice(begin, run.closes_at);
  const is_padded = inside.startsWith(" ") && inside.endsWith(" ") && inside.trim() !== "";
  const text = is_padded ? inside.slice(1, -1) : inside;
  return { token: { kind: "code", text }, end: run.closes_at + run.length };
}

function takeMention(source: string, at: number): Found | undefined {
  MENTION.lastIndex = at;
  const match = MENTION.exec(source);
  if (!match?.[1]) return undefined;
  return { token: { kind: "mention", user: match[1] }, end: at + match[0].length };
}

function takeTarget(source: string, at: number): Found | undefined {
  TARGET.lastIndex = at;
  const match = TARGET.exec(source);
  const href = match?.[1] && safeHref(match[1]);
  if (!match || !href) return undefined;
  return { token: { kind: "target", href, text: match[0] }, end: at + match[0].length };
}

function takeAddress(source: string, at: number): Found | undefined {
  const before = source[at - 1];
  if (before !== undefined && WORD.test(before)) return undefined;
  ADDRESS.lastIndex = at;
  const match = ADDRESS.exec(source);
  if (!match) return undefined;
  const text = trimAddress(match[0]);
  const href = safeHref(text);
  // What cannot be a link is passed over whole, so that it is not read again character by character.
  if (!href) return { token: { kind: "text", text: match[0] }, end: at + match[0].length };
  return { token: { kind: "link", href, text }, end: at + text.length };
}

/** Leaves out what closes the sentence or the markup round an address, but keeps balanced brackets. */
function trimAddress(address: string): string {
  let end = address.length;
  let n_open = 0;
  for (let index = 0; index < end; index += 1) {
    if (address[index] === "(") n_open += 1;
    else if (address[index] === ")") n_open -= 1;
  }
  for (; end > 0; end -= 1) {
    const last = address[end - 1] as string;
    if (last === ")" && n_open < 0) n_open += 1;
    else if (!".,;:!?'\"*_~|]}".includes(last)) break;
  }
  return address.slice(0, end);
}

/** The address as a browser reads it, if it is one that may be followed. */
export function safeHref(address: string): string | undefined {
  if (address.length > MAX_HREF_CHARS || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : undefined;
}

const MARKS: Readonly<Record<string, Wrapping>> = {
  "**": "bold",
  "*": "italic",
  __: "bold",
  _: "italic",
  "~~": "strike",
  "||": "spoiler",
};

function takeMark(source: string, at: number): Found | undefined {
  const sign = source[at] as string;
  let end = at;
  while (source[end] === sign) end += 1;
  const length = end - at;
  const text = source.slice(at, sign === "*" && length === 3 ? at + firstOfThree(source, at) : end);
  const wrapping = MARKS[text];
  if (wrapping === undefined) return { token: { kind: "text", text }, end: at + text.length };
  const before = source[at - 1] ?? " ";
  const after = source[at + text.length] ?? " ";
  // 2*3*4 and snake_case_names are no emphasis; 中**文**字 is.
  const is_word_bound = text.length === 1 || sign === "_";
  return {
    token: {
      kind: "mark",
      wrapping,
      text,
      may_open: !/\s/.test(after) && !(is_word_bound && WORD.test(before)),
      may_close: !/\s/.test(before) && !(is_word_bound && WORD.test(after)),
    },
    end: at + text.length,
  };
}

/** `***` opens as `**` and `*`, and closes the other way round. */
function firstOfThree(source: string, at: number): 1 | 2 {
  return /\s/.test(source[at - 1] ?? " ") ? 2 : 1;
}
