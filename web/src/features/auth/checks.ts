// What the server will ask of an account, said before it is asked.
import { t } from "#/i18n/text";

const HANDLE = /^[a-z][a-z0-9._-]{1,31}$/;
const MIN_PASSWORD_CHARS = 8;

export function checkHandle(handle: string): string | undefined {
  const folded = handle.trim().toLowerCase();
  if (folded === "") return t("refusal.empty");
  return HANDLE.test(folded) ? undefined : t("refusal.handleForm");
}

export function checkPassword(password: string): string | undefined {
  if (password === "") return t("refusal.empty");
  return [...password].length < MIN_PASSWORD_CHARS ? t("refusal.passwordShort") : undefined;
}

export function checkName(name: string): string | undefined {
  return name.trim() === "" ? t("refusal.empty") : undefined;
}

/** A handle that could go with a name: "Ada Lovelace" → "ada.lovelace". */
export function handleFor(name: string): string {
  const folded = name
    .normalize("NFD")
    .replaceAll(/\p{Mn}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ".")
    .replaceAll(/^[^a-z]+|\.+$/g, "");
  return folded.slice(0, 32);
}
