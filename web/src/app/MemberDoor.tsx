import { useLocation } from "wouter";
import { Join } from "#/features/auth/Join";
import { MemberInvite } from "#/features/auth/MemberInvite";
import { useActions } from "#/live/useClient";

/** An invite link in the hands of somebody who is logged in: it leads into the conversation, without another account. */
export function MemberDoor() {
  const { join } = useActions();
  const [, go] = useLocation();
  return (
    <Join
      onEnter={() => go("/")}
      renderMember={(invite, code) => (
        <MemberInvite
          invite={invite}
          code={code}
          onJoin={async () => go(`/c/${await join({ code })}`)}
          onHome={() => go("/")}
        />
      )}
    />
  );
}
