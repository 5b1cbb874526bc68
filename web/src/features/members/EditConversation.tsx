import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions, useSnapshot } from "#/live/useClient";
import type { JoinRule } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { Button } from "#/ui/Button";
import { Choice } from "#/ui/Choice";
import { Dialog } from "#/ui/Dialog";
import { TextField } from "#/ui/TextField";

interface Props {
  readonly view: ConversationView;
  readonly onClose: () => void;
}

/** Changes what a group or a broadcast is called and its rules. */
export function EditConversation({ view, onClose }: Props) {
  const { update } = useActions();
  const limits = useSnapshot((snapshot) => snapshot.limits);
  const { head } = view;
  const [title, setTitle] = useState(head.title ?? "");
  const [description, setDescription] = useState(head.description ?? "");
  const [history, setHistory] = useState(head.settings.history);
  const [post, setPost] = useState(head.settings.post);
  const [join, setJoin] = useState(head.settings.join);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  const save = async () => {
    setBusy(true);
    try {
      await update(view.conversation, {
        title: title.trim(),
        description: description.trim(),
        settings: view.kind === "group" ? { history, post, join } : { history, join },
      });
      onClose();
    } catch (error) {
      setProblem(refusalText(error));
      setBusy(false);
    }
  };

  return (
    <Dialog
      label={t("info.edit")}
      closeLabel={t("app.close")}
      onClose={onClose}
      actions={
        <>
          <Button label={t("app.cancel")} onClick={onClose} />
          <Button
            look="primary"
            isBusy={isBusy}
            isDisabled={title.trim() === ""}
            label={t("settings.save")}
            onClick={() => void save()}
          />
        </>
      }
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (title.trim() !== "") void save();
        }}
      >
        <TextField
          label={t("create.title")}
          error={problem}
          autoComplete="off"
          maxLength={limits.title}
          value={title}
          onValue={setTitle}
        />
        <TextField
          label={t("create.description")}
          hint={t("create.optional")}
          autoComplete="off"
          maxLength={limits.description}
          value={description}
          onValue={setDescription}
        />
        {view.kind === "group" && (
          <Choice
            label={t("info.post")}
            value={post}
            onValue={setPost}
            options={[
              { value: "all", label: t("info.postAll") },
              { value: "admins", label: t("info.postAdmins") },
            ]}
          />
        )}
        <JoinChoice value={join} onValue={setJoin} />
        <Choice
          label={t("create.history")}
          value={history}
          onValue={setHistory}
          options={[
            { value: "all", label: t("create.historyAll") },
            { value: "joined", label: t("create.historyJoined") },
          ]}
        />
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}

interface JoinProps {
  readonly value: JoinRule;
  readonly onValue: (value: JoinRule) => void;
}

/** How one becomes a member. */
export function JoinChoice({ value, onValue }: JoinProps) {
  return (
    <Choice
      label={t("info.join")}
      value={value}
      onValue={onValue}
      options={[
        { value: "open", label: t("info.joinOpen") },
        { value: "link", label: t("info.joinLink") },
        { value: "closed", label: t("info.joinClosed") },
      ]}
    />
  );
}
