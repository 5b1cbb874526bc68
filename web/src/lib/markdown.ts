// The Markdown that people type in messages, as a tree. Nothing here makes HTML.
//
// Every step is linear in the length of the text and the depth is bounded, so that no message can freeze a reader.
// Unknown or unfinished markup stays as it was typed: no letter is ever lost.
import { scan, type Token } from "./markdownScan";

export type Inline =
  | string
  | { readonly kind: Wrapping; readonly children: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "link"; readonly href: string; readonly children: readonly Inline[] }
  | { readonly kind: "mention"; readonly user: string };

export type Wrapping = "bold" | "italic" | "strike" | "spoiler";

export type Block =
  | { readonly kind: "paragraph"; readonly children: readonly Inline[] }
  | { readonly kind: "fence"; readonly language: string; readonly text: string }
  | { readonly kind: "quote"; readonly children: readonly Block[] }
  | { readonly kind: "list"; readonly is_ordered: boolean; readonly items: readonly ListItem[] };

export interface ListItem {
  /** The number that was typed, in an ordered list. */
  readonly number?: number;
  readonly children: readonly Inline[];
}

/** Quotes inside quotes are followed this far; deeper marks stay text. */
const MAX_QUOTE_DEPTH = 3;

const FENCE = /^ {0,3}```([\w+#.-]*)[ \t]*$/;
const FENCE_END = /^ {0,3}```[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const BULLET = /^ {0,8}[-*+] +(?=\S)/;
const NUMBER = /^ {0,8}(\d{1,3})[.)] +(?=\S)/;

export function parse(source: string): readonly Block[] {
  // Programs send lines that end as on Windows too, and a fence closes at the end of its line.
  return blocks(source.split(/\r?\n/), 0);
}

function blocks(lines: readonly string[], depth: number): readonly Block[] {
  const found: Block[] = [];
  let index = 0;
  while (index < lines.length) {
    const line = lines[index] ?? "";
    if (line.trim() === "") {
      index += 1;
      continue;
    }
    const [block, next] = takeBlock(lines, index, depth);
    found.push(block);
    index = next;
  }
  return found;
}

/** The block that begins at `start`, and the line after it. */
function takeBlock(lines: readonly string[], start: number, depth: number): [Block, number] {
  const line = lines[start] ?? "";
  const fence = FENCE.exec(line);
  if (fence) return takeFence(lines, start, fence[1] ?? "");
  if (depth < MAX_QUOTE_DEPTH && QUOTE.test(line)) return takeQuote(lines, start, depth);
  if (BULLET.test(line)) return takeList(lines, start, BULLET);
  if (NUMBER.test(line)) return takeList(lines, start, NUMBER);
  return takeParagraph(lines, start, depth);
}

function takeFence(lines: readonly string[], start: number, language: string): [Block, number] {
  let end = start + 1;
  while (end < lines.length && !FENCE_END.test(lines[end] ?? "")) end += 1;
  return [{ kind: "fence", language, text: lines.slice(start + 1, end).join("\n") }, end + 1];
}

function takeQuote(lines: readonly string[], start: number, depth: number): [Block, number] {
  let end = start;
  while (end < lines.length && QUOTE.test(lines[end] ?? "")) end += 1;
  const inner = lines.slice(start, end).map((line) => line.replace(QUOTE, ""));
  return [{ kind: "quote", children: blocks(inner, depth + 1) }, end];
}

function takeList(lines: readonly string[], start: number, marker: RegExp): [Block, number] {
  const items: ListItem[] = [];
  let end = start;
  for (; end < lines.length; end += 1) {
    const match = marker.exec(lines[end] ?? "");
    if (!match) break;
    const children = inline((lines[end] ?? "").slice(match[0].length));
    items.push(match[1] === undefined ? { children } : { number: Number(match[1]), children });
  }
  return [{ kind: "list", is_ordered: marker === NUMBER, items }, end];
}

function takeParagraph(lines: readonly string[], start: number, depth: number): [Block, number] {
  let end = start + 1;
  while (end < lines.length && !interrupts(lines[end] ?? "", depth)) end += 1;
  return [{ kind: "paragraph", children: inline(lines.slice(start, end).join("\n")) }, end];
}

function interrupts(line: string, depth: number): boolean {
  if (line.trim() === "") return true;
  if (FENCE.test(line) || BULLET.test(line) || NUMBER.test(line)) return true;
  return depth < MAX_QUOTE_DEPTH && QUOTE.test(line);
}

/** A wrapper or a link that may still be closed. */
interface Open {
  readonly kind: Wrapping | "bracket";
  readonly mark: string;
  readonly children: Inline[];
}

/**
 * Matches the marks of one run of text.
 *
 * Each kind can be open once, so the stack holds at most five entries and each mark is looked at a fixed number of
 * times.
 */
export function inline(source: string): readonly Inline[] {
  const root: Open = { kind: "bracket", mark: "", children: [] };
  const stack: Open[] = [root];
  for (const token of scan(source)) place(stack, token);
  while (stack.length > 1) unwind(stack);
  return root.children;
}

function place(stack: Open[], token: Token): void {
  const top = stack.at(-1) as Open;
  switch (token.kind) {
    case "text":
      return append(top.children, token.text);
    case "code":
    case "mention":
      top.children.push(token);
      return;
    case "link":
      // A link inside the text of another link would hide where a click leads.
      if (isOpen(stack, "bracket")) return append(top.children, token.text);
      top.children.push({ kind: "link", href: token.href, children: [token.text] });
      return;
    case "bracket":
      while (isOpen(stack, "bracket")) unwind(stack);
      stack.push({ kind: "bracket", mark: "[", children: [] });
      return;
    case "target":
      if (isOpen(stack, "bracket")) return closeLink(stack, token);
      return append(top.children, token.text);
    case "mark":
      return placeMark(stack, token);
  }
}

function placeMark(stack: Open[], token: Extract<Token, { kind: "mark" }>): void {
  const open = stack.find((entry, index) => index > 0 && entry.kind === token.wrapping);
  if (open === undefined && token.may_open) {
    stack.push({ kind: token.wrapping, mark: token.text, children: [] });
    return;
  }
  // A pair has to be of the same marks: `*a_` means nothing.
  if (open?.mark === token.text && token.may_close) return closeMark(stack, token.wrapping, token.text);
  append((stack.at(-1) as Open).children, token.text);
}

function isOpen(stack: readonly Open[], kind: Open["kind"]): boolean {
  return stack.some((open, index) => index > 0 && open.kind === kind);
}

function closeMark(stack: Open[], kind: Wrapping, mark: string): void {
  while (stack.at(-1)?.kind !== kind) unwind(stack);
  const open = stack.at(-1) as Open;
  if (open.children.length > 0) {
    stack.pop();
    (stack.at(-1) as Open).children.push({ kind, children: open.children });
    return;
  }
  unwind(stack);
  append((stack.at(-1) as Open).children, mark);
}

function closeLink(stack: Open[], token: Extract<Token, { kind: "target" }>): void {
  while (stack.at(-1)?.kind !== "bracket") unwind(stack);
  const open = stack.pop() as Open;
  const parent = stack.at(-1) as Open;
  if (open.children.length > 0) {
    parent.children.push({ kind: "link", href: token.href, children: open.children });
    return;
  }
  append(parent.children, open.mark + token.text);
}

/** Gives the innermost open mark back as text. */
function unwind(stack: Open[]): void {
  const open = stack.pop() as Open;
  const parent = stack.at(-1) as Open;
  append(parent.children, open.mark);
  for (const child of open.children) {
    if (typeof child === "string") append(parent.children, child);
    else parent.children.push(child);
  }
}

function append(children: Inline[], text: string): void {
  if (text === "") return;
  const last = children.at(-1);
  if (typeof last === "string") children[children.length - 1] = last + text;
  else children.push(text);
}

/** The words alone, on one line: for the conversation list and for names of controls. */
export function plain(
  source: string,
  nameOf: (user: string) => string | undefined = () => undefined,
): string {
  return parse(source)
    .map((block) => plainBlock(block, nameOf))
    .join(" ")
    .replaceAll(/\s+/g, " ")
    .trim();
}

type NameOf = (user: string) => string | undefined;

function plainBlock(block: Block, nameOf: NameOf): string {
  switch (block.kind) {
    case "paragraph":
      return plainInline(block.children, nameOf);
    case "fence":
      return block.text;
    case "quote":
      return block.children.map((child) => plainBlock(child, nameOf)).join(" ");
    case "list":
      return block.items
        .map(
          (item) =>
            (item.number === undefined ? "• " : `${item.number}. `) + plainInline(item.children, nameOf),
        )
        .join(" ");
  }
}

function plainInline(children: readonly Inline[], nameOf: NameOf): string {
  return children
    .map((child) => {
      if (typeof child === "string") return child;
      if (child.kind === "code") return child.text;
      if (child.kind === "mention") return `@${nameOf(child.user) ?? child.user}`;
      // What is hidden in the message stays hidden in the list.
      if (child.kind === "spoiler") return "▒▒▒";
      return plainInline(child.children, nameOf);
    })
    .join("");
}
