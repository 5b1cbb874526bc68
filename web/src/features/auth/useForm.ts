import { type FormEvent, useRef, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import type { UserId } from "#/proto/wire.gen";

export type Field = "handle" | "name" | "password" | "server_name" | "old";
export type Errors = { readonly [Name in Field]?: string | undefined };

/** What follows once one is logged in. */
export type Enter = (user: UserId) => void;

interface Options {
  /** What can be seen to be wrong without asking the server. */
  readonly check: () => Errors;
  readonly send: () => Promise<void>;
  /** The words for a refusal that concerns no field, where the usual ones do not fit. */
  readonly wordsFor?: (code: string) => string | undefined;
}

interface Form {
  readonly errors: Errors;
  /** What is wrong with all of it. */
  readonly problem: string | undefined;
  readonly isBusy: boolean;
  readonly onSubmit: (event: FormEvent<HTMLFormElement>) => void;
}

/** A form that is checked, sent once at a time, and says in words what is wrong; the first wrong field gets the focus. */
export function useForm({ check, send, wordsFor }: Options): Form {
  const [errors, setErrors] = useState<Errors>({});
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const is_sending = useRef(false);

  const show = (form: HTMLFormElement, found: Errors) => {
    setErrors(found);
    // The fields are marked with the next drawing only.
    requestAnimationFrame(() => form.querySelector<HTMLInputElement>("[aria-invalid=true]")?.focus());
  };

  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (is_sending.current) return;
    const form = event.currentTarget;
    const found = check();
    setProblem(undefined);
    if (Object.values(found).some((words) => words !== undefined)) return show(form, found);
    setErrors({});
    setBusy(true);
    is_sending.current = true;
    void send()
      .catch((error: unknown) => {
        const by_field = fieldErrors(error);
        if (by_field) show(form, by_field);
        else setProblem(wordsFor?.(codeOf(error)) ?? refusalText(error));
      })
      .finally(() => {
        is_sending.current = false;
        setBusy(false);
      });
  };
  return { errors, problem, isBusy, onSubmit };
}

export function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "network";
}

/** The refusal beside the field that it concerns. */
function fieldErrors(error: unknown): Errors | undefined {
  const { code, field } = error as { readonly code?: unknown; readonly field?: unknown };
  if (field === "handle")
    return { handle: code === "conflict" ? t("refusal.handleTaken") : t("refusal.handleForm") };
  if (field === "password" || field === "new") return { password: t("refusal.passwordWeak") };
  if (field === "old") return { old: t("refusal.passwordOld") };
  if (field === "name" && code === "conflict") return { name: refusalText(error) };
  if (field === "name" || field === "server_name") return { [field]: t("refusal.nameForm") };
  return undefined;
}
