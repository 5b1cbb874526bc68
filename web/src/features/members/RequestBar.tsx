import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions } from "#/live/useClient";
import type { ConversationView } from "#/sync/client";
import { Button } from "#/ui/Button";
import { toast } from "#/ui/Toast";

/** Above the first words of a stranger: whether one wants to hear more. */
export function RequestBar({ view }: { readonly view: ConversationView }) {
  const { accept, block } = useActions();
  const [isBusy, setBusy] = useState(false);
  const { peer } = view;
  if (view.state !== "request" || !peer) return null;
  const answer = (change: Promise<void>) => {
    setBusy(true);
    void change.catch((error: unknown) => toast(refusalText(error))).finally(() => setBusy(false));
  };
  return (
    <section
      aria-label={t("request.label")}
      className="flex flex-wrap items-center gap-x-4 gap-y-2 border-line border-b bg-surface px-4 py-2.5"
    >
      <p className="min-w-48 grow">
        {t("request.words", { name: peer.name })} <span className="text-muted">{t("request.hint")}</span>
      </p>
      <div className="flex gap-2">
        <Button
          size="small"
          isDisabled={isBusy}
          label={t("info.block")}
          onClick={() => answer(block(peer.user, true))}
        />
        <Button
          size="small"
          look="primary"
          isDisabled={isBusy}
          label={t("request.accept")}
          onClick={() => answer(accept(view.conversation))}
        />
      </div>
    </section>
  );
}
