import { X } from "lucide-react";
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { IconButton } from "./IconButton";

interface Props {
  readonly label: string;
  readonly closeLabel: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Buttons that end it. */
  readonly actions?: ReactNode;
}

const FIELD = "input:not([hidden], [readonly], [type=radio]), textarea";

/** A modal window; on narrow screens it rises from the lower edge. The browser keeps focus inside and gives it back. */
export function Dialog({ label, closeLabel, onClose, children, actions }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Closed while it still is in the page, or the browser would not give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) {
      element.showModal();
      // Browsers choose the first button, which closes; whoever opened it means to type.
      element.querySelector<HTMLElement>(FIELD)?.focus();
    }
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself; the click is on its backdrop.
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
      className="m-auto max-h-[min(40rem,calc(100dvh-3rem))] w-[min(26rem,calc(100vw-2rem))] flex-col overflow-hidden rounded-2xl bg-raised text-text shadow-raised backdrop:bg-scrim open:flex motion-safe:open:animate-rise max-sm:mb-0 max-sm:w-full max-sm:max-w-full max-sm:rounded-b-none"
    >
      <header className="flex items-center justify-between gap-2 ps-5 pe-3 pt-3">
        <h2 id={id} className="min-w-0 truncate font-semibold text-lg">
          {label}
        </h2>
        <IconButton label={closeLabel} icon={<X size={20} />} onClick={onClose} />
      </header>
      <div className="min-h-0 grow overflow-y-auto px-5 pt-2 pb-5">{children}</div>
      {actions && (
        <footer className="flex flex-wrap justify-end gap-2 border-line border-t px-5 pt-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
          {actions}
        </footer>
      )}
    </dialog>
  );
}
