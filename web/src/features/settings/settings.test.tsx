import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { ME } from "#/testing/builders";
import { fakeClient } from "#/testing/fakeClient";
import { render } from "#/testing/render";
import { Settings } from "./Settings";

const asked: { readonly what: string; readonly body: unknown }[] = [];
const refused = new Map<string, { readonly status: number; readonly body: object }>();
const DEVICES = [
  { device: "d_1", name: "Firefox · Linux", created_ms: 1, seen_ms: Date.now(), current: true },
  { device: "d_2", name: "Safari · iPhone", created_ms: 1, seen_ms: Date.now() - 3_600_000, current: false },
];

beforeEach(() => {
  asked.length = 0;
  refused.clear();
  delete document.documentElement.dataset.theme;
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const what = `${init.method} ${path.replace("/api/v1", "")}`;
    asked.push({ what, body: init.body === undefined ? undefined : JSON.parse(String(init.body)) });
    const refusal = refused.get(what);
    if (refusal) return new Response(JSON.stringify(refusal.body), { status: refusal.status });
    if (what === "GET /devices") return new Response(JSON.stringify(DEVICES));
    return new Response(null, { status: 204 });
  });
});

const of = (what: string) => asked.filter((each) => each.what === what);

test("a name is changed once it differs, and not before", async () => {
  const { user } = render(<Settings onLogOut={vi.fn()} />);
  const field = screen.getByLabelText("Your name");
  expect(screen.queryByRole("button", { name: "Save" })).toBeNull();
  await user.clear(field);
  await user.type(field, " Maya O. ");
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(of("PATCH /me")).toEqual([{ what: "PATCH /me", body: { name: "Maya O." } }]));
});

test("another device is logged out from here, this one is only shown", async () => {
  const { user } = render(<Settings onLogOut={vi.fn()} />);
  await user.click(await screen.findByRole("button", { name: "Log out Safari · iPhone" }));
  await waitFor(() => expect(screen.queryByText("Safari · iPhone")).toBeNull());
  expect(of("DELETE /devices/d_2")).toHaveLength(1);
  expect(screen.getByText("This device")).toBeTruthy();
});

test("a theme holds at once", async () => {
  const { user } = render(<Settings onLogOut={vi.fn()} />);
  await user.click(screen.getByRole("radio", { name: "Dark" }));
  expect(document.documentElement.dataset.theme).toBe("dark");
  await user.click(screen.getByRole("radio", { name: "As on this device" }));
  expect(document.documentElement.dataset.theme).toBeUndefined();
});

test("a password is changed by who knows the present one", async () => {
  refused.set("POST /me/password", { status: 403, body: { code: "forbidden", field: "old" } });
  const { user } = render(<Settings onLogOut={vi.fn()} />);
  await user.click(screen.getByRole("button", { name: "Change password" }));
  await user.type(screen.getByLabelText("Present password"), "wrong");
  await user.type(screen.getByLabelText("New password"), "short");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(screen.getByText("At least 8 characters, please.")).toBeTruthy();
  expect(of("POST /me/password")).toEqual([]);
  await user.type(screen.getByLabelText("New password"), " no more");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("This is not your present password.")).toBeTruthy();
  refused.clear();
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByLabelText("Present password")).toBeNull());
  expect(of("POST /me/password").at(-1)?.body).toEqual({ old: "wrong", new: "short no more" });
});

test("logging out asks first, and says what would be lost", async () => {
  const onLogOut = vi.fn(async () => undefined);
  const client = fakeClient({ me: ME, connection: { state: "waiting", since_ms: 0, n_waiting: 2 } });
  const { user } = render(<Settings onLogOut={onLogOut} />, client);
  await user.click(screen.getAllByRole("button", { name: "Log out" }).at(-1) as HTMLElement);
  const dialog = screen.getByRole("dialog", { name: "Log out of this device?" });
  expect(within(dialog).getByText(/2 messages have not been sent yet/)).toBeTruthy();
  expect(onLogOut).not.toHaveBeenCalled();
  await user.click(within(dialog).getByRole("button", { name: "Log out" }));
  await waitFor(() => expect(onLogOut).toHaveBeenCalledOnce());
});
