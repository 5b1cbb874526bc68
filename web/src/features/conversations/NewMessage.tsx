import { useEffect, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConversationId, User, UserId } from "#/proto/wire";
import { Button } from "#/ui/Button";
import { Dialog } from "#/ui/Dialog";
import { SearchPicker } from "#/ui/SearchPicker";
import { toast } from "#/ui/Toast";

const ASK_AFTER_MS = 200;

interface Props {
  readonly onClose: () => void;
  readonly onOpen: (conversation: ConversationId) => void;
  readonly onInvite: () => void;
}

/** Finds a person and opens the direct conversation with them. */
export function NewMessage({ onClose, onOpen, onInvite }: Props) {
  const [query, setQuery] = useState("");
  const { createDirect } = useActions();
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  const { users, is_known } = usePeople(query);

  const pick = async (user: UserId) => {
    try {
      onOpen(await createDirect(user));
      onClose();
    } catch (error) {
      toast(refusalText(error));
    }
  };

  const items = users.map((user) => ({
    id: user.user,
    name: user.user === me ? t("list.self") : user.name,
    hint: `@${user.handle}`,
  }));
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
        {items.length === 0 && <Nobody query={query} isKnown={is_known} onInvite={onInvite} />}
      </SearchPicker>
    </Dialog>
  );
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

/** Asks the server once the typing rests; earlier answers stay until the next one is here. */
function usePeople(query: string): { readonly users: readonly User[]; readonly is_known: boolean } {
  const { findUsers } = useActions();
  const [found, setFound] = useState<{ readonly query: string; readonly users: readonly User[] }>();
  const wanted = query.trim();
  useEffect(() => {
    if (wanted === "") return setFound(undefined);
    let is_old = false;
    const timer = setTimeout(async () => {
      try {
        const users = await findUsers(wanted);
        if (!is_old) setFound({ query: wanted, users });
      } catch (error) {
        if (!is_old) toast(refusalText(error));
      }
    }, ASK_AFTER_MS);
    return () => {
      is_old = true;
      clearTimeout(timer);
    };
  }, [wanted, findUsers]);
  return { users: found?.users ?? [], is_known: found?.query === wanted };
}
