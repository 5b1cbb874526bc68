import { useState } from "react";
import { Link } from "wouter";
import { t } from "#/i18n/text";
import { http } from "#/live/server";
import type { ServerAbout } from "#/proto/wire.gen";
import { Button } from "#/ui/Button";
import { PasswordField, TextField } from "#/ui/TextField";
import { DoorFrame, Problem } from "./DoorFrame";
import { type Enter, useForm } from "./useForm";
import { useServer } from "./useServer";

/** The door for everyone who has an account; before there is any, it tells how to make the first one. */
export function LogIn({ onEnter }: { readonly onEnter: Enter }) {
  const server = useServer();
  if (server.state === "loading") return null;
  if (server.state === "unreachable") return <Unreachable />;
  if (!server.about.claimed) return <Unclaimed />;
  return <LogInForm about={server.about} onEnter={onEnter} />;
}

function LogInForm({ about, onEnter }: { readonly about: ServerAbout; readonly onEnter: Enter }) {
  const [handle, setHandle] = useState("");
  const [password, setPassword] = useState("");
  const form = useForm({
    check: () => ({
      handle: handle.trim() === "" ? t("refusal.empty") : undefined,
      password: password === "" ? t("refusal.empty") : undefined,
    }),
    async send() {
      const { user } = await http.logIn({ handle: handle.trim().replace(/^@/, ""), password });
      onEnter(user);
    },
  });
  return (
    <DoorFrame
      title={about.name === "" ? t("door.logIn") : t("door.logInTo", { server: about.name })}
      hint={isEnded() ? t("door.ended") : t("door.logInHint")}
      footer={<Hints isOpen={about.sign_up === "open"} />}
    >
      <form noValidate onSubmit={form.onSubmit} className="flex flex-col gap-4.5">
        <TextField
          label={t("field.handle")}
          error={form.errors.handle}
          value={handle}
          onValue={setHandle}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
        />
        <PasswordField
          label={t("field.password")}
          error={form.errors.password}
          value={password}
          onValue={setPassword}
          autoComplete="current-password"
          showLabel={t("field.show")}
          hideLabel={t("field.hide")}
        />
        <Problem text={form.problem} />
        <Button type="submit" look="primary" isWide label={t("door.logIn")} isBusy={form.isBusy} />
      </form>
    </DoorFrame>
  );
}

/** Whether one was logged in here until a moment ago. */
function isEnded(): boolean {
  const state = window.history.state as { readonly is_ended?: unknown } | null;
  return state?.is_ended === true;
}

function Hints({ isOpen }: { readonly isOpen: boolean }) {
  return (
    <div className="flex flex-col gap-2">
      {isOpen ? (
        <p>
          <Link href="/join" className="font-medium text-accent-text underline underline-offset-2">
            {t("door.makeAccount")}
          </Link>
        </p>
      ) : (
        <p>{t("door.noAccount")}</p>
      )}
      <p>{t("door.forgot")}</p>
    </div>
  );
}

/** Where the link that the server printed has to be opened. */
function Unclaimed() {
  return (
    <DoorFrame title={t("door.unclaimed")} hint={t("door.unclaimedHint")} footer={t("door.unclaimedLost")}>
      <pre className="overflow-x-auto rounded-xl bg-code px-3.5 py-3 font-mono text-sm">
        <code>
          {window.location.origin}/setup#<span className="text-muted">…</span>
        </code>
      </pre>
    </DoorFrame>
  );
}

export function Unreachable() {
  return <DoorFrame title={t("door.unreachable")} hint={t("door.unreachableHint")} />;
}

/** A link that leads nowhere, and where to go from here. */
export function DeadLink({ title, hint }: { readonly title: string; readonly hint: string }) {
  return (
    <DoorFrame title={title} hint={hint}>
      <Link
        href="/"
        className="inline-flex min-h-10 items-center rounded-xl bg-accent px-4 font-medium text-on-accent hover:bg-accent-strong"
      >
        {t("door.onward")}
      </Link>
    </DoorFrame>
  );
}
