import { Copy, RotateCw, Trash2 } from "lucide-react";
import { codeText, refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions } from "#/live/useClient";
import type { RefusedLine } from "#/sync/client";
import { Button } from "#/ui/Button";
import { copyText } from "#/ui/clipboard";
import { toast } from "#/ui/Toast";

/** Why a message was not sent, and what can be done with it. */
export function Refused({ line }: { readonly line: RefusedLine }) {
  const { retry, discard } = useActions();
  const report = (error: unknown) => toast(refusalText(error));
  const text = line.body.kind === "text" ? line.body.text : "";
  return (
    <div className="flex max-w-full flex-col items-end gap-0.5 text-sm">
      <p className="text-danger-text">
        {t("timeline.failed")}. {codeText(line.code)}
      </p>
      <div className="flex flex-wrap justify-end">
        {line.retry !== "never" && (
          <Button
            look="quiet"
            size="small"
            icon={<RotateCw size={15} />}
            label={t("timeline.retry")}
            onClick={() => void retry(line.client_id).catch(report)}
          />
        )}
        <Button
          look="quiet"
          size="small"
          icon={<Copy size={15} />}
          label={t("timeline.copy")}
          onClick={() => void copyText(text).then(() => toast(t("timeline.copied")), report)}
        />
        <Button
          look="quiet"
          size="small"
          icon={<Trash2 size={15} />}
          label={t("timeline.discard")}
          onClick={() => void discard(line.client_id).catch(report)}
        />
      </div>
    </div>
  );
}
