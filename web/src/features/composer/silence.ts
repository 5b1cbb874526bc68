import { t } from "#/i18n/text";
import type { ConversationView } from "#/sync/client";

/** Why nothing may be written here, in words; nothing where one may. */
export function silence(view: ConversationView): string | undefined {
  const is_admin = view.role !== "member";
  const posts = view.kind === "broadcast" ? "admins" : view.head.settings.post;
  return posts === "admins" && !is_admin ? t("composer.readOnly") : undefined;
}
