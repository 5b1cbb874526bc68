import { MonitorSmartphone } from "lucide-react";
import { useEffect, useState } from "react";
import { refusalText } from "#/i18n/refusal";
import { t } from "#/i18n/text";
import { ago } from "#/i18n/time";
import { http } from "#/live/server";
import type { Device } from "#/proto/wire.gen";
import { Button } from "#/ui/Button";
import { Skeleton } from "#/ui/Skeleton";
import { toast } from "#/ui/Toast";
import { useNow } from "#/ui/useNow";

/** Where one is logged in; everything but this device can be logged out from here. */
export function Devices() {
  const [devices, setDevices] = useState<readonly Device[]>();
  const [problem, setProblem] = useState<string>();
  const now_ms = useNow();
  useEffect(() => {
    http.devices().then(setDevices, (error) => setProblem(refusalText(error)));
  }, []);

  const revoke = async (device: Device) => {
    try {
      await http.revokeDevice(device.device);
      setDevices((before) => before?.filter((other) => other.device !== device.device));
      toast(t("settings.revoked"));
    } catch (error) {
      toast(refusalText(error));
    }
  };

  if (problem) return <p className="text-danger-text">{problem}</p>;
  if (!devices) return <Skeleton className="h-12" />;
  const sorted = devices.toSorted(
    (one, other) => Number(other.current) - Number(one.current) || other.seen_ms - one.seen_ms,
  );
  return (
    <ul className="flex flex-col">
      {sorted.map((device) => (
        <li
          key={device.device}
          className="flex items-center gap-3 border-line border-t py-2.5 first:border-t-0"
        >
          <span className="grid size-10 shrink-0 place-items-center rounded-full bg-sunken text-muted">
            <MonitorSmartphone aria-hidden="true" size={20} />
          </span>
          <span className="min-w-0 grow">
            <span className="block truncate">{device.name}</span>
            <span className={device.current ? "text-sm text-success-text" : "text-muted text-sm"}>
              {device.current
                ? t("settings.current")
                : t("settings.seen", { when: ago(device.seen_ms, now_ms) })}
            </span>
          </span>
          {!device.current && (
            <Button
              size="small"
              label={t("settings.revoke")}
              aria-label={t("settings.revokeThis", { device: device.name })}
              onClick={() => void revoke(device)}
            />
          )}
        </li>
      ))}
    </ul>
  );
}
