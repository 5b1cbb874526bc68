import { useEffect, useRef } from "react";
import { t } from "#/i18n/text";
import { Dialog } from "#/ui/Dialog";
import { MORE_EMOJI, quickEmoji } from "./quickEmoji";

interface Props {
  readonly onPick: (emoji: string) => void;
  readonly onClose: () => void;
}

const N_COLUMNS = 8;
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -N_COLUMNS,
  ArrowDown: N_COLUMNS,
};

/** All emoji to react with; arrow keys move among them. */
export function EmojiPanel({ onPick, onClose }: Props) {
  const grid = useRef<HTMLDivElement>(null);
  const all = [...new Set([...quickEmoji(), ...MORE_EMOJI])];
  useEffect(() => grid.current?.querySelector("button")?.focus(), []);
  return (
    <Dialog label={t("reactions.pick")} closeLabel={t("app.close")} onClose={onClose}>
      <div
        ref={grid}
        role="group"
        aria-label={t("reactions.pick")}
        onKeyDown={(event) => {
          const step = STEPS[event.key];
          const buttons = [...(grid.current?.querySelectorAll("button") ?? [])];
          const next = buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + (step ?? 0)];
          if (step === undefined || !next) return;
          event.preventDefault();
          next.focus();
        }}
        className="grid grid-cols-8 gap-0.5"
      >
        {all.map((emoji, index) => (
          <button
            key={emoji}
            type="button"
            tabIndex={index === 0 ? 0 : -1}
            aria-label={emoji}
            onClick={() => onPick(emoji)}
            className="grid aspect-square place-items-center rounded-xl text-2xl hover:bg-hover focus-visible:bg-hover"
          >
            {emoji}
          </button>
        ))}
      </div>
    </Dialog>
  );
}
