import { useState } from "react";
import { t } from "#/i18n/text";
import { http } from "#/live/server";
import { Button } from "#/ui/Button";
import { checkPassword } from "./checks";
import { DoorFrame, Problem } from "./DoorFrame";
import { NewPassword } from "./fields";
import { DeadLink } from "./LogIn";
import { dropSecret, useSecret } from "./secret";
import { codeOf, type Enter, useForm } from "./useForm";

/** Sets a new password by a link of the operator. */
export function ResetPassword({ onEnter }: { readonly onEnter: Enter }) {
  const token = useSecret();
  const [password, setPassword] = useState("");
  const [isGone, setGone] = useState(false);
  const form = useForm({
    check: () => ({ password: checkPassword(password) }),
    async send() {
      try {
        const { user } = await http.reset({ token, password });
        dropSecret();
        onEnter(user);
      } catch (error) {
        if (codeOf(error) === "gone") return setGone(true);
        throw error;
      }
    },
  });
  if (token === "") return <DeadLink title={t("door.noSecret")} hint={t("door.noSecretHint")} />;
  if (isGone) return <DeadLink title={t("door.resetGone")} hint={t("door.resetGoneHint")} />;
  return (
    <DoorFrame title={t("door.reset")} hint={t("door.resetHint")}>
      <form noValidate onSubmit={form.onSubmit} className="flex flex-col gap-4.5">
        <NewPassword
          label={t("field.newPassword")}
          value={password}
          onValue={setPassword}
          error={form.errors.password}
        />
        <Problem text={form.problem} />
        <Button type="submit" look="primary" isWide label={t("door.resetDo")} isBusy={form.isBusy} />
      </form>
    </DoorFrame>
  );
}
