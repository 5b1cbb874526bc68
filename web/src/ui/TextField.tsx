import { type InputHTMLAttributes, type ReactNode, type Ref, useId, useState } from "react";
import { cx } from "#/lib/cx";

type Rest = Omit<InputHTMLAttributes<HTMLInputElement>, "id" | "className" | "value" | "onChange">;

interface Props extends Rest {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly hint?: string | undefined;
  /** What is wrong, in words; tied to the field for screen readers. */
  readonly error?: string | undefined;
  /** Shown at the end of the field. */
  readonly end?: ReactNode;
  readonly ref?: Ref<HTMLInputElement>;
}

export function TextField({ label, value, onValue, hint, error, end, ...rest }: Props) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="font-medium text-sm">
        {label}
      </label>
      <div
        className={cx(
          "flex items-center rounded-xl border bg-sunken transition-colors focus-within:bg-surface",
          error ? "border-danger-text" : "border-line focus-within:border-accent-text",
        )}
      >
        <input
          {...rest}
          id={id}
          value={value}
          aria-invalid={error !== undefined}
          aria-describedby={note ? `${id}-note` : undefined}
          onChange={(event) => onValue(event.target.value)}
          className="min-h-11 w-full min-w-0 grow rounded-xl bg-transparent px-3.5 text-base outline-none"
        />
        {end}
      </div>
      {note && (
        <p id={`${id}-note`} className={cx("text-sm", error ? "text-danger-text" : "text-muted")}>
          {note}
        </p>
      )}
    </div>
  );
}

type PasswordProps = Omit<Props, "type" | "end"> & { readonly showLabel: string; readonly hideLabel: string };

/** A password that can be looked at before it is sent. */
export function PasswordField({ showLabel, hideLabel, ...rest }: PasswordProps) {
  const [isShown, setShown] = useState(false);
  return (
    <TextField
      {...rest}
      type={isShown ? "text" : "password"}
      autoCapitalize="none"
      spellCheck={false}
      end={
        <button
          type="button"
          aria-pressed={isShown}
          aria-label={showLabel}
          onClick={() => setShown(!isShown)}
          className="me-1.5 min-h-8 shrink-0 rounded-lg px-2.5 font-medium text-accent-text text-sm hover:bg-hover"
        >
          {isShown ? hideLabel : showLabel}
        </button>
      }
    />
  );
}
