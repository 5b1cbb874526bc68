import { Search } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { cx } from "#/lib/cx";
import { Avatar } from "./Avatar";

export interface PickerItem {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
}

interface Props {
  readonly label: string;
  readonly resultsLabel: string;
  readonly query: string;
  readonly onQuery: (query: string) => void;
  readonly items: readonly PickerItem[];
  readonly onPick: (item: PickerItem) => void;
  /** Told to screen readers when results change. */
  readonly status: string;
  /** In place of results. */
  readonly children?: ReactNode;
}

/** A field that finds, and what it found: arrow keys choose, Enter picks. */
export function SearchPicker(props: Props) {
  const { label, resultsLabel, query, onQuery, items, onPick, status, children } = props;
  const id = useId();
  const [chosen, setChosen] = useState(0);
  const index = Math.min(chosen, items.length - 1);
  const option = (at: number) => `${id}-${at}`;

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && items.length > 0) {
      event.preventDefault();
      const next = (index + step + items.length) % items.length;
      setChosen(next);
      document.getElementById(option(next))?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing && items[index]) {
      event.preventDefault();
      onPick(items[index]);
    }
  };

  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-center gap-2 rounded-xl border border-line bg-sunken px-3.5 focus-within:border-accent-text focus-within:bg-surface">
        <Search aria-hidden="true" size={18} className="shrink-0 text-muted" />
        <input
          type="text"
          role="combobox"
          aria-label={label}
          placeholder={label}
          aria-expanded={items.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={items.length > 0 ? option(index) : undefined}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={query}
          onKeyDown={onKeyDown}
          onChange={(event) => {
            setChosen(0);
            onQuery(event.target.value);
          }}
          className="min-h-11 w-full min-w-0 bg-transparent text-base outline-none"
        />
      </div>
      <p role="status" className="sr-only">
        {status}
      </p>
      <div id={`${id}-list`} role="listbox" aria-label={resultsLabel} className="-mx-2 flex flex-col">
        {items.map((item, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys.
          <div
            key={item.id}
            id={option(at)}
            role="option"
            tabIndex={-1}
            aria-selected={at === index}
            onClick={() => onPick(item)}
            onPointerMove={() => setChosen(at)}
            className={cx(
              "flex min-h-14 items-center gap-3 rounded-xl px-2 py-1.5",
              at === index && "bg-hover",
            )}
          >
            <Avatar id={item.id} name={item.name} size="medium" />
            <span className="flex min-w-0 flex-col">
              <bdi className="max-w-full self-start truncate font-medium">{item.name}</bdi>
              <span className="truncate text-muted text-sm">{item.hint}</span>
            </span>
          </div>
        ))}
      </div>
      {children}
    </div>
  );
}
