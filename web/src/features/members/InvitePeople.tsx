import { t } from "#/i18n/text";
import { useSnapshot } from "#/live/useClient";
import { Dialog } from "#/ui/Dialog";
import { InviteLink } from "./InviteLink";

/** Makes a link by which people can make an account. */
export function InvitePeople({ onClose }: { readonly onClose: () => void }) {
  const is_admin = useSnapshot((snapshot) => snapshot.me?.role === "admin");
  return (
    <Dialog label={t("invite.title")} closeLabel={t("app.close")} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <p className="text-muted">{is_admin ? t("invite.hint") : t("invite.forbidden")}</p>
        {is_admin && <InviteLink makeLabel={t("invite.make")} uses="once" />}
      </div>
    </Dialog>
  );
}
