import { CircleUserRound, MessageCircle, SquarePen } from "lucide-react";
import type { ReactNode } from "react";
import { Link, useRoute } from "wouter";
import { t } from "#/i18n/text";
import { cx } from "#/lib/cx";

const TAB = "flex min-h-14 grow basis-0 flex-col items-center justify-center gap-0.5 text-xs";

/** The main ways on a phone, within reach of the thumb. */
export function BottomBar({ onNew }: { readonly onNew: () => void }) {
  return (
    <nav
      aria-label={t("nav.label")}
      className="flex shrink-0 border-line border-t bg-surface pb-[env(safe-area-inset-bottom)]"
    >
      <Tab href="/" icon={<MessageCircle size={22} />} label={t("nav.conversations")} />
      <button type="button" onClick={onNew} className={cx(TAB, "text-muted")}>
        <SquarePen aria-hidden="true" size={22} />
        {t("nav.new")}
      </button>
      <Tab href="/settings" icon={<CircleUserRound size={22} />} label={t("nav.me")} />
    </nav>
  );
}

interface TabProps {
  readonly href: string;
  readonly icon: ReactNode;
  readonly label: string;
}

function Tab({ href, icon, label }: TabProps) {
  const [is_here] = useRoute(href);
  return (
    <Link
      href={href}
      aria-current={is_here ? "page" : undefined}
      className={cx(TAB, is_here ? "font-medium text-accent-text" : "text-muted")}
    >
      {icon}
      {label}
    </Link>
  );
}
