import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions, useSnapshot } from "#/live/useClient";
import { usePresence } from "#/live/usePresence";
import type { PresenceState, StatusState } from "#/proto/wire";
import { Button } from "#/ui/Button";
import { Choice } from "#/ui/Choice";
import { TextField } from "#/ui/TextField";
import { toast } from "#/ui/Toast";

const MAX_CHARS = 128;

/** What one shows, by how others see somebody who is in front of this page. */
const SHOWN: Readonly<Record<PresenceState, StatusState>> = {
  online: "auto",
  away: "away",
  dnd: "dnd",
  offline: "invisible",
  unknown: "auto",
};

/** How others see whether one is there, and the words beside it. */
export function StatusChoice() {
  const { setStatus } = useActions();
  const seen = usePresence(useSnapshot((snapshot) => snapshot.me?.user));
  const [chosen, setChosen] = useState<StatusState>();
  const [typed, setTyped] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const state = chosen ?? SHOWN[seen?.state ?? "online"];
  const told = seen?.text ?? "";
  const text = typed ?? told;

  const save = async (next: StatusState, words: string) => {
    setBusy(true);
    try {
      await setStatus(next, words.trim());
    } catch (error) {
      setChosen(undefined);
      toast(refusalText(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save(state, text).then(() => toast(t("settings.saved")));
      }}
    >
      <Choice<StatusState>
        label={t("status.label")}
        value={state}
        onValue={(next) => {
          setChosen(next);
          void save(next, text);
        }}
        options={[
          { value: "auto", label: t("status.auto") },
          { value: "away", label: t("status.away") },
          { value: "dnd", label: t("status.dnd") },
          { value: "invisible", label: t("status.invisible") },
        ]}
      />
      <p className="text-muted text-sm">{t(`status.${state}Hint`)}</p>
      <TextField
        label={t("status.text")}
        hint={t("status.textHint")}
        maxLength={MAX_CHARS}
        value={text}
        onValue={setTyped}
      />
      {text.trim() !== told && (
        <div className="flex justify-end gap-2">
          <Button look="quiet" label={t("app.cancel")} onClick={() => setTyped(undefined)} />
          <Button type="submit" look="primary" isBusy={isBusy} label={t("settings.save")} />
        </div>
      )}
    </form>
  );
}
