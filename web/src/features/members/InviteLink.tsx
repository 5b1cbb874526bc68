import { Check, Copy, Link2 } from "lucide-react";
import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { http } from "#/live/server";
import type { ConversationId } from "#/proto/wire";
import { Button } from "#/ui/Button";
import { copyText } from "#/ui/clipboard";
import { TextField } from "#/ui/TextField";
import { toast } from "#/ui/Toast";

const report = (error: unknown) => toast(refusalText(error));

/** A link by which anyone joins this conversation, and the server if need be. */
export function InviteLink({ conversation }: { readonly conversation: ConversationId }) {
  const [url, setUrl] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const [isCopied, setCopied] = useState(false);
  const make = () => {
    setBusy(true);
    http
      .createInvite({ conversation })
      .then(({ url: made }) => setUrl(made), report)
      .finally(() => setBusy(false));
  };
  if (url === undefined)
    return (
      <Button isWide isBusy={isBusy} icon={<Link2 size={18} />} label={t("members.link")} onClick={make} />
    );
  return (
    <div className="flex flex-col gap-2">
      <TextField
        label={t("invite.link")}
        hint={t("members.linkHint")}
        readOnly
        value={url}
        onValue={() => undefined}
        onFocus={(event) => event.target.select()}
      />
      <Button
        isWide
        icon={isCopied ? <Check size={18} /> : <Copy size={18} />}
        label={isCopied ? t("invite.copied") : t("invite.copy")}
        onClick={() => void copyText(url).then(() => setCopied(true), report)}
      />
    </div>
  );
}
