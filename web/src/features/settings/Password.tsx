import { type FormEvent, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { http } from "#/live/server";
import { useSnapshot } from "#/live/useClient";
import { Button } from "#/ui/Button";
import { PasswordField } from "#/ui/TextField";
import { toast } from "#/ui/Toast";

const MIN_CHARS = 8;

interface Problems {
  readonly old?: string;
  readonly fresh?: string;
}

/** Sets another password, which logs out every other device. */
export function Password() {
  const handle = useSnapshot((snapshot) => snapshot.me?.handle ?? "");
  const [isOpen, setOpen] = useState(false);
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [problems, setProblems] = useState<Problems>({});
  const [isBusy, setBusy] = useState(false);

  const close = () => {
    setOpen(false);
    setOld("");
    setFresh("");
    setProblems({});
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (old === "") return setProblems({ old: t("refusal.empty") });
    if ([...fresh].length < MIN_CHARS) return setProblems({ fresh: t("refusal.passwordShort") });
    setBusy(true);
    try {
      await http.changePassword({ old, new: fresh });
      close();
      toast(t("settings.passwordSaved"));
    } catch (error) {
      setProblems(problemsOf(error));
    } finally {
      setBusy(false);
    }
  };

  if (!isOpen) return <Button label={t("settings.passwordChange")} onClick={() => setOpen(true)} />;
  const words = { showLabel: t("field.show"), hideLabel: t("field.hide") };
  return (
    <form noValidate onSubmit={(event) => void save(event)} className="flex flex-col gap-4">
      {/* Password managers look for whose password it is. */}
      <input type="text" autoComplete="username" value={handle} readOnly hidden />
      <PasswordField
        {...words}
        label={t("field.oldPassword")}
        autoComplete="current-password"
        autoFocus
        value={old}
        onValue={setOld}
        error={problems.old}
      />
      <PasswordField
        {...words}
        label={t("field.newPassword")}
        hint={t("field.passwordHint")}
        autoComplete="new-password"
        value={fresh}
        onValue={setFresh}
        error={problems.fresh}
      />
      <div className="flex justify-end gap-2">
        <Button look="quiet" label={t("app.cancel")} onClick={close} />
        <Button type="submit" look="primary" isBusy={isBusy} label={t("settings.save")} />
      </div>
    </form>
  );
}

function problemsOf(error: unknown): Problems {
  const { field } = error as { readonly field?: string };
  if (field === "old") return { old: t("refusal.passwordOld") };
  if (field === "new") return { fresh: t("refusal.passwordWeak") };
  return { fresh: refusalText(error) };
}
