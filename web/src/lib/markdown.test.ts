import fc from "fast-check";
import { expect, test } from "vitest";
import { type Block, type Inline, inline, parse, plain } from "./markdown";
import { safeHref } from "./markdownScan";

const bold = (...children: Inline[]): Inline => ({ kind: "bold", children });
const italic = (...children: Inline[]): Inline => ({ kind: "italic", children });
const link = (href: string, ...children: Inline[]): Inline => ({ kind: "link", href, children });

test.each<[string, readonly Inline[]]>([
  ["plain words", ["plain words"]],
  ["**bold** and *italic*", [bold("bold"), " and ", italic("italic")]],
  ["__bold__ and _italic_", [bold("bold"), " and ", italic("italic")]],
  ["***both***", [bold(italic("both"))]],
  ["**bold *both* bold**", [bold("bold ", italic("both"), " bold")]],
  ["~~gone~~", [{ kind: "strike", children: ["gone"] }]],
  ["||secret||", [{ kind: "spoiler", children: ["secret"] }]],
  ["`a *b* c`", [{ kind: "code", text: "a *b* c" }]],
  ["`` a ` b ``", [{ kind: "code", text: "a ` b" }]],
  ["这是**粗体**字", ["这是", bold("粗体"), "字"]],
  ["2*3*4 = 24", ["2*3*4 = 24"]],
  ["snake_case_name", ["snake_case_name"]],
  ["¯\\_(ツ)_/¯", ["¯\\_(ツ)_/¯"]],
  ["\\*not italic\\*", ["*not italic*"]],
  ["**open", ["**open"]],
  ["*a_ b*", [italic("a_ b")]],
  ["`open", ["`open"]],
  ["<@u_7Qx>, hello", [{ kind: "mention", user: "u_7Qx" }, ", hello"]],
  ["<b>no HTML</b>", ["<b>no HTML</b>"]],
])("%s", (source, expected) => {
  expect(inline(source)).toEqual(expected);
});

test.each<[string, readonly Inline[]]>([
  ["see https://example.org/a.", ["see ", link("https://example.org/a", "https://example.org/a"), "."]],
  ["(https://example.org/a_(b))", ["(", link("https://example.org/a_(b)", "https://example.org/a_(b)"), ")"]],
  ["**https://example.org/**", [bold(link("https://example.org/", "https://example.org/"))]],
  ["[text](https://example.org/)", [link("https://example.org/", "text")]],
  ["[**b**](mailto:a@example.org)", [link("mailto:a@example.org", bold("b"))]],
  ["[x](javascript:alert(1))", ["[x](javascript:alert(1))"]],
  ["[x](data:text/html,x)", ["[x](data:text/html,x)"]],
  ["javascript:alert(1)", ["javascript:alert(1)"]],
  ["[https://a.example](https://b.example/)", [link("https://b.example/", "https://a.example")]],
  ["[](https://b.example/)", ["[](https://b.example/)"]],
  ["xhttps://example.org", ["xhttps://example.org"]],
])("the link in %s", (source, expected) => {
  expect(inline(source)).toEqual(expected);
});

test("only the web and mail may be followed", () => {
  expect(safeHref("https://example.org")).toBe("https://example.org/");
  for (const address of [
    "javascript:0",
    "data:,x",
    "file:///etc/passwd",
    "//example.org",
    "https://",
    "vbscript:x",
  ])
    expect(safeHref(address), address).toBeUndefined();
});

test("blocks are told apart", () => {
  const source = [
    "intro",
    "> said",
    "> *so*",
    "",
    "- one",
    "- two",
    "3. three",
    "```rs",
    "let x = `1`;",
    "```",
    "end",
  ];
  expect(parse(source.join("\n"))).toEqual<readonly Block[]>([
    { kind: "paragraph", children: ["intro"] },
    { kind: "quote", children: [{ kind: "paragraph", children: ["said\n", italic("so")] }] },
    { kind: "list", is_ordered: false, items: [{ children: ["one"] }, { children: ["two"] }] },
    { kind: "list", is_ordered: true, items: [{ number: 3, children: ["three"] }] },
    { kind: "fence", language: "rs", text: "let x = `1`;" },
    { kind: "paragraph", children: ["end"] },
  ]);
});

test("a fence that is never closed reaches to the end", () => {
  expect(parse("```\na\nb")).toEqual([{ kind: "fence", language: "", text: "a\nb" }]);
});

test("lines that end as on Windows are lines like others", () => {
  const source = "> said\n\n```rs\nlet x = 1;\nx\n```\n- one\n- two\nend";
  expect(parse(source.replaceAll("\n", "\r\n"))).toEqual(parse(source));
});

test("a line for the list has the words alone and keeps secrets", () => {
  expect(plain("**Hi** <@u_1>\n\n> see [this](https://example.org)\n- x ||y||", () => "Ada")).toBe(
    "Hi @Ada see this • x ▒▒▒",
  );
});

/** What a reader can see or follow, in the order of the source. */
function letters(blocks: readonly Block[]): string {
  const ofInline = (child: Inline): string => {
    if (typeof child === "string") return child;
    if (child.kind === "code") return child.text;
    if (child.kind === "mention") return child.user;
    const inside = child.children.map(ofInline).join("");
    return child.kind === "link" && safeHref(inside) !== child.href ? inside + child.href : inside;
  };
  return blocks
    .map((block) => {
      if (block.kind === "paragraph") return block.children.map(ofInline).join("");
      if (block.kind === "fence") return block.language + block.text;
      if (block.kind === "quote") return letters(block.children);
      return block.items.map((item) => (item.number ?? "") + item.children.map(ofInline).join("")).join("");
    })
    .join("");
}

const PIECES = [
  ..."*_~|`[]()<>\\!#-+. \n\t:/",
  ..."abхц中😀",
  "**",
  "***",
  "~~",
  "||",
  "```",
  "\n```\n",
  "\n> ",
  "\n- ",
  "\n1. ",
  "https://a.b/c",
  // Another address than above: a link whose text is where it leads could not be told from a bare address.
  "](https://d.e/f)",
  "mailto:",
  "<@u_a>",
];
const markup = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join(""));

test("no letter is lost, whatever the markup", () => {
  const only = (text: string) => text.replaceAll(/[^\p{L}\p{N}😀]/gu, "");
  fc.assert(
    fc.property(markup, (source) => {
      expect(only(letters(parse(source)))).toBe(only(source));
    }),
    { numRuns: 1_000 },
  );
});

test("text without marks stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (source) => {
      const line = source.replaceAll(/[\\`*_~|<>[\]\n\r\d:#+-]/g, "").trim();
      expect(letters(parse(line))).toBe(line);
    }),
  );
});

test("any text at all is read without a fault and with bounded depth", () => {
  const depth = (blocks: readonly Block[]): number =>
    Math.max(0, ...blocks.map((block) => 1 + (block.kind === "quote" ? depth(block.children) : 0)));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), markup), (source) => {
      expect(depth(parse(source))).toBeLessThanOrEqual(4);
      plain(source);
    }),
  );
});

test.each(
  [
    "*",
    "_",
    "**a ",
    "*a _b ",
    "`",
    "` `` ",
    "[",
    "](",
    "[a](https://a",
    "> ",
    "- ",
    "||",
    "http://a**",
    "~~a",
    "h",
    "<@u_",
    "https://(",
    "\n```",
    "***a",
  ].map((piece) => [piece]),
)("a wall of %j is read in no time", (piece) => {
  const source = piece.repeat(Math.ceil(64_000 / piece.length));
  const begin = performance.now();
  parse(source);
  expect(performance.now() - begin).toBeLessThan(1_000);
});
