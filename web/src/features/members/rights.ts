// Who may do what to whom, as the protocol has it. The server decides; this only spares vain attempts.
import type { Role } from "#/proto/wire";
import type { ConversationView } from "#/sync/client";

type Standing = Pick<ConversationView, "kind" | "role">;

const RANK: Readonly<Record<Role, number>> = { member: 0, admin: 1, owner: 2 };

/** Add people, make invites, change what it is called and its rules. */
export function mayInvite({ kind, role }: Standing): boolean {
  return kind !== "direct" && role !== "member";
}

/** Give roles, and end the whole conversation. */
export function mayGiveRoles({ kind, role }: Standing): boolean {
  return kind !== "direct" && role === "owner";
}

/** Remove a member of that role: only those of a lower rank. */
export function mayChange({ role }: Standing, other: Role): boolean {
  return role !== "member" && RANK[other] < RANK[role];
}

/** See who is in it. */
export function maySeeMembers({ kind, role }: Standing): boolean {
  return kind === "group" || (kind === "broadcast" && role !== "member");
}
