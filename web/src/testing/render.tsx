import { render as mount, type RenderResult } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import type { ReactNode } from "react";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { ClientContext } from "#/live/useClient";
import { type FakeClient, fakeClient } from "./fakeClient";

interface Rendered extends RenderResult {
  readonly client: FakeClient;
  readonly user: UserEvent;
  /** Where the page is now. */
  readonly path: () => string | undefined;
}

/** Draws a view with a client that stands in for the real one, at a path of its own. */
export function render(view: ReactNode, client: FakeClient = fakeClient(), path = "/"): Rendered {
  const { hook, history } = memoryLocation({ path, record: true });
  const result = mount(
    <Router hook={hook}>
      <ClientContext value={client}>{view}</ClientContext>
    </Router>,
  );
  return { ...result, client, user: userEvent.setup(), path: () => history.at(-1) };
}
