import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { cx } from "#/lib/cx";
import { IconButton } from "./IconButton";

export interface MenuItem {
  readonly label: string;
  readonly icon?: ReactNode;
  readonly isDanger?: boolean;
  readonly onSelect: () => void;
}

/** Where a menu opens, in page coordinates: a pointer position, or the box of the button. */
export interface Anchor {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

interface Props {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly anchor: Anchor;
  readonly onClose: () => void;
  /** Shown above the items. */
  readonly header?: ReactNode;
}

const MARGIN_PX = 8;

/** A list of actions beside its anchor. Arrow keys move, letters jump, Escape and Tab leave. */
export function Menu({ label, items, anchor, onClose, header }: Props) {
  const menu = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: "", at_ms: 0 });

  useLayoutEffect(() => {
    const element = menu.current;
    if (!element) return;
    const before = document.activeElement;
    // The top layer lies above dialogs and outside of every clipped box.
    element.showPopover?.();
    place(element, anchor);
    buttons(element)[0]?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [anchor]);

  useEffect(() => {
    const leave = (event: Event) => {
      if (!menu.current?.contains(event.target as Node)) onClose();
    };
    document.addEventListener("pointerdown", leave, true);
    window.addEventListener("resize", onClose);
    return () => {
      document.removeEventListener("pointerdown", leave, true);
      window.removeEventListener("resize", onClose);
    };
  }, [onClose]);

  const onKeyDown = (event: KeyboardEvent) => {
    const all = buttons(menu.current);
    const index = all.indexOf(document.activeElement as HTMLButtonElement);
    const next = target(event, all, index, typed.current);
    if (event.key === "Escape" || event.key === "Tab") {
      event.stopPropagation();
      event.preventDefault();
      onClose();
    } else if (next !== undefined) {
      event.preventDefault();
      all[next]?.focus();
    }
  };

  return (
    <div
      ref={menu}
      popover="manual"
      role="menu"
      aria-label={label}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      className="fixed m-0 max-h-[calc(100dvh-1rem)] min-w-48 max-w-[calc(100vw-1rem)] overflow-y-auto rounded-2xl bg-raised p-1.5 text-text shadow-raised outline-none ring-1 ring-line motion-safe:animate-fade"
    >
      {header}
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          onClick={() => {
            onClose();
            item.onSelect();
          }}
          className={cx(
            "flex min-h-9 w-full items-center gap-3 rounded-xl px-3 text-start outline-none pointer-coarse:min-h-11",
            "hover:bg-hover focus-visible:bg-hover",
            item.isDanger && "text-danger-text",
          )}
        >
          <span className={cx("shrink-0", !item.isDanger && "text-muted")}>{item.icon}</span>
          <span className="min-w-0 grow">{item.label}</span>
        </button>
      ))}
    </div>
  );
}

function buttons(element: HTMLElement | null): HTMLButtonElement[] {
  return [...(element?.querySelectorAll<HTMLButtonElement>("[role=menuitem]") ?? [])];
}

/** Which item a key leads to. */
function target(
  event: KeyboardEvent,
  all: readonly HTMLElement[],
  index: number,
  typed: { text: string; at_ms: number },
): number | undefined {
  if (event.key === "ArrowDown") return (index + 1) % all.length;
  if (event.key === "ArrowUp") return (index - 1 + all.length) % all.length;
  if (event.key === "Home") return 0;
  if (event.key === "End") return all.length - 1;
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey) return undefined;
  const is_new = event.timeStamp - typed.at_ms > 700;
  typed.text = (is_new ? "" : typed.text) + event.key.toLocaleLowerCase();
  typed.at_ms = event.timeStamp;
  const found = all.findIndex((item) => item.textContent?.trim().toLocaleLowerCase().startsWith(typed.text));
  return found === -1 ? undefined : found;
}

function place(element: HTMLElement, anchor: Anchor): void {
  const box = element.getBoundingClientRect();
  const is_rtl = getComputedStyle(element).direction === "rtl";
  const below = anchor.bottom + 4;
  const fits_below = below + box.height + MARGIN_PX <= window.innerHeight;
  const top = fits_below ? below : Math.max(MARGIN_PX, anchor.top - box.height - 4);
  // A menu hangs from the inner edge of its anchor, so that it stays over what it belongs to.
  const is_late = (anchor.left + anchor.right) / 2 > window.innerWidth / 2;
  const wanted = is_late !== is_rtl ? anchor.right - box.width : anchor.left;
  const left = Math.min(Math.max(MARGIN_PX, wanted), window.innerWidth - box.width - MARGIN_PX);
  element.style.insetBlockStart = `${top}px`;
  element.style.left = `${left}px`;
  element.style.right = "auto";
}

interface ButtonProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly items: readonly MenuItem[];
  readonly size?: "normal" | "small";
  readonly header?: ReactNode;
}

/** A button that opens a menu. */
export function MenuButton({ label, icon, items, size = "normal", header }: ButtonProps) {
  const [anchor, setAnchor] = useState<Anchor>();
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <IconButton
        ref={button}
        label={label}
        icon={icon}
        size={size}
        aria-haspopup="menu"
        aria-expanded={anchor !== undefined}
        onClick={() => setAnchor(anchor ? undefined : button.current?.getBoundingClientRect())}
      />
      {anchor && (
        <Menu
          label={label}
          items={items}
          anchor={anchor}
          header={header}
          onClose={() => setAnchor(undefined)}
        />
      )}
    </>
  );
}
