import { Check, Copy, Link2, Link2Off } from "lucide-react";
import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { http } from "#/live/server";
import type { ConversationId, Invite } from "#/proto/wire";
import { Button } from "#/ui/Button";
import { Choice } from "#/ui/Choice";
import { copyText } from "#/ui/clipboard";
import { TextField } from "#/ui/TextField";
import { toast } from "#/ui/Toast";

const DAY_S = 24 * 3_600;
const USES = { once: 1, few: 10, any: undefined } as const;
const DAYS = { day: 1, week: 7, month: 30 } as const;

type Uses = keyof typeof USES;
type Days = keyof typeof DAYS;

interface Props {
  /** Where it leads; without it, to the server only. */
  readonly conversation?: ConversationId;
  readonly makeLabel: string;
  /** How often it works, unless somebody chooses otherwise. */
  readonly uses: Uses;
}

interface Made extends Invite {
  readonly uses: Uses;
  readonly days: Days;
}

/** Makes a link by which people come in, for so many and so long, and withdraws it again. */
export function InviteLink({ conversation, makeLabel, uses: usual }: Props) {
  const [uses, setUses] = useState(usual);
  const [days, setDays] = useState<Days>("week");
  const [made, setMade] = useState<Made>();
  const [isBusy, setBusy] = useState(false);

  const during = async (change: () => Promise<Made | undefined>) => {
    setBusy(true);
    try {
      setMade(await change());
    } catch (error) {
      toast(refusalText(error));
    } finally {
      setBusy(false);
    }
  };
  const make = async () => {
    const n = USES[uses];
    const terms = { ttl_s: DAYS[days] * DAY_S, ...(n !== undefined && { uses: n }) };
    const invite = await http.createInvite({ ...terms, ...(conversation && { conversation }) });
    return { ...invite, uses, days };
  };
  const withdraw = async ({ invite }: Made) => {
    await http.endInvite(invite);
    toast(t("invite.withdrawn"));
    return undefined;
  };

  if (made) {
    return (
      <Ready
        key={made.invite}
        made={made}
        isBusy={isBusy}
        onWithdraw={() => void during(() => withdraw(made))}
        onAnother={() => setMade(undefined)}
      />
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <Choice<Uses>
        label={t("invite.uses")}
        value={uses}
        onValue={setUses}
        options={(Object.keys(USES) as Uses[]).map((value) => ({ value, label: t(`invite.uses.${value}`) }))}
      />
      <Choice<Days>
        label={t("invite.days")}
        value={days}
        onValue={setDays}
        options={(Object.keys(DAYS) as Days[]).map((value) => ({
          value,
          label: t("invite.nDays", { n: DAYS[value] }),
        }))}
      />
      <Button
        isWide
        isBusy={isBusy}
        icon={<Link2 size={18} />}
        label={makeLabel}
        onClick={() => void during(make)}
      />
    </div>
  );
}

interface ReadyProps {
  readonly made: Made;
  readonly isBusy: boolean;
  readonly onWithdraw: () => void;
  readonly onAnother: () => void;
}

/** The link, to be copied while it is in sight: it is told this once. */
function Ready({ made, isBusy, onWithdraw, onAnother }: ReadyProps) {
  const [isCopied, setCopied] = useState(false);
  const copy = () =>
    copyText(made.url).then(
      () => setCopied(true),
      (error: unknown) => toast(refusalText(error)),
    );
  return (
    <div className="flex flex-col gap-3">
      <TextField
        label={t("invite.link")}
        hint={t("invite.terms", {
          uses: t(`invite.works.${made.uses}`),
          days: t("invite.nDays", { n: DAYS[made.days] }),
        })}
        readOnly
        value={made.url}
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
      <div className="flex flex-wrap justify-between gap-2">
        <Button
          size="small"
          look="dangerQuiet"
          isDisabled={isBusy}
          icon={<Link2Off size={16} />}
          label={t("invite.withdraw")}
          onClick={onWithdraw}
        />
        <Button size="small" look="quiet" label={t("invite.another")} onClick={onAnother} />
      </div>
    </div>
  );
}
