import { Megaphone, Users } from "lucide-react";
import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConversationId, JoinRule, User } from "#/proto/wire";
import { clientId } from "#/sync/clientId";
import { Button } from "#/ui/Button";
import { Choice } from "#/ui/Choice";
import { Dialog } from "#/ui/Dialog";
import { TextField } from "#/ui/TextField";
import { toast } from "#/ui/Toast";
import { JoinChoice } from "./EditConversation";
import { PeoplePicker } from "./PeoplePicker";

interface Props {
  readonly kind: "group" | "broadcast";
  readonly onClose: () => void;
  readonly onOpen: (conversation: ConversationId) => void;
}

/** Makes a group or a broadcast in two steps: what it is called, then who is in it. */
export function CreateConversation({ kind, onClose, onOpen }: Props) {
  const [step, setStep] = useState<"about" | "people">("about");
  const [about, setAbout] = useState<About>({ title: "", description: "", history: "all", join: "link" });
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const [isBusy, setBusy] = useState(false);
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  // One id for all attempts, so that a second press makes no second conversation.
  const [client_id] = useState(newId);
  const { createGroup, createBroadcast } = useActions();

  const create = async () => {
    setBusy(true);
    try {
      const found = kind === "group" ? createGroup : createBroadcast;
      const conversation = await found({
        client_id,
        title: about.title.trim(),
        ...(about.description.trim() === "" ? {} : { description: about.description.trim() }),
        members: chosen.map(({ user }) => user),
        settings: { history: about.history, join: about.join },
      });
      onOpen(conversation);
      onClose();
    } catch (error) {
      toast(refusalText(error));
      setBusy(false);
    }
  };

  const is_about = step === "about";
  return (
    <Dialog
      label={kind === "group" ? t("create.group") : t("create.broadcast")}
      closeLabel={t("app.close")}
      onClose={onClose}
      actions={
        is_about ? (
          <Button
            look="primary"
            label={t("create.next")}
            isDisabled={about.title.trim() === ""}
            onClick={() => setStep("people")}
          />
        ) : (
          <>
            <Button label={t("app.back")} onClick={() => setStep("about")} />
            <Button look="primary" isBusy={isBusy} label={t("create.do")} onClick={() => void create()} />
          </>
        )
      }
    >
      {is_about ? (
        <AboutFields kind={kind} about={about} onAbout={setAbout} onNext={() => setStep("people")} />
      ) : (
        <PeoplePicker chosen={chosen} onChosen={setChosen} without={(user) => user === me} />
      )}
    </Dialog>
  );
}

function newId() {
  return clientId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
}

interface About {
  readonly title: string;
  readonly description: string;
  readonly history: "all" | "joined";
  readonly join: JoinRule;
}

interface FieldsProps {
  readonly kind: Props["kind"];
  readonly about: About;
  readonly onAbout: (about: About) => void;
  readonly onNext: () => void;
}

function AboutFields({ kind, about, onAbout, onNext }: FieldsProps) {
  const limits = useSnapshot((snapshot) => snapshot.limits);
  const Icon = kind === "group" ? Users : Megaphone;
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (about.title.trim() !== "") onNext();
      }}
    >
      <p className="flex items-center gap-3 text-muted">
        <span className="grid size-12 shrink-0 place-items-center rounded-full bg-selected text-accent-text">
          <Icon aria-hidden="true" size={22} />
        </span>
        {kind === "group" ? t("create.groupHint") : t("create.broadcastHint")}
      </p>
      <TextField
        label={t("create.title")}
        autoFocus
        autoComplete="off"
        maxLength={limits.title}
        value={about.title}
        onValue={(title) => onAbout({ ...about, title })}
      />
      <TextField
        label={t("create.description")}
        hint={t("create.optional")}
        autoComplete="off"
        maxLength={limits.description}
        value={about.description}
        onValue={(description) => onAbout({ ...about, description })}
      />
      <JoinChoice value={about.join} onValue={(join) => onAbout({ ...about, join })} />
      <Choice
        label={t("create.history")}
        value={about.history}
        onValue={(history) => onAbout({ ...about, history })}
        options={[
          { value: "all", label: t("create.historyAll") },
          { value: "joined", label: t("create.historyJoined") },
        ]}
      />
      <button type="submit" hidden />
    </form>
  );
}
