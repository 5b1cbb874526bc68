import { useState } from "react";
import { t } from "#/i18n/text";
import { PasswordField, TextField } from "#/ui/TextField";
import { handleFor } from "./checks";
import type { Errors } from "./useForm";

/** What a new account is made of. */
export interface NewAccount {
  readonly name: string;
  readonly handle: string;
  readonly password: string;
}

/** The values of a new account; until somebody types a handle it follows the name. */
export function useNewAccount() {
  const [name, setName] = useState("");
  const [typed_handle, setHandle] = useState<string>();
  const [password, setPassword] = useState("");
  const account: NewAccount = { name, handle: typed_handle ?? handleFor(name), password };
  return { account, setName, setHandle, setPassword };
}

type Setters = Omit<ReturnType<typeof useNewAccount>, "account">;

export function AccountFields(props: Setters & { readonly account: NewAccount; readonly errors: Errors }) {
  const { account, errors, setName, setHandle, setPassword } = props;
  return (
    <>
      <TextField
        label={t("field.name")}
        hint={t("field.nameHint")}
        error={errors.name}
        value={account.name}
        onValue={setName}
        autoComplete="name"
        autoFocus
        maxLength={64}
      />
      <TextField
        label={t("field.handle")}
        hint={t("field.handleHint")}
        error={errors.handle}
        value={account.handle}
        onValue={setHandle}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={32}
      />
      <NewPassword
        label={t("field.password")}
        value={account.password}
        onValue={setPassword}
        error={errors.password}
      />
    </>
  );
}

export function NewPassword(props: {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly error: string | undefined;
}) {
  return (
    <PasswordField
      {...props}
      hint={t("field.passwordHint")}
      showLabel={t("field.show")}
      hideLabel={t("field.hide")}
      autoComplete="new-password"
    />
  );
}
