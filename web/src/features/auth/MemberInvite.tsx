import { useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import type { InviteSeen } from "#/proto/wire.gen";
import { Button } from "#/ui/Button";
import { DoorFrame, Problem } from "./DoorFrame";
import { InviteWords } from "./Join";
import { dropSecret } from "./secret";

interface Props {
  readonly invite: InviteSeen;
  readonly code: string;
  /** Joins the conversation and shows it. */
  readonly onJoin: (code: string) => Promise<void>;
  readonly onHome: () => void;
}

/** An invite in the hands of somebody who has an account here. */
export function MemberInvite({ invite, code, onJoin, onHome }: Props) {
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const home = () => {
    dropSecret();
    onHome();
  };
  if (!invite.conversation)
    return (
      <DoorFrame title={t("door.memberHere", { server: invite.server_name })} hint={t("door.memberHereHint")}>
        <Button look="primary" label={t("app.home")} onClick={home} />
      </DoorFrame>
    );

  const join = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await onJoin(code);
      dropSecret();
    } catch (error) {
      setProblem(refusalText(error));
      setBusy(false);
    }
  };
  return (
    <DoorFrame
      title={t("door.member", { title: invite.conversation.title })}
      hint={<InviteWords invite={invite} />}
    >
      <div className="flex flex-col gap-3">
        <Problem text={problem} />
        <Button look="primary" isWide isBusy={isBusy} label={t("door.joinDo")} onClick={() => void join()} />
        <Button look="quiet" isWide label={t("app.cancel")} onClick={home} />
      </div>
    </DoorFrame>
  );
}
