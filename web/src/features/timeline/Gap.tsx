import { useCallback, useEffect, useRef } from "react";
import { t } from "#/i18n/text";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConversationId } from "#/proto/wire";
import type { Line } from "#/sync/client";
import { Button } from "#/ui/Button";

/** So far outside of what is seen a hole begins to close. */
const AHEAD = "600px 0px";

interface Props {
  readonly conversation: ConversationId;
  readonly line: Extract<Line, { kind: "gap" }>;
}

/**
 * Messages that are not loaded, between others that are. It closes from the side on which one reads, a page at a time,
 * so that each page moves it out of sight: a hole of any size costs only what is looked at.
 */
export function Gap({ conversation, line }: Props) {
  const { loadOlder, loadNewer } = useActions();
  const is_live = useSnapshot((snapshot) => snapshot.connection.state === "live");
  const is_loading = useSnapshot((snapshot) => snapshot.timeline(conversation).is_loading);
  const element = useRef<HTMLDivElement>(null);
  const { after_seq, before_seq } = line;
  const fill = useCallback(() => {
    if (element.current && isAboveMiddle(element.current)) loadOlder(conversation, before_seq);
    else loadNewer(conversation, after_seq);
  }, [conversation, after_seq, before_seq, loadOlder, loadNewer]);
  // While another page is on its way a question would be lost, and asked anew once that page is here.
  const may_fill = is_live && !is_loading;
  useEffect(() => {
    const gap = element.current;
    if (!gap || !may_fill) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) fill();
      },
      { root: gap.closest("[role=feed]"), rootMargin: AHEAD },
    );
    observer.observe(gap);
    return () => observer.disconnect();
  }, [may_fill, fill]);
  return (
    <div ref={element} className="flex min-h-16 items-center justify-center gap-2 py-3 text-muted text-sm">
      {t("timeline.gap")}
      <Button
        size="small"
        look="quiet"
        isBusy={is_loading}
        isDisabled={!is_live}
        label={t("timeline.gapLoad")}
        onClick={fill}
      />
    </div>
  );
}

/** Whether one reads below it. */
function isAboveMiddle(gap: HTMLElement): boolean {
  const box = gap.getBoundingClientRect();
  return box.top + box.height / 2 < window.innerHeight / 2;
}
