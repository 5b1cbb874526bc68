import { Check, Copy, Link2 } from "lucide-react";
import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { http } from "#/live/server";
import { useSnapshot } from "#/live/useClient";
import { Button } from "#/ui/Button";
import { copyText } from "#/ui/clipboard";
import { Dialog } from "#/ui/Dialog";
import { TextField } from "#/ui/TextField";
import { toast } from "#/ui/Toast";

const WEEK_S = 7 * 24 * 3_600;

/** Makes a link by which one person can make an account. */
export function InvitePeople({ onClose }: { readonly onClose: () => void }) {
  const is_admin = useSnapshot((snapshot) => snapshot.me?.role === "admin");
  const [url, setUrl] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const [isCopied, setCopied] = useState(false);

  const make = async () => {
    setBusy(true);
    setCopied(false);
    try {
      const invite = await http.createInvite({ uses: 1, ttl_s: WEEK_S });
      setUrl(invite.url);
    } catch (error) {
      toast(refusalText(error));
    } finally {
      setBusy(false);
    }
  };
  const copy = async () => {
    if (url === undefined) return;
    try {
      await copyText(url);
      setCopied(true);
    } catch (error) {
      toast(refusalText(error));
    }
  };

  return (
    <Dialog label={t("invite.title")} closeLabel={t("app.close")} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <p className="text-muted">{is_admin ? t("invite.hint") : t("invite.forbidden")}</p>
        {url !== undefined && (
          <>
            <TextField
              label={t("invite.link")}
              hint={t("invite.once")}
              readOnly
              value={url}
              onValue={() => undefined}
              onFocus={(event) => event.target.select()}
            />
            <Button
              look="primary"
              isWide
              icon={isCopied ? <Check size={18} /> : <Copy size={18} />}
              label={isCopied ? t("invite.copied") : t("invite.copy")}
              onClick={() => void copy()}
            />
          </>
        )}
        {is_admin && (
          <Button
            look={url === undefined ? "primary" : "plain"}
            isWide
            isBusy={isBusy}
            icon={<Link2 size={18} />}
            label={url === undefined ? t("invite.make") : t("invite.another")}
            onClick={() => void make()}
          />
        )}
      </div>
    </Dialog>
  );
}
