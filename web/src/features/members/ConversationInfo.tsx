import { Ban, LogOut, MessageCircle, Pencil, Trash2, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConversationId, User } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";
import { Avatar } from "#/ui/Avatar";
import { Button } from "#/ui/Button";
import { Confirm } from "#/ui/Confirm";
import { IconButton } from "#/ui/IconButton";
import { toast } from "#/ui/Toast";
import { EditConversation } from "./EditConversation";
import { InviteLink } from "./InviteLink";
import { MemberList } from "./MemberList";
import { mayGiveRoles, mayInvite, maySeeMembers } from "./rights";

interface Props {
  readonly view: ConversationView;
  readonly onClose: () => void;
  readonly onOpen: (conversation: ConversationId) => void;
  /** The conversation is none of one's own any more. */
  readonly onGone: () => void;
}

/** What there is to know of a conversation beside what is said in it, and what may be done with it. */
export function ConversationInfo({ view, onClose, onOpen, onGone }: Props) {
  const [isEditing, setEditing] = useState(false);
  return (
    <>
      <header className="flex h-15 shrink-0 items-center gap-2 border-line border-b ps-4 pe-2">
        <h2 className="grow font-semibold">{view.kind === "direct" ? t("info.person") : t("info.title")}</h2>
        {mayInvite(view) && (
          <IconButton label={t("info.edit")} icon={<Pencil size={18} />} onClick={() => setEditing(true)} />
        )}
        <IconButton label={t("app.close")} icon={<X size={20} />} onClick={onClose} />
      </header>
      <div className="min-h-0 grow divide-y divide-line overflow-y-auto">
        <About view={view} />
        {maySeeMembers(view) && <MemberList view={view} onOpen={onOpen} />}
        {view.kind === "broadcast" && mayInvite(view) && (
          <section className="px-4 py-4">
            <InviteLink conversation={view.conversation} makeLabel={t("members.link")} uses="any" />
          </section>
        )}
        {view.peer ? <PeerActions peer={view.peer} /> : <Endings view={view} onGone={onGone} />}
      </div>
      {isEditing && <EditConversation view={view} onClose={() => setEditing(false)} />}
    </>
  );
}

function About({ view }: { readonly view: ConversationView }) {
  const { description, members } = view.head;
  return (
    <section className="flex flex-col items-center gap-1 px-4 py-6 text-center">
      <Avatar id={view.peer?.user ?? view.conversation} name={view.title} size="large" />
      <p className="mt-3 max-w-full break-words font-semibold text-xl">
        <bdi>{view.title}</bdi>
      </p>
      <p className="text-muted">
        {view.peer ? `@${view.peer.handle}` : countText(view.kind === "broadcast", members)}
      </p>
      {description && <p className="mt-2 max-w-full whitespace-pre-wrap break-words">{description}</p>}
    </section>
  );
}

export function countText(is_broadcast: boolean, n: number): string {
  return is_broadcast ? t("members.subscribers", { n }) : t("members.count", { n });
}

function PeerActions({ peer }: { readonly peer: User }) {
  const { block } = useActions();
  const me = useSnapshot((snapshot) => snapshot.me?.user);
  const is_blocked = useSnapshot((snapshot) => snapshot.blocked.includes(peer.user));
  const [isAsking, setAsking] = useState(false);
  if (peer.user === me) return null;
  const change = (on: boolean) => block(peer.user, on).catch((error: unknown) => toast(refusalText(error)));
  return (
    <Section>
      {is_blocked ? (
        <Button
          icon={<MessageCircle size={18} />}
          label={t("info.unblock")}
          onClick={() => void change(false)}
        />
      ) : (
        <Button icon={<Ban size={18} />} label={t("info.block")} onClick={() => setAsking(true)} />
      )}
      {isAsking && (
        <Confirm
          label={t("info.blockAsk", { name: peer.name })}
          text={t("info.blockHint")}
          doLabel={t("info.block")}
          cancelLabel={t("app.cancel")}
          closeLabel={t("app.close")}
          onClose={() => setAsking(false)}
          onDo={() => change(true)}
        />
      )}
    </Section>
  );
}

function Section({ children }: { readonly children: ReactNode }) {
  return <section className="flex flex-col gap-2 px-4 py-4">{children}</section>;
}

/** Leaving it, and ending it for everyone. */
function Endings({ view, onGone }: { readonly view: ConversationView; readonly onGone: () => void }) {
  const { leave, destroy } = useActions();
  const [asking, setAsking] = useState<"leave" | "destroy">();
  const end = async (change: Promise<void>) => {
    try {
      await change;
      onGone();
    } catch (error) {
      toast(refusalText(error));
    }
  };
  const common = {
    cancelLabel: t("app.cancel"),
    closeLabel: t("app.close"),
    onClose: () => setAsking(undefined),
  };
  return (
    <Section>
      <Button icon={<LogOut size={18} />} label={t("info.leave")} onClick={() => setAsking("leave")} />
      {mayGiveRoles(view) && (
        <Button
          look="dangerQuiet"
          icon={<Trash2 size={18} />}
          label={t("info.destroy")}
          onClick={() => setAsking("destroy")}
        />
      )}
      {asking === "leave" && (
        <Confirm
          {...common}
          label={t("info.leaveAsk", { title: view.title })}
          text={t("info.leaveHint")}
          doLabel={t("info.leave")}
          onDo={() => end(leave(view.conversation))}
        />
      )}
      {asking === "destroy" && (
        <Confirm
          {...common}
          label={t("info.destroyAsk", { title: view.title })}
          text={t("info.destroyHint")}
          doLabel={t("info.destroy")}
          onDo={() => end(destroy(view.conversation))}
        />
      )}
    </Section>
  );
}
