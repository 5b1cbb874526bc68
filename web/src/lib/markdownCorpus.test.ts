/**
 * What must hold of any text that somebody types: over a corpus of hostile ones, and over texts that are made of it.
 *
 * `MARKDOWN_RUNS` sets how many are made, `MARKDOWN_SEED` which. With it, what fails is written into the corpus in its
 * shortest form, from where each later run replays it.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Block, type Inline, parse, plain } from "./markdown";

const FOLDER = join(import.meta.dirname, "../../../fuzz/corpus/markdown");
const CORPUS: readonly (readonly [string, string])[] = readdirSync(FOLDER)
  .sort()
  .map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]);

const RUNS = Number(process.env.MARKDOWN_RUNS ?? 2_000);
const SEED = process.env.MARKDOWN_SEED;

/** Code or a mention in a link, and that in bold, italic, struck and hidden words. */
const MAX_INLINE_DEPTH = 6;
/** Three quotes, and what stands in the last of them. */
const MAX_BLOCK_DEPTH = 4;
/** Matches and cuts for each character, at most: more than the worst text needs, and no square of its length. */
const STEPS_EACH = 16;

type Node = Exclude<Inline, string>;

/** Every node with those around it, outermost first. */
function* nodes(children: readonly Inline[], around: readonly Node[] = []): Generator<readonly Node[]> {
  for (const child of children) {
    if (typeof child === "string") continue;
    const path = [...around, child];
    yield path;
    if ("children" in child) yield* nodes(child.children, path);
  }
}

function* paragraphs(blocks: readonly Block[]): Generator<readonly Inline[]> {
  for (const block of blocks) {
    if (block.kind === "paragraph") yield block.children;
    if (block.kind === "quote") yield* paragraphs(block.children);
    if (block.kind === "list") yield* block.items.map((item) => item.children);
  }
}

function depthOf(blocks: readonly Block[]): number {
  let depth = 0;
  for (const block of blocks)
    depth = Math.max(depth, block.kind === "quote" ? 1 + depthOf(block.children) : 1);
  return depth;
}

/** What a reader sees of it, in the order of the source. */
function seen(blocks: readonly Block[]): string {
  const ofInline = (child: Inline): string => {
    if (typeof child === "string") return child;
    if (child.kind === "code") return child.text;
    if (child.kind === "mention") return child.user;
    return child.children.map(ofInline).join("");
  };
  const ofBlock = (block: Block): string => {
    if (block.kind === "paragraph") return block.children.map(ofInline).join("");
    if (block.kind === "fence") return block.language + block.text;
    if (block.kind === "quote") return seen(block.children);
    return block.items.map((item) => item.children.map(ofInline).join("")).join("");
  };
  return blocks.map(ofBlock).join("");
}

function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (let index = 0; index < whole.length && at < part.length; index += 1)
    if (whole[index] === part[at]) at += 1;
  return at === part.length;
}

/** Without what may be a mark, of a line, a list or a mention, and without gaps. */
const words = (text: string) => text.replaceAll(/[\s\\`*_~|<>@[\]\-+.)\d]/g, "");

/** How often something was matched, and how much was cut, while `work` ran: the same on every machine. */
function stepsOf(work: () => void): number {
  const { exec } = RegExp.prototype;
  const { slice } = String.prototype;
  let n_steps = 0;
  RegExp.prototype.exec = function (text) {
    const found = exec.call(this, text);
    n_steps += 1 + (found?.[0].length ?? 0);
    return found;
  };
  String.prototype.slice = function (from, to) {
    const cut = slice.call(this, from, to);
    n_steps += cut.length;
    return cut;
  };
  try {
    work();
  } finally {
    RegExp.prototype.exec = exec;
    String.prototype.slice = slice;
  }
  return n_steps;
}

function checkLinks(blocks: readonly Block[]): void {
  for (const children of paragraphs(blocks)) {
    for (const path of nodes(children)) {
      expect(path.length).toBeLessThanOrEqual(MAX_INLINE_DEPTH);
      const kinds = path.map((node) => node.kind);
      expect(new Set(kinds).size, "nothing stands within its like").toBe(kinds.length);
      const node = path.at(-1);
      if (node?.kind !== "link") continue;
      expect(node.href).toMatch(/^(https?:\/\/[!-~]|mailto:)[!-~]*$/);
      expect(new URL(node.href).href).toBe(node.href);
      expect(node.children.length, "a link that nobody sees").toBeGreaterThan(0);
    }
  }
}

function check(source: string): void {
  let blocks: readonly Block[] = [];
  const n_steps = stepsOf(() => {
    blocks = parse(source);
  });
  expect(n_steps).toBeLessThanOrEqual(STEPS_EACH * (source.length + 1));
  expect(depthOf(blocks)).toBeLessThanOrEqual(MAX_BLOCK_DEPTH);
  checkLinks(blocks);
  expect(isWithin(seen(blocks), source), "nothing is shown that was not typed").toBe(true);
  // Where a link leads is not seen: without such links every letter is.
  const bare = source.replaceAll("](", "] (");
  expect(words(seen(parse(bare)))).toBe(words(bare));
  expect(plain(source)).not.toMatch(/[\r\n]/);
}

/** Also with every emoji cut in half, as a careless client cuts a text. */
function checkBoth(source: string): void {
  check(source);
  const cut = source.replaceAll(/[\u{10000}-\u{10FFFF}]/gu, (pair) => pair[0] as string);
  if (cut !== source) check(cut);
}

test.each(CORPUS)("%s of the corpus of hostile texts is read as it should be", (_name, source) => {
  checkBoth(source);
  for (const n of [2, 3]) checkBoth(source.repeat(n));
  check(source.repeat(Math.ceil(20_000 / Math.max(source.length, 1))));
});

test("the corpus of hostile texts is there", () => {
  expect(CORPUS.length).toBeGreaterThan(40);
});

const PIECES = [
  ..."*_~|`[]()<>\\!#-+. \n\r\t:/@\0",
  ..."abhHmхц中😀",
  ...["\u202e", "\u2066", "\u200d", "\ufeff", "\u2028", "\ud83d", "\ude00", "👩‍👩‍👧", "🇩🇪"],
  ...["**", "***", "~~", "||", "``", "```", "\n```\n", "\r\n", "\n> ", "> > > > ", "\n- ", "\n1. "],
  ...[
    "https://a.b/c",
    "http://",
    "mailto:a@b",
    "](https://d.e/f)",
    "](javascript:",
    "](mailto:",
    "<@u_a>",
    "<@u_",
  ],
];

/** A part of a text of the corpus, or what is typed in between. */
const part = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...PIECES) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...CORPUS.map(([, source]) => source)), fc.nat(99), fc.nat(99))
      .map(([source, from, length]) => source.slice(from, from + length)),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 9 }) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...PIECES), fc.nat(50)).map(([one, n]) => one.repeat(n)) },
);
const text = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(""));

test("texts made of the corpus are read as they should be", { timeout: 24 * 3_600_000 }, () => {
  const seed = SEED === undefined ? {} : { seed: Number(SEED) };
  const found = fc.check(fc.property(text, checkBoth), { numRuns: RUNS, ...seed });
  if (!found.failed) return;
  const source = found.counterexample?.[0] ?? "";
  if (process.env.MARKDOWN_RUNS !== undefined) {
    const sum = createHash("sha256").update(source).digest("hex").slice(0, 12);
    writeFileSync(join(FOLDER, sum), source);
  }
  throw new Error(`seed ${found.seed}, ${JSON.stringify(source)}: ${String(found.errorInstance)}`);
});
