// Who is writing at this moment, in words.
import { language, t } from "./text";

const MAX_NAMES = 3;

/** "Ann and Bo are typing…"; whose name is unknown is left out while others are known. */
export function typingText<Id>(users: readonly Id[], nameOf: (user: Id) => string | undefined): string {
  const names = users.flatMap((user) => nameOf(user) ?? []).slice(0, MAX_NAMES);
  const shown = names.length === 0 ? [t("timeline.someone")] : names;
  return t("timeline.typing", {
    n: Math.max(1, users.length),
    names: new Intl.ListFormat(language()).format(shown),
  });
}
