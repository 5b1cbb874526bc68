import { useId } from "react";

interface Props<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly onValue: (value: Value) => void;
}

/** A few options side by side, of which one holds. */
export function Choice<Value extends string>({ label, value, options, onValue }: Props<Value>) {
  const name = useId();
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="mb-1.5 font-medium text-sm">{label}</legend>
      <div className="flex flex-wrap gap-1 rounded-xl bg-sunken p-1">
        {options.map((option) => (
          <label
            key={option.value}
            className="grid min-h-9 grow cursor-pointer place-items-center rounded-lg px-3 text-muted has-checked:bg-raised has-checked:font-medium has-checked:text-text has-checked:shadow-bubble has-focus-visible:outline-2 has-focus-visible:outline-accent-text pointer-coarse:min-h-11"
          >
            <input
              type="radio"
              name={name}
              className="sr-only"
              checked={option.value === value}
              onChange={() => onValue(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
