import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { Join } from "./Join";
import { LogIn } from "./LogIn";
import { MemberInvite } from "./MemberInvite";
import { ResetPassword } from "./ResetPassword";
import { SetUp } from "./SetUp";
import { dropSecret } from "./secret";

/** What the server answers, by "METHOD /path"; each request is kept. */
type Answer = { readonly status?: number; readonly body?: unknown };

const asked: { readonly what: string; readonly body: unknown }[] = [];

function serve(answers: Readonly<Record<string, Answer>>): void {
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const what = `${init.method} ${path.replace("/api/v1", "")}`;
    asked.push({ what, body: init.body === undefined ? undefined : JSON.parse(String(init.body)) });
    const { status = 200, body } = answers[what] ?? { status: 404, body: {} };
    return new Response(body === undefined ? null : JSON.stringify(body), { status });
  });
}

const ABOUT = { name: "Harbour", claimed: true, sign_up: "invite", protocols: ["voodoo.v1"] };
const INVITE = { server_name: "Harbour", inviter: { handle: "ada", name: "Ada Lovelace" } };

beforeEach(() => {
  asked.length = 0;
  dropSecret();
  window.history.replaceState(null, "", "/");
});

function comeBy(link: string): void {
  window.history.replaceState(null, "", link);
}

async function fill(fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, text] of Object.entries(fields)) {
    const field = screen.getByLabelText(label);
    await userEvent.clear(field);
    if (text !== "") await userEvent.type(field, text);
  }
}

const errorOf = (label: string) => {
  const id = screen.getByLabelText(label).getAttribute("aria-describedby") ?? "";
  return document.getElementById(id)?.textContent;
};

test("the owner is made from the printed link, whose secret leaves the address bar", async () => {
  serve({ "POST /setup": { body: { user: "u_1", device: "d_1", expires_ms: 1 } } });
  comeBy("/setup#s3cret");
  const onEnter = vi.fn();
  render(<SetUp onEnter={onEnter} />);
  expect(window.location.hash).toBe("");
  await fill({
    "Your name": "Ada Lovelace",
    Password: "a lamp by the window",
    "Name of this server": "Harbour",
  });
  expect(screen.getByLabelText<HTMLInputElement>("Handle").value).toBe("ada.lovelace");
  await userEvent.click(screen.getByRole("button", { name: "Create server" }));
  await waitFor(() => expect(onEnter).toHaveBeenCalledExactlyOnceWith("u_1"));
  expect(asked).toEqual([
    {
      what: "POST /setup",
      body: {
        token: "s3cret",
        name: "Ada Lovelace",
        handle: "ada.lovelace",
        password: "a lamp by the window",
        server_name: "Harbour",
      },
    },
  ]);
});

test("nothing is sent while a field is wrong, and the first wrong one has the focus and the reason", async () => {
  serve({});
  comeBy("/setup#s3cret");
  render(<SetUp onEnter={vi.fn()} />);
  await fill({ "Your name": "Ada", Handle: "9", Password: "short" });
  await userEvent.click(screen.getByRole("button", { name: "Create server" }));
  expect(errorOf("Handle")).toMatch(/2 to 32/);
  expect(errorOf("Password")).toMatch(/At least 8/);
  expect(errorOf("Name of this server")).toMatch(/fill this in/);
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("Handle")));
  expect(asked).toEqual([]);
});

test("a set-up link that was used leads to the log-in", async () => {
  serve({ "POST /setup": { status: 410, body: { code: "gone" } } });
  comeBy("/setup#s3cret");
  render(<SetUp onEnter={vi.fn()} />);
  await fill({
    "Your name": "Ada",
    Handle: "ada",
    Password: "a lamp by the window",
    "Name of this server": "H",
  });
  await userEvent.click(screen.getByRole("button", { name: "Create server" }));
  expect(await screen.findByRole("heading", { name: "This server is set up already" })).toBeTruthy();
});

test("a link without its secret says so", () => {
  serve({});
  comeBy("/setup");
  render(<SetUp onEnter={vi.fn()} />);
  expect(screen.getByRole("heading", { name: "This link is not complete" })).toBeTruthy();
});

test("an invited person sees who invites, and joins", async () => {
  serve({
    "POST /invites/look": { body: INVITE },
    "POST /sign-up": { body: { user: "u_2", device: "d_2", expires_ms: 1 } },
  });
  comeBy("/join#c0de");
  const onEnter = vi.fn();
  render(<Join onEnter={onEnter} />);
  expect(await screen.findByRole("heading", { name: "Join Harbour" })).toBeTruthy();
  expect(screen.getByText("Ada Lovelace invites you.")).toBeTruthy();
  await fill({ "Your name": "Bo", Handle: "bo", Password: "a lamp by the window" });
  await userEvent.click(screen.getByRole("button", { name: "Join" }));
  await waitFor(() => expect(onEnter).toHaveBeenCalledOnce());
  expect(asked.at(-1)?.body).toEqual({
    invite: "c0de",
    name: "Bo",
    handle: "bo",
    password: "a lamp by the window",
  });
});

test("a taken handle is said beside the handle", async () => {
  serve({
    "POST /invites/look": { body: INVITE },
    "POST /sign-up": { status: 409, body: { code: "conflict", field: "handle" } },
  });
  comeBy("/join#c0de");
  render(<Join onEnter={vi.fn()} />);
  await screen.findByRole("heading", { name: "Join Harbour" });
  await fill({ "Your name": "Bo", Handle: "ada", Password: "a lamp by the window" });
  await userEvent.click(screen.getByRole("button", { name: "Join" }));
  await waitFor(() => expect(errorOf("Handle")).toBe("This handle is taken, or one that looks like it."));
});

test("an invite that was used up asks for a new one", async () => {
  serve({ "POST /invites/look": { status: 410, body: { code: "gone" } } });
  comeBy("/join#c0de");
  render(<Join onEnter={vi.fn()} />);
  expect(await screen.findByRole("heading", { name: "This invite does not work any more" })).toBeTruthy();
});

test("an invite into a conversation is taken by a member with one press", async () => {
  const onJoin = vi.fn(async () => undefined);
  const invite = { ...INVITE, conversation: { kind: "group", title: "Swimmers" } } as const;
  render(<MemberInvite invite={invite} code="c0de" onJoin={onJoin} onHome={vi.fn()} />);
  expect(screen.getByRole("heading", { name: "Join Swimmers" })).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Join" }));
  expect(onJoin).toHaveBeenCalledWith("c0de");
});

test("a member who opens an invite for strangers is sent home", async () => {
  const onHome = vi.fn();
  render(<MemberInvite invite={INVITE} code="c0de" onJoin={vi.fn()} onHome={onHome} />);
  await userEvent.click(screen.getByRole("button", { name: "To the conversations" }));
  expect(onHome).toHaveBeenCalledOnce();
});

test("a wrong password is said in the same words as a wrong handle", async () => {
  serve({
    "GET /server": { body: ABOUT },
    "POST /log-in": { status: 401, body: { code: "unauthenticated" } },
  });
  render(<LogIn onEnter={vi.fn()} />);
  await screen.findByRole("heading", { name: "Log in to Harbour" });
  await fill({ Handle: "@ada", Password: "wrong" });
  await userEvent.click(screen.getByRole("button", { name: "Log in" }));
  expect((await screen.findByRole("alert")).textContent).toBe("Wrong handle or password.");
  expect(asked.at(-1)?.body).toEqual({ handle: "ada", password: "wrong" });
});

test("before the server has an owner the page tells of the printed link", async () => {
  serve({ "GET /server": { body: { ...ABOUT, claimed: false } } });
  render(<LogIn onEnter={vi.fn()} />);
  expect(await screen.findByText(/Open the set-up link that Voodoo printed/)).toBeTruthy();
});

test("a new password is set by a link", async () => {
  serve({ "POST /reset": { body: { user: "u_2", device: "d_3", expires_ms: 1 } } });
  comeBy("/reset#t0ken");
  const onEnter = vi.fn();
  render(<ResetPassword onEnter={onEnter} />);
  await fill({ "New password": "another lamp" });
  await userEvent.click(screen.getByRole("button", { name: "Set password" }));
  await waitFor(() => expect(onEnter).toHaveBeenCalledOnce());
  expect(asked.at(-1)?.body).toEqual({ token: "t0ken", password: "another lamp" });
});
