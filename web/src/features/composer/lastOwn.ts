import type { Composing } from "#/live/composing";
import type { ConversationId } from "#/proto/wire";
import type { Snapshot } from "#/sync/client";
import { toTyped } from "./useSubmit";

/** The newest own message that may still get another text. */
export function lastOwn(snapshot: Snapshot, id: ConversationId): Composing | undefined {
  const oldest_ms = Date.now() - snapshot.limits.edit_window_ms;
  const line = snapshot
    .timeline(id)
    .lines.findLast(
      (each) =>
        each.kind === "sent" &&
        each.message.from === snapshot.me?.user &&
        each.message.body?.kind === "text" &&
        each.message.at_ms > oldest_ms,
    );
  if (line?.kind !== "sent" || line.message.body?.kind !== "text") return undefined;
  return { kind: "edit", seq: line.message.seq, text: toTyped(line.message.body.text, snapshot.users) };
}
