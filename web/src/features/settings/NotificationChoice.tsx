import { t } from "#/i18n/text";
import { setNotifications, show, useNotificationState } from "#/live/notifications";
import { Button } from "#/ui/Button";
import { Choice } from "#/ui/Choice";

/** Whether this browser tells of new messages while one looks elsewhere. */
export function NotificationChoice() {
  const state = useNotificationState();
  if (state === "unavailable") return <p className="text-muted">{t("notes.unavailable")}</p>;
  if (state === "denied") return <p className="text-muted">{t("notes.denied")}</p>;
  return (
    <>
      <Choice
        label={t("notes.here")}
        value={state}
        onValue={(value) => void setNotifications(value === "on")}
        options={[
          { value: "on", label: t("notes.on") },
          { value: "off", label: t("notes.off") },
        ]}
      />
      {state === "on" && (
        <Button
          label={t("notes.try")}
          onClick={() =>
            show({ tag: "try", title: t("app.name"), text: t("notes.tryText"), onOpen: () => undefined })
          }
        />
      )}
    </>
  );
}
