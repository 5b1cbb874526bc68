import { CircleAlert } from "lucide-react";
import { Component, type ReactNode } from "react";
import { t } from "#/i18n/text";
import { Button } from "#/ui/Button";
import { EmptyState } from "#/ui/EmptyState";

interface Props {
  readonly children: ReactNode;
}

interface State {
  readonly has_failed: boolean;
}

/** Keeps a fault in one part of the page from taking the others along. */
export class PaneBoundary extends Component<Props, State> {
  override readonly state: State = { has_failed: false };

  static getDerivedStateFromError(): State {
    return { has_failed: true };
  }

  override render(): ReactNode {
    if (!this.state.has_failed) return this.props.children;
    return (
      <div role="alert" className="flex h-full grow">
        <EmptyState
          icon={<CircleAlert size={30} />}
          label={t("app.broken")}
          hint={t("app.brokenHint")}
          action={
            <>
              <Button label={t("app.again")} onClick={() => this.setState({ has_failed: false })} />
              <Button look="quiet" label={t("app.reload")} onClick={() => window.location.reload()} />
            </>
          }
        />
      </div>
    );
  }
}
