import { type TextKey, t } from "#/i18n/text";
import { Dialog } from "#/ui/Dialog";

type Words = Extract<TextKey, `keys.${string}`>;

/** What each key does, by where it does it. */
const KEYS: readonly (readonly [Words, readonly (readonly [string, Words])[]])[] = [
  [
    "keys.everywhere",
    [
      ["Ctrl K", "keys.switch"],
      ["Ctrl /", "keys.help"],
      ["Alt ↑ / Alt ↓", "keys.neighbour"],
      ["Alt Shift ↑ / ↓", "keys.unread"],
    ],
  ],
  [
    "keys.writing",
    [
      ["Enter", "keys.send"],
      ["Shift Enter", "keys.line"],
      ["↑", "keys.editLast"],
      ["@", "keys.mention"],
      ["Esc", "keys.giveUp"],
    ],
  ],
  [
    "keys.message",
    [
      ["R", "keys.reply"],
      ["E", "keys.edit"],
      ["+", "keys.react"],
      ["P", "keys.pin"],
      ["C", "keys.copy"],
      ["Del", "keys.delete"],
      [". / Enter", "keys.menu"],
    ],
  ],
];

export function ShortcutHelp({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog label={t("keys.title")} closeLabel={t("app.close")} onClose={onClose}>
      {KEYS.map(([title, keys]) => (
        <section key={title} className="pb-4">
          <h3 className="pb-1 font-semibold">{t(title)}</h3>
          <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-1.5">
            {keys.map(([key, words]) => (
              <div key={words} className="contents">
                <dt>
                  <kbd className="rounded-md bg-sunken px-1.5 py-0.5 font-sans text-sm ring-1 ring-line">
                    {key}
                  </kbd>
                </dt>
                <dd className="text-muted">{t(words)}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
