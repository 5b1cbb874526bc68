import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { cx } from "#/lib/cx";

type Rest = Omit<
  ButtonHTMLAttributes<HTMLButtonElement>,
  "type" | "children" | "className" | "disabled" | "title"
>;

interface Props extends Rest {
  /** What it does: read aloud, and shown when the pointer rests. */
  readonly label: string;
  readonly icon: ReactNode;
  readonly look?: "quiet" | "primary";
  readonly size?: "normal" | "small";
  readonly type?: "button" | "submit";
  readonly isDisabled?: boolean;
  readonly isPressed?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function IconButton(props: Props) {
  const {
    label,
    icon,
    look = "quiet",
    size = "normal",
    type = "button",
    isDisabled,
    isPressed,
    ...rest
  } = props;
  return (
    <button
      {...rest}
      type={type}
      disabled={isDisabled}
      aria-label={label}
      aria-pressed={isPressed}
      title={label}
      className={cx(
        "inline-grid shrink-0 place-items-center rounded-full transition-colors pointer-coarse:size-11",
        size === "small" ? "size-8" : "size-10",
        look === "primary"
          ? "bg-accent text-on-accent hover:bg-accent-strong disabled:bg-sunken disabled:text-muted"
          : "text-muted hover:bg-hover hover:text-text aria-pressed:bg-selected aria-pressed:text-accent-text",
      )}
    >
      {icon}
    </button>
  );
}
