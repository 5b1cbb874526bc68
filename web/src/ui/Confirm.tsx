import { useState } from "react";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

interface Props {
  /** The question. */
  readonly label: string;
  /** What follows from a yes. */
  readonly text: string;
  readonly doLabel: string;
  readonly cancelLabel: string;
  readonly closeLabel: string;
  readonly onClose: () => void;
  /** Never rejects; the question goes once it is done. */
  readonly onDo: () => Promise<void>;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ label, text, doLabel, cancelLabel, closeLabel, onClose, onDo }: Props) {
  const [isBusy, setBusy] = useState(false);
  return (
    <Dialog
      label={label}
      closeLabel={closeLabel}
      onClose={onClose}
      actions={
        <>
          <Button label={cancelLabel} onClick={onClose} />
          <Button
            look="danger"
            isBusy={isBusy}
            label={doLabel}
            onClick={() => {
              setBusy(true);
              void onDo().finally(onClose);
            }}
          />
        </>
      }
    >
      <p className="text-muted">{text}</p>
    </Dialog>
  );
}
