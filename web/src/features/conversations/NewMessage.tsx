import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { matches } from "#/lib/match";
import { useActions, useSnapshot } from "#/live/useClient";
import { usePeople } from "#/live/usePeople";
import type { ConversationId, User, UserId } from "#/proto/wire";
import { Button } from "#/ui/Button";
import { Dialog } from "#/ui/Dialog";
import { type PickerItem, SearchPicker } from "#/ui/SearchPicker";
import { toast } from "#/ui/Toast";

const report = (error: unknown) => toast(refusalText(error));

interface Props {
  readonly onClose: () => void;
  readonly onOpen: (conversation: ConversationId) => void;
  readonly onInvite: () => void;
}

/** Finds a person and opens the direct conversation with them. */
export function NewMessage({ onClose, onOpen, onInvite }: Props) {
  const [query, setQuery] = useState("");
  const { createDirect } = useActions();
  const me = useSnapshot((snapshot) => snapshot.me);
  const { users, is_known } = usePeople(query, report);

  const pick = async (user: UserId) => {
    try {
      onOpen(await createDirect(user));
      onClose();
    } catch (error) {
      toast(refusalText(error));
    }
  };

  const items = itemsFor(query, me, users);
  return (
    <Dialog label={t("new.title")} closeLabel={t("app.close")} onClose={onClose}>
      <SearchPicker
        label={t("new.find")}
        resultsLabel={t("new.results")}
        query={query}
        onQuery={setQuery}
        items={items}
        onPick={(item) => void pick(item.id as UserId)}
        status={is_known && query !== "" ? t("new.found", { n: items.length }) : ""}
      >
        {(items.length === 0 || query.trim() === "") && (
          <Nobody query={query} isKnown={is_known} onInvite={onInvite} />
        )}
      </SearchPicker>
    </Dialog>
  );
}

/** Oneself comes first: notes need nobody else, and not everyone knows that one can write to oneself. */
function itemsFor(query: string, me: User | undefined, users: readonly User[]): readonly PickerItem[] {
  const others = users.filter(({ user }) => user !== me?.user).map(toItem);
  if (!me || !matches(query, `${t("list.self")} ${me.name}`, me.handle)) return others;
  return [{ ...toItem(me), name: t("list.self") }, ...others];
}

function toItem({ user, name, handle }: User): PickerItem {
  return { id: user, name, hint: `@${handle}` };
}

function Nobody(props: { readonly query: string; readonly isKnown: boolean; readonly onInvite: () => void }) {
  if (props.query.trim() === "") return <p className="py-6 text-center text-muted">{t("new.hint")}</p>;
  if (!props.isKnown) return <p className="py-6 text-center text-muted">{t("app.loading")}</p>;
  return (
    <div className="flex flex-col items-center gap-3 py-4 text-center">
      <p>
        <span className="font-medium">{t("new.none", { query: props.query })}</span>
        <br />
        <span className="text-muted">{t("new.noneHint")}</span>
      </p>
      <Button label={t("list.invite")} onClick={props.onInvite} />
    </div>
  );
}
