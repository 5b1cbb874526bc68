import { ArrowLeft, X } from "lucide-react";
import { useLocation } from "wouter";
import { Settings } from "#/features/settings/Settings";
import { t } from "#/i18n/text";
import { forgetDrafts } from "#/live/drafts";
import { http } from "#/live/server";
import { useClient } from "#/live/useClient";
import { IconButton } from "#/ui/IconButton";
import { leaveForLogIn } from "./entry";

/** Settings in the place of a conversation. */
export function SettingsPane({ hasBack }: { readonly hasBack: boolean }) {
  const [, go] = useLocation();
  const client = useClient();
  const logOut = async () => {
    await http.logOut();
    forgetDrafts();
    await client.forget();
    window.history.replaceState(null, "", "/");
    leaveForLogIn();
  };
  return (
    <>
      <header className="flex h-15 shrink-0 items-center gap-3 border-line border-b bg-surface px-4 max-sm:px-1.5">
        {hasBack && (
          <IconButton
            label={t("app.back")}
            icon={<ArrowLeft size={22} className="rtl:-scale-x-100" />}
            onClick={() => go("/")}
          />
        )}
        <h2 className="grow font-semibold">{t("settings.title")}</h2>
        {!hasBack && <IconButton label={t("app.close")} icon={<X size={20} />} onClick={() => go("/")} />}
      </header>
      <div className="min-h-0 grow overflow-y-auto">
        <Settings onLogOut={logOut} />
      </div>
    </>
  );
}
