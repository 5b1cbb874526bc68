import { Megaphone, Users } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Link } from "wouter";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { http } from "#/live/server";
import type { InviteSeen } from "#/proto/wire.gen";
import { Button } from "#/ui/Button";
import { checkHandle, checkName, checkPassword } from "./checks";
import { DoorFrame, Problem } from "./DoorFrame";
import { AccountFields, useNewAccount } from "./fields";
import { DeadLink } from "./LogIn";
import { dropSecret, useSecret } from "./secret";
import { codeOf, type Enter, useForm } from "./useForm";
import { useServer } from "./useServer";

interface Props {
  readonly onEnter: Enter;
  /** For those who have an account here: what joining by the code does; absent for all others. */
  readonly renderMember?: ((invite: InviteSeen, code: string) => ReactNode) | undefined;
}

/** The door for invited people, and for everyone where sign-up is open. */
export function Join({ onEnter, renderMember }: Props) {
  const code = useSecret();
  if (code === "") return <OpenDoor onEnter={onEnter} />;
  return <Invited key={code} code={code} onEnter={onEnter} renderMember={renderMember} />;
}

/** Without an invite one may come in only where everyone may. */
function OpenDoor({ onEnter }: { readonly onEnter: Enter }) {
  const server = useServer();
  if (server.state !== "known") return null;
  const { name, sign_up } = server.about;
  if (sign_up !== "open") return <DeadLink title={t("door.noSecret")} hint={t("door.noSecretHint")} />;
  return (
    <DoorFrame title={t("door.join", { server: name })} hint={t("door.joinHint")} footer={<HasAccount />}>
      <SignUpForm onEnter={onEnter} />
    </DoorFrame>
  );
}

function Invited({ code, onEnter, renderMember }: Props & { readonly code: string }) {
  const look = useInvite(code);
  if (look.state === "loading") return null;
  if (look.state === "gone") return <DeadLink title={t("door.joinGone")} hint={t("door.joinGoneHint")} />;
  if (look.state === "failed") return <DeadLink title={t("door.unreachable")} hint={look.words} />;
  const { invite } = look;
  if (renderMember) return renderMember(invite, code);
  return (
    <DoorFrame
      title={t("door.join", { server: invite.server_name })}
      hint={<InviteWords invite={invite} />}
      footer={<HasAccount />}
    >
      <SignUpForm code={code} onEnter={onEnter} />
    </DoorFrame>
  );
}

/** Who invites, and into what. */
export function InviteWords({ invite }: { readonly invite: InviteSeen }) {
  const { inviter, conversation } = invite;
  return (
    <>
      <p>{t("door.joinBy", { name: inviter.name })}</p>
      {conversation && (
        <p className="mt-3 flex items-center gap-3 rounded-xl bg-sunken px-3.5 py-2.5 text-text">
          {conversation.kind === "group" ? (
            <Users aria-hidden="true" size={20} className="shrink-0 text-accent-text" />
          ) : (
            <Megaphone aria-hidden="true" size={20} className="shrink-0 text-accent-text" />
          )}
          <bdi className="min-w-0 truncate font-medium">{conversation.title}</bdi>
        </p>
      )}
    </>
  );
}

function HasAccount() {
  return (
    <p>
      {t("door.hasAccount")}{" "}
      <Link href="/log-in?then=join" className="font-medium text-accent-text underline underline-offset-2">
        {t("door.logIn")}
      </Link>
    </p>
  );
}

function SignUpForm({ code, onEnter }: { readonly code?: string; readonly onEnter: Enter }) {
  const { account, ...setters } = useNewAccount();
  const form = useForm({
    check: () => ({
      name: checkName(account.name),
      handle: checkHandle(account.handle),
      password: checkPassword(account.password),
    }),
    async send() {
      const invite = code === undefined ? {} : { invite: code };
      const { user } = await http.signUp({ ...account, name: account.name.trim(), ...invite });
      dropSecret();
      onEnter(user);
    },
    wordsFor: (refusal) => (refusal === "gone" ? t("door.joinGoneHint") : undefined),
  });
  return (
    <form noValidate onSubmit={form.onSubmit} className="flex flex-col gap-4.5">
      <AccountFields account={account} errors={form.errors} {...setters} />
      <Problem text={form.problem} />
      <Button type="submit" look="primary" isWide label={t("door.joinDo")} isBusy={form.isBusy} />
    </form>
  );
}

type Look =
  | { readonly state: "loading" }
  | { readonly state: "gone" }
  | { readonly state: "failed"; readonly words: string }
  | { readonly state: "known"; readonly invite: InviteSeen };

function useInvite(code: string): Look {
  const [look, setLook] = useState<Look>({ state: "loading" });
  useEffect(() => {
    let is_over = false;
    const show = (next: Look) => {
      if (!is_over) setLook(next);
    };
    http.lookInvite(code).then(
      (invite) => show({ state: "known", invite }),
      (error: unknown) => show(failure(error)),
    );
    return () => {
      is_over = true;
    };
  }, [code]);
  return look;
}

function failure(error: unknown): Look {
  const code = codeOf(error);
  // An unknown code and one that was used up are told apart by nobody.
  if (code === "gone" || code === "not_found" || code === "bad_request") return { state: "gone" };
  return { state: "failed", words: refusalText(error) };
}
