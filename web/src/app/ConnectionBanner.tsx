import { CloudOff, LoaderCircle } from "lucide-react";
import { useEffect, useState } from "react";
import { t } from "#/i18n/text";
import { useActions, useSnapshot } from "#/live/useClient";
import type { ConnectionView } from "#/sync/client";
import { Banner } from "#/ui/Banner";
import { Button } from "#/ui/Button";

/** Shorter breaks are nobody's business. */
const QUIET_MS = 2_000;

/** What is wrong with the connection, if it lasts; and what goes on all the same. */
export function ConnectionBanner() {
  const connection = useSnapshot((snapshot) => snapshot.connection);
  const { connectNow } = useActions();
  const is_broken = connection.state !== "live";
  const is_long = useIsLong(is_broken);
  if (connection.state === "stopped") return <Stopped connection={connection} />;
  if (!is_broken || !is_long) return null;
  if (connection.state !== "waiting")
    return (
      <Banner
        icon={<LoaderCircle size={17} className="motion-safe:animate-spin" />}
        text={t("connection.connecting")}
      />
    );
  const n = connection.n_waiting;
  return (
    <Banner
      look="warning"
      icon={<CloudOff size={17} />}
      text={n > 0 ? t("connection.waiting", { n }) : t("connection.offline")}
      action={<Button size="small" look="quiet" label={t("connection.retry")} onClick={connectNow} />}
    />
  );
}

/** Attempts follow each other, so the time counts from the first moment without a session. */
function useIsLong(isBroken: boolean): boolean {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    if (!isBroken) return setLong(false);
    const timer = setTimeout(() => setLong(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, [isBroken]);
  return isLong;
}

function Stopped({ connection }: { readonly connection: ConnectionView }) {
  const { connectNow } = useActions();
  const reload = (
    <Button size="small" look="quiet" label={t("app.reload")} onClick={() => window.location.reload()} />
  );
  switch (connection.stopped?.code) {
    case 4401:
      return <Banner text={t("connection.ended")} />;
    case 4403:
      return <Banner look="danger" text={t("connection.disabled")} />;
    case 4409:
      return (
        <Banner
          look="warning"
          text={t("connection.elsewhere")}
          action={<Button size="small" look="quiet" label={t("connection.here")} onClick={connectNow} />}
        />
      );
    case 4410:
      return <Banner look="warning" text={t("connection.outdated")} action={reload} />;
    default:
      return (
        <Banner
          look="danger"
          text={t("connection.stopped", { why: connection.stopped?.why ?? "" })}
          action={reload}
        />
      );
  }
}
