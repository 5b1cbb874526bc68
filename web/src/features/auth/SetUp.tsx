import { useState } from "react";
import { t } from "#/i18n/text";
import { http } from "#/live/server";
import { Button } from "#/ui/Button";
import { TextField } from "#/ui/TextField";
import { checkHandle, checkName, checkPassword } from "./checks";
import { DoorFrame, Problem } from "./DoorFrame";
import { AccountFields, useNewAccount } from "./fields";
import { DeadLink } from "./LogIn";
import { dropSecret, useSecret } from "./secret";
import { codeOf, type Enter, useForm } from "./useForm";

/** The first screen of a server: makes the account that owns it. */
export function SetUp({ onEnter }: { readonly onEnter: Enter }) {
  const token = useSecret();
  const { account, ...setters } = useNewAccount();
  const [server_name, setServerName] = useState("");
  const [isGone, setGone] = useState(false);
  const form = useForm({
    check: () => ({
      name: checkName(account.name),
      handle: checkHandle(account.handle),
      password: checkPassword(account.password),
      server_name: checkName(server_name),
    }),
    async send() {
      const server = server_name.trim();
      try {
        const { user } = await http.setUp({
          ...account,
          name: account.name.trim(),
          token,
          server_name: server,
        });
        dropSecret();
        onEnter(user);
      } catch (error) {
        if (codeOf(error) === "gone") return setGone(true);
        throw error;
      }
    },
  });
  if (token === "") return <DeadLink title={t("door.noSecret")} hint={t("door.noSecretHint")} />;
  if (isGone) return <DeadLink title={t("door.setUpGone")} hint={t("door.setUpGoneHint")} />;
  return (
    <DoorFrame title={t("door.setUp")} hint={t("door.setUpHint")}>
      <form noValidate onSubmit={form.onSubmit} className="flex flex-col gap-4.5">
        <AccountFields account={account} errors={form.errors} {...setters} />
        <TextField
          label={t("field.server")}
          hint={t("field.serverHint")}
          error={form.errors.server_name}
          value={server_name}
          onValue={setServerName}
          autoComplete="off"
          maxLength={64}
        />
        <Problem text={form.problem} />
        <Button type="submit" look="primary" isWide label={t("door.setUpDo")} isBusy={form.isBusy} />
      </form>
    </DoorFrame>
  );
}
