import { LogOut } from "lucide-react";
import { type ReactNode, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { http } from "#/live/server";
import { useSnapshot } from "#/live/useClient";
import { Avatar } from "#/ui/Avatar";
import { Button } from "#/ui/Button";
import { Choice } from "#/ui/Choice";
import { Dialog } from "#/ui/Dialog";
import { TextField } from "#/ui/TextField";
import { toast } from "#/ui/Toast";
import { setTheme, type Theme, useTheme } from "#/ui/theme";
import { Devices } from "./Devices";
import { NotificationChoice } from "./NotificationChoice";
import { Password } from "./Password";
import { StatusChoice } from "./StatusChoice";

/** What one can set for oneself. */
export function Settings({ onLogOut }: { readonly onLogOut: () => Promise<void> }) {
  return (
    <div className="mx-auto flex w-full max-w-xl flex-col gap-4 px-4 py-5">
      <Profile />
      <Section title={t("status.title")} hint={t("status.hint")}>
        <StatusChoice />
      </Section>
      <Section title={t("settings.appearance")}>
        <ThemeChoice />
      </Section>
      <Section title={t("settings.notifications")} hint={t("settings.notificationsHint")}>
        <NotificationChoice />
      </Section>
      <Section title={t("settings.security")} hint={t("settings.securityHint")}>
        <Password />
      </Section>
      <Section title={t("settings.devices")} hint={t("settings.devicesHint")}>
        <Devices />
      </Section>
      <LeaveDevice onLogOut={onLogOut} />
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly hint?: string;
  readonly children: ReactNode;
}

function Section({ title, hint, children }: SectionProps) {
  return (
    <section className="flex flex-col gap-3 rounded-2xl bg-surface p-5 shadow-bubble">
      <div>
        <h2 className="font-semibold">{title}</h2>
        {hint && <p className="text-muted text-sm">{hint}</p>}
      </div>
      {children}
    </section>
  );
}

function Profile() {
  const me = useSnapshot((snapshot) => snapshot.me);
  const [typed, setTyped] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  if (!me) return null;
  const name = typed ?? me.name;
  const is_changed = name.trim() !== "" && name.trim() !== me.name;

  const save = async () => {
    setBusy(true);
    try {
      await http.changeMe({ name: name.trim() });
      setTyped(undefined);
      toast(t("settings.saved"));
    } catch (error) {
      setProblem(refusalText(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Section title={t("settings.profile")}>
      <div className="flex items-center gap-4">
        <Avatar id={me.user} name={me.name} size="large" />
        <div className="min-w-0">
          <p className="truncate font-semibold text-xl">
            <bdi>{me.name}</bdi>
          </p>
          <p className="truncate text-muted">@{me.handle}</p>
        </div>
      </div>
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (is_changed) void save();
        }}
      >
        <TextField
          label={t("field.name")}
          hint={t("field.nameHint")}
          error={problem}
          autoComplete="name"
          maxLength={64}
          value={name}
          onValue={(value) => {
            setTyped(value);
            setProblem(undefined);
          }}
        />
        {is_changed && (
          <div className="flex justify-end gap-2">
            <Button look="quiet" label={t("app.cancel")} onClick={() => setTyped(undefined)} />
            <Button type="submit" look="primary" isBusy={isBusy} label={t("settings.save")} />
          </div>
        )}
      </form>
    </Section>
  );
}

function ThemeChoice() {
  const theme = useTheme();
  return (
    <Choice<Theme>
      label={t("settings.theme")}
      value={theme}
      onValue={setTheme}
      options={[
        { value: "auto", label: t("settings.themeAuto") },
        { value: "light", label: t("settings.themeLight") },
        { value: "dark", label: t("settings.themeDark") },
      ]}
    />
  );
}

function LeaveDevice({ onLogOut }: { readonly onLogOut: () => Promise<void> }) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const n_waiting = useSnapshot((snapshot) => snapshot.connection.n_waiting);
  const leave = async () => {
    setBusy(true);
    try {
      await onLogOut();
    } catch (error) {
      toast(refusalText(error));
      setBusy(false);
    }
  };
  return (
    <>
      <Button icon={<LogOut size={18} />} label={t("settings.logOut")} onClick={() => setAsking(true)} />
      {isAsking && (
        <Dialog
          label={t("settings.logOutAsk")}
          closeLabel={t("app.close")}
          onClose={() => setAsking(false)}
          actions={
            <>
              <Button label={t("app.cancel")} onClick={() => setAsking(false)} />
              <Button
                look="danger"
                isBusy={isBusy}
                label={t("settings.logOut")}
                onClick={() => void leave()}
              />
            </>
          }
        >
          <p>{n_waiting > 0 ? t("settings.logOutWaiting", { n: n_waiting }) : t("settings.logOutHint")}</p>
        </Dialog>
      )}
    </>
  );
}
