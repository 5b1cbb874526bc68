import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions } from "#/live/useClient";
import type { Member, User } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { Button } from "#/ui/Button";
import { Dialog } from "#/ui/Dialog";
import { toast } from "#/ui/Toast";
import { InviteLink } from "./InviteLink";
import { PeoplePicker } from "./PeoplePicker";

interface Props {
  readonly view: ConversationView;
  readonly present: readonly Member[];
  readonly onClose: () => void;
  readonly onAdded: () => void;
}

/** Adds people who are on this server, or makes a link for those who are not. */
export function AddMembers({ view, present, onClose, onAdded }: Props) {
  const { addMembers } = useActions();
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const [isBusy, setBusy] = useState(false);
  const add = async () => {
    setBusy(true);
    try {
      const added = await addMembers(
        view.conversation,
        chosen.map(({ user }) => user),
      );
      toast(t("members.added", { n: added.length }));
      onAdded();
      onClose();
    } catch (error) {
      toast(refusalText(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      label={t("members.add")}
      closeLabel={t("app.close")}
      onClose={onClose}
      actions={
        <Button
          look="primary"
          isBusy={isBusy}
          isDisabled={chosen.length === 0}
          label={t("members.addDo")}
          onClick={() => void add()}
        />
      }
    >
      <div className="flex flex-col gap-4">
        <PeoplePicker
          chosen={chosen}
          onChosen={setChosen}
          without={(user) => present.some((member) => member.user === user)}
        />
        <div className="border-line border-t pt-4">
          <InviteLink conversation={view.conversation} makeLabel={t("members.link")} uses="any" />
        </div>
      </div>
    </Dialog>
  );
}
