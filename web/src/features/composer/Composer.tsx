import { Check, SendHorizontal } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { t } from "#/i18n/text";
import { cx } from "#/lib/cx";
import { openMention } from "#/lib/mentions";
import { compose } from "#/live/composing";
import { useActions, useClient, useSnapshot } from "#/live/useClient";
import type { Limits, User } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { IconButton } from "#/ui/IconButton";
import { useIsTouch } from "#/ui/useMedia";
import { ComposerBanner } from "./ComposerBanner";
import { lastOwn } from "./lastOwn";
import { MentionList } from "./MentionList";
import { measure, type Size } from "./measure";
import { silence } from "./silence";
import { type Means, useDraftText, useSubmit } from "./useSubmit";

interface Props {
  readonly view: ConversationView;
}

/** Where a message is written; words in its place where nothing may be posted. */
export function Composer({ view }: Props) {
  const words = silence(view);
  return (
    <div className="mx-auto w-full max-w-[47.5rem] px-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
      {words === undefined ? (
        <Field key={view.conversation} view={view} />
      ) : (
        <p className="rounded-2xl bg-surface px-4 py-3 text-center text-muted shadow-bubble">{words}</p>
      )}
    </div>
  );
}

function Field({ view }: Props) {
  const id = view.conversation;
  const { text, setText, composing } = useDraftText(id);
  const { typing } = useActions();
  const limits = useSnapshot((snapshot) => snapshot.limits);
  const field = useRef<HTMLTextAreaElement>(null);
  const size = measure(text, limits);
  const submit = useSubmit(view, field);
  const mention = useMention(view, field, text, setText);
  const onKeyDown = useKeys({ view, text, submit, mention });
  useGrowth(field, text);
  useFocus(field, composing?.kind, composing?.seq);

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      className="relative rounded-3xl bg-surface shadow-bubble ring-1 ring-line focus-within:ring-accent-text"
    >
      {mention.query !== undefined && (
        <MentionList
          view={view}
          query={mention.query}
          listRef={mention.list}
          onPick={mention.pick}
          onClose={mention.close}
        />
      )}
      {composing && <ComposerBanner id={id} composing={composing} />}
      <div className="flex items-end gap-1 py-1 ps-4 pe-1">
        <textarea
          ref={field}
          id="composer"
          rows={1}
          dir="auto"
          value={text}
          aria-label={t("composer.label", { name: view.title })}
          aria-describedby={size.is_near ? "composer-left" : undefined}
          aria-controls={mention.query === undefined ? undefined : "mentions"}
          placeholder={t("composer.placeholder")}
          onChange={(event) => {
            setText(event.target.value);
            typing(id);
          }}
          onSelect={mention.look}
          onKeyDown={onKeyDown}
          className="max-h-[min(15rem,40dvh)] min-w-0 grow resize-none bg-transparent py-2 text-base leading-6 outline-none"
        />
        {size.is_near && <Left size={size} />}
        <SubmitButton isEdit={composing?.kind === "edit"} isDisabled={!maySend(text, limits)} />
      </div>
    </form>
  );
}

function maySend(text: string, limits: Limits): boolean {
  return text.trim() !== "" && measure(text, limits).n_over === 0;
}

function SubmitButton({ isEdit, isDisabled }: { readonly isEdit: boolean; readonly isDisabled: boolean }) {
  return (
    <IconButton
      type="submit"
      look="primary"
      label={isEdit ? t("composer.save") : t("composer.send")}
      isDisabled={isDisabled}
      icon={isEdit ? <Check size={20} /> : <SendHorizontal size={19} className="rtl:-scale-x-100" />}
    />
  );
}

function Left({ size }: { readonly size: Size }) {
  return (
    <span
      id="composer-left"
      role="status"
      className={cx(
        "shrink-0 self-center px-1 text-xs tabular-nums",
        size.n_over > 0 ? "text-danger-text" : "text-muted",
      )}
    >
      {size.n_over > 0 ? t("composer.over", { n: size.n_over }) : t("composer.left", { n: size.n_left })}
    </span>
  );
}

interface Mention {
  /** What stands behind an `@` at the caret, where somebody can be named. */
  readonly query: string | undefined;
  /** The open list takes keys first; it says whether it used one. */
  readonly list: RefObject<((key: string) => boolean) | null>;
  readonly look: () => void;
  readonly pick: (handle: User["handle"]) => void;
  readonly close: () => void;
}

function useMention(
  view: ConversationView,
  field: RefObject<HTMLTextAreaElement | null>,
  text: string,
  setText: (text: string) => void,
): Mention {
  const [open, setOpen] = useState<ReturnType<typeof openMention>>();
  const list = useRef<((key: string) => boolean) | null>(null);
  const caret = useRef<number>(undefined);

  // The caret follows what was put in only once the field holds it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the text has changed.
  useLayoutEffect(() => {
    if (caret.current === undefined) return;
    field.current?.setSelectionRange(caret.current, caret.current);
    caret.current = undefined;
  }, [text]);

  return {
    query: view.kind === "group" ? open?.query : undefined,
    list,
    look() {
      const element = field.current;
      if (element) setOpen(openMention(element.value, element.selectionStart));
    },
    pick(handle) {
      if (!open) return;
      const before = `${text.slice(0, open.at)}@${handle} `;
      const after = text.slice(open.at + 1 + open.query.length);
      caret.current = before.length;
      setText(before + after.replace(/^ /, ""));
      setOpen(undefined);
      field.current?.focus();
    },
    close: () => setOpen(undefined),
  };
}

interface KeyMeans {
  readonly view: ConversationView;
  readonly text: string;
  readonly submit: () => Promise<void>;
  readonly mention: Mention;
}

/** Enter sends, Up in an empty field edits one's last message, Escape gives up what was begun. */
function useKeys({ view, text, submit, mention }: KeyMeans): (event: KeyboardEvent) => void {
  const client = useClient();
  const is_touch = useIsTouch();
  const id = view.conversation;
  return (event) => {
    // 229 is what some browsers tell of the Enter that ends a composition.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (mention.query !== undefined && mention.list.current?.(event.key)) return event.preventDefault();
    if (event.key === "Escape") {
      event.preventDefault();
      return compose(id, undefined);
    }
    if (event.key === "ArrowUp" && text === "" && !event.ctrlKey && !event.metaKey) {
      const edit = lastOwn(client.snapshot(), id);
      if (!edit) return;
      event.preventDefault();
      return compose(id, edit);
    }
    if (event.key !== "Enter" || event.shiftKey || is_touch) return;
    event.preventDefault();
    void submit();
  };
}

/** A person with a keyboard at hand means to write; on touch the keyboard would cover the text until they say so. */
function useFocus(field: Means["field"], kind: string | undefined, seq: number | undefined): void {
  const is_touch = useIsTouch();
  // biome-ignore lint/correctness/useExhaustiveDependencies: each thing that is begun takes the focus.
  useEffect(() => {
    if (is_touch && kind === undefined) return;
    const element = field.current;
    element?.focus({ preventScroll: true });
    element?.setSelectionRange(element.value.length, element.value.length);
  }, [field, is_touch, kind, seq]);
}

/** Makes the field as high as its text; its style sets the limit, beyond which it scrolls. */
function useGrowth(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text.
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
    element.style.overflowY = element.scrollHeight > element.clientHeight + 1 ? "auto" : "hidden";
  }, [text]);
}
