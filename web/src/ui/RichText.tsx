import { Fragment, memo, useState } from "react";
import { cx } from "#/lib/cx";
import { type Block, type Inline, parse } from "#/lib/markdown";

interface Props {
  readonly source: string;
  /** The name of a mentioned person; absent where the mention is not a real one, which then stays text. */
  readonly nameOf: (user: string) => string | undefined;
  readonly spoilerLabel: string;
  /** The mention to stand out: oneself. */
  readonly self?: string | undefined;
  /** Keeps room for this at the end of the last line, without being seen or copied. */
  readonly tail?: string | undefined;
}

/** The text of a message, drawn from its tree: no HTML passes here. */
export const RichText = memo(function RichText({ source, tail, ...within }: Props) {
  const blocks = parse(source);
  // Text from right to left ends on the side where nothing lies over it, and begins where something does.
  const ends_in_text = blocks.at(-1)?.kind === "paragraph" && !isRightToLeft(source);
  return (
    <>
      <Blocks blocks={blocks} {...within} tail={ends_in_text ? tail : undefined} />
      {!ends_in_text && <Tail text={tail} />}
    </>
  );
});

const FIRST_STRONG = /\p{L}/u;
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** By the first letter, as `dir="auto"` decides it. */
function isRightToLeft(text: string): boolean {
  return RIGHT_TO_LEFT.test(FIRST_STRONG.exec(text)?.[0] ?? "");
}

/** Room for what the caller lays over the end of the text. */
function Tail({ text }: { readonly text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <span
      aria-hidden="true"
      className="invisible inline-block h-4 select-none whitespace-nowrap ps-2 text-xs"
    >
      {text}
    </span>
  );
}

type Within = Omit<Props, "source" | "tail">;
type WithTail = Within & Pick<Props, "tail">;

/** The tree has no identities of its own and is drawn anew as a whole, so places serve as keys. */
function Blocks({ blocks, tail, ...within }: WithTail & { readonly blocks: readonly Block[] }) {
  return blocks.map((block, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: see above.
    <BlockView key={index} block={block} tail={index === blocks.length - 1 ? tail : undefined} {...within} />
  ));
}

function BlockView({ block, tail, ...within }: WithTail & { readonly block: Block }) {
  switch (block.kind) {
    case "paragraph":
      return (
        <p dir="auto" className="mt-1.5 whitespace-pre-wrap first:mt-0">
          <Inlines nodes={block.children} {...within} />
          <Tail text={tail} />
        </p>
      );
    case "fence":
      return (
        <pre className="mt-1.5 overflow-x-auto rounded-xl bg-code px-3 py-2 font-mono text-sm first:mt-0">
          <code>{block.text}</code>
        </pre>
      );
    case "quote":
      return (
        <blockquote className="mt-1.5 border-accent-text border-s-3 ps-2.5 first:mt-0">
          <Blocks blocks={block.children} {...within} />
        </blockquote>
      );
    case "list":
      return block.is_ordered ? (
        <ol dir="auto" className="mt-1.5 list-decimal ps-6 first:mt-0">
          {block.items.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: see `Blocks`.
            <li key={index} value={item.number}>
              <Inlines nodes={item.children} {...within} />
            </li>
          ))}
        </ol>
      ) : (
        <ul dir="auto" className="mt-1.5 list-disc ps-6 first:mt-0">
          {block.items.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: see `Blocks`.
            <li key={index}>
              <Inlines nodes={item.children} {...within} />
            </li>
          ))}
        </ul>
      );
  }
}

function Inlines({ nodes, ...within }: Within & { readonly nodes: readonly Inline[] }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: see `Blocks`.
  return nodes.map((child, index) => <InlineView key={index} child={child} {...within} />);
}

function InlineView({ child, ...within }: Within & { readonly child: Inline }) {
  if (typeof child === "string") return <Fragment>{child}</Fragment>;
  switch (child.kind) {
    case "code":
      return <code className="rounded-md bg-code px-1 py-0.5 font-mono text-[0.9em]">{child.text}</code>;
    case "mention":
      return <Mention user={child.user} {...within} />;
    case "link":
      return (
        <a
          href={child.href}
          target="_blank"
          rel="noopener noreferrer"
          title={child.href}
          className="break-words text-accent-text underline decoration-1 underline-offset-2 hover:decoration-2"
        >
          <Inlines nodes={child.children} {...within} />
        </a>
      );
    case "spoiler":
      return (
        <Spoiler label={within.spoilerLabel}>
          <Inlines nodes={child.children} {...within} />
        </Spoiler>
      );
    case "bold":
      return (
        <strong className="font-semibold">
          <Inlines nodes={child.children} {...within} />
        </strong>
      );
    case "italic":
      return (
        <em>
          <Inlines nodes={child.children} {...within} />
        </em>
      );
    case "strike":
      return (
        <s>
          <Inlines nodes={child.children} {...within} />
        </s>
      );
  }
}

function Mention({ user, nameOf, self }: Within & { readonly user: string }) {
  const name = nameOf(user);
  if (name === undefined) return <Fragment>{`<@${user}>`}</Fragment>;
  return (
    <bdi
      className={cx(
        "rounded-md px-1 font-medium text-accent-text",
        user === self ? "bg-selected ring-1 ring-accent-text" : "bg-selected",
      )}
    >
      @{name}
    </bdi>
  );
}

function Spoiler({ label, children }: { readonly label: string; readonly children: React.ReactNode }) {
  const [isShown, setShown] = useState(false);
  if (isShown) return <span className="rounded-md bg-code px-0.5">{children}</span>;
  return (
    <button
      type="button"
      aria-label={label}
      onClick={() => setShown(true)}
      className="rounded-md bg-muted px-0.5 align-baseline"
    >
      <span aria-hidden="true" className="invisible">
        {children}
      </span>
    </button>
  );
}
