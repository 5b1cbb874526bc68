import { CircleAlert } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { t } from "#/i18n/text";
import { Mark } from "#/ui/Mark";

interface Props {
  readonly title: string;
  readonly hint?: ReactNode;
  readonly children?: ReactNode;
  /** Below the card. */
  readonly footer?: ReactNode;
}

/** The card that every door is: the name of the house above, one thing to do inside. */
export function DoorFrame({ title, hint, children, footer }: Props) {
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title]);
  return (
    <div className="door-ground flex min-h-dvh flex-col items-center overflow-y-auto px-4 py-8 sm:justify-center">
      <header className="flex flex-col items-center gap-3 pb-6">
        <Mark />
        <p className="font-semibold text-muted">{t("app.name")}</p>
      </header>
      <main className="w-full max-w-[25.5rem] rounded-3xl bg-surface p-6 shadow-raised ring-1 ring-line sm:p-8">
        <h1 className="text-balance font-semibold text-2xl tracking-tight">{title}</h1>
        {hint && <div className="mt-1.5 text-pretty text-muted">{hint}</div>}
        {children && <div className="mt-6">{children}</div>}
      </main>
      {footer && (
        <footer className="max-w-[25.5rem] px-4 pt-5 text-center text-balance text-muted text-sm">
          {footer}
        </footer>
      )}
    </div>
  );
}

/** What is wrong with all of a form. */
export function Problem({ text }: { readonly text: string | undefined }) {
  return (
    <div role="alert" className="empty:hidden">
      {text !== undefined && (
        <p className="flex items-start gap-2.5 rounded-xl bg-danger-soft px-3.5 py-2.5 text-danger-text text-sm">
          <CircleAlert aria-hidden="true" size={18} className="mt-px shrink-0" />
          {text}
        </p>
      )}
    </div>
  );
}
