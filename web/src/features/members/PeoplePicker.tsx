import { X } from "lucide-react";
import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { usePeople } from "#/live/usePeople";
import type { User, UserId } from "#/proto/wire";
import { Avatar } from "#/ui/Avatar";
import { SearchPicker } from "#/ui/SearchPicker";
import { toast } from "#/ui/Toast";

interface Props {
  readonly chosen: readonly User[];
  readonly onChosen: (chosen: readonly User[]) => void;
  /** Who is not offered: members already, or oneself. */
  readonly without: (user: UserId) => boolean;
}

const report = (error: unknown) => toast(refusalText(error));

/** Chooses any number of people; those who are chosen stand above the field and can be taken out again. */
export function PeoplePicker({ chosen, onChosen, without }: Props) {
  const [query, setQuery] = useState("");
  const { users, is_known } = usePeople(query, report);
  const offered = users.filter(({ user }) => !without(user) && !chosen.some((other) => other.user === user));
  const pick = (id: string) => {
    const user = offered.find((other) => other.user === id);
    if (user) onChosen([...chosen, user]);
    setQuery("");
  };
  return (
    <div className="flex flex-col gap-3">
      {chosen.length > 0 && (
        <ul aria-label={t("people.chosen")} className="flex flex-wrap gap-1.5">
          {chosen.map((user) => (
            <li
              key={user.user}
              className="flex max-w-full items-center gap-1.5 rounded-full bg-selected ps-1 pe-0.5"
            >
              <Avatar id={user.user} name={user.name} size="tiny" />
              <bdi className="min-w-0 truncate text-sm">{user.name}</bdi>
              <button
                type="button"
                aria-label={t("people.takeOut", { name: user.name })}
                onClick={() => onChosen(chosen.filter((other) => other.user !== user.user))}
                className="grid size-8 shrink-0 place-items-center rounded-full text-muted hover:text-text"
              >
                <X aria-hidden="true" size={15} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <SearchPicker
        label={t("new.find")}
        resultsLabel={t("new.results")}
        query={query}
        onQuery={setQuery}
        items={offered.map(({ user, name, handle }) => ({ id: user, name, hint: `@${handle}` }))}
        onPick={({ id }) => pick(id)}
        status={is_known && query !== "" ? t("new.found", { n: offered.length }) : ""}
      >
        {is_known && query !== "" && offered.length === 0 && (
          <p className="py-3 text-center text-muted">{t("new.none", { query })}</p>
        )}
      </SearchPicker>
    </div>
  );
}
