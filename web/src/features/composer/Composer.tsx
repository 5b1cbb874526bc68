import { SendHorizontal } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { cx } from "#/lib/cx";
import { draftOf, setDraft, useDraft } from "#/live/drafts";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConversationView } from "#/sync/client";
import { IconButton } from "#/ui/IconButton";
import { toast } from "#/ui/Toast";
import { useIsTouch } from "#/ui/useMedia";
import { measure } from "./measure";
import { silence } from "./silence";

interface Props {
  readonly view: ConversationView;
}

/** Where a message is written; words in its place where nothing may be posted. */
export function Composer({ view }: Props) {
  const words = silence(view);
  return (
    <div className="mx-auto w-full max-w-[47.5rem] px-3 pt-2 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
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
  const text = useDraft(id);
  const { send } = useActions();
  const limits = useSnapshot((snapshot) => snapshot.limits);
  const field = useRef<HTMLTextAreaElement>(null);
  const is_touch = useIsTouch();
  const size = measure(text, limits);
  const may_send = text.trim() !== "" && size.n_over === 0;
  useGrowth(field, text);

  // A person who opens a conversation with a keyboard at hand means to write; on touch the keyboard would cover the text.
  useEffect(() => {
    if (!is_touch) field.current?.focus({ preventScroll: true });
  }, [is_touch]);

  const submit = async () => {
    const draft = draftOf(id);
    if (draft.trim() === "" || measure(draft, limits).n_over > 0) return;
    setDraft(id, "");
    field.current?.focus();
    try {
      await send(id, draft.trim());
    } catch (error) {
      // Not even kept on this device: the words go back where they were written.
      if (draftOf(id) === "") setDraft(id, draft);
      toast(refusalText(error));
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // 229 is what some browsers tell of the Enter that ends a composition.
    const is_composing = event.nativeEvent.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || is_composing || is_touch) return;
    event.preventDefault();
    void submit();
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      className="flex items-end gap-1 rounded-3xl bg-surface py-1 ps-4 pe-1 shadow-bubble ring-1 ring-line focus-within:ring-accent-text"
    >
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        value={text}
        aria-label={t("composer.label", { name: view.title })}
        aria-describedby={size.is_near ? "composer-left" : undefined}
        placeholder={t("composer.placeholder")}
        enterKeyHint={is_touch ? "enter" : "send"}
        onChange={(event) => setDraft(id, event.target.value)}
        onKeyDown={onKeyDown}
        className="max-h-[min(15rem,40dvh)] min-w-0 grow resize-none bg-transparent py-2 text-base leading-6 outline-none"
      />
      {size.is_near && <Left n_left={size.n_left} nOver={size.n_over} />}
      <IconButton
        type="submit"
        look="primary"
        label={t("composer.send")}
        isDisabled={!may_send}
        icon={<SendHorizontal size={19} className="rtl:-scale-x-100" />}
      />
    </form>
  );
}

function Left({ n_left, nOver }: { readonly n_left: number; readonly nOver: number }) {
  return (
    <span
      id="composer-left"
      role="status"
      className={cx(
        "shrink-0 self-center px-1 text-xs tabular-nums",
        nOver > 0 ? "text-danger-text" : "text-muted",
      )}
    >
      {nOver > 0 ? t("composer.over", { n: nOver }) : t("composer.left", { n: n_left })}
    </span>
  );
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
