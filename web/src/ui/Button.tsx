import type { ButtonHTMLAttributes, ReactNode } from "react";
import { cx } from "#/lib/cx";
import { Spinner } from "./Spinner";

type Look = "primary" | "plain" | "quiet" | "danger" | "dangerQuiet";

const LOOKS: Readonly<Record<Look, string>> = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong active:bg-accent-strong",
  plain: "bg-sunken text-text hover:bg-selected",
  quiet: "text-accent-text hover:bg-hover",
  danger: "bg-danger text-on-accent hover:brightness-95",
  dangerQuiet: "text-danger-text hover:bg-danger-soft",
};

type Rest = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type" | "children" | "className" | "disabled">;

interface Props extends Rest {
  /** What it does, in words: shown, and read aloud. */
  readonly label: string;
  readonly look?: Look;
  readonly size?: "normal" | "small";
  readonly icon?: ReactNode;
  readonly type?: "button" | "submit";
  readonly isBusy?: boolean;
  readonly isDisabled?: boolean;
  readonly isWide?: boolean;
}

export function Button(props: Props) {
  const {
    label,
    look = "plain",
    size = "normal",
    icon,
    type = "button",
    isBusy,
    isDisabled,
    isWide,
    ...rest
  } = props;
  return (
    <button
      {...rest}
      type={type}
      disabled={isDisabled}
      aria-busy={isBusy || undefined}
      className={cx(
        "relative inline-flex select-none items-center justify-center gap-2 rounded-xl font-medium transition-colors",
        "disabled:opacity-55",
        size === "small"
          ? "min-h-8 px-3 text-sm pointer-coarse:min-h-11"
          : "min-h-10 px-4 pointer-coarse:min-h-11",
        isWide && "w-full",
        LOOKS[look],
      )}
    >
      <span className={cx("inline-flex items-center gap-2", isBusy && "invisible")}>
        {icon}
        {label}
      </span>
      {isBusy && (
        <span className="absolute inset-0 grid place-items-center">
          <Spinner />
        </span>
      )}
    </button>
  );
}
