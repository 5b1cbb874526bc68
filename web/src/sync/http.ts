/** The HTTP door beside the socket: every endpoint under `/api/v1`, typed; errors become a `Refusal`. */

import type { DeviceId, InviteId, Retry } from "#/proto/wire";
import type {
  BotMade,
  BotRequest,
  Device,
  Invite,
  InviteRequest,
  InviteSeen,
  LoggedIn,
  LogIn,
  MePatch,
  MeSeen,
  PasswordChange,
  Problem,
  Reset,
  ServerAbout,
  SetUp,
  SignUp,
  Ticket,
} from "#/proto/wire.gen";
import { Refusal } from "./refusal";

export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** What each method promises: the answer, or a rejection with a `Refusal`. */
export interface Http {
  server(): Promise<ServerAbout>;
  setUp(body: SetUp): Promise<LoggedIn>;
  signUp(body: SignUp): Promise<LoggedIn>;
  logIn(body: LogIn): Promise<LoggedIn>;
  reset(body: Reset): Promise<LoggedIn>;
  logOut(): Promise<void>;
  devices(): Promise<Device[]>;
  revokeDevice(device: DeviceId): Promise<void>;
  me(): Promise<MeSeen>;
  changeMe(body: MePatch): Promise<MeSeen>;
  changePassword(body: PasswordChange): Promise<void>;
  ticket(): Promise<Ticket>;
  createInvite(body: InviteRequest): Promise<Invite>;
  lookInvite(code: string): Promise<InviteSeen>;
  endInvite(invite: InviteId): Promise<void>;
  createBot(body: BotRequest): Promise<BotMade>;
}

/** Speaks to the server that served the page. */
export function createHttp(fetch: Fetch): Http {
  const ask = <T>(method: string, path: string, body?: object) => exchange<T>(fetch, method, path, body);
  return {
    server: () => ask("GET", "/server"),
    setUp: (body) => ask("POST", "/setup", body),
    signUp: (body) => ask("POST", "/sign-up", body),
    logIn: (body) => ask("POST", "/log-in", body),
    reset: (body) => ask("POST", "/reset", body),
    logOut: () => ask("POST", "/log-out"),
    devices: () => ask("GET", "/devices"),
    revokeDevice: (device) => ask("DELETE", `/devices/${encodeURIComponent(device)}`),
    me: () => ask("GET", "/me"),
    changeMe: (body) => ask("PATCH", "/me", body),
    changePassword: (body) => ask("POST", "/me/password", body),
    ticket: () => ask("POST", "/tickets"),
    createInvite: (body) => ask("POST", "/invites", body),
    lookInvite: (code) => ask("POST", "/invites/look", { code }),
    endInvite: (invite) => ask("DELETE", `/invites/${encodeURIComponent(invite)}`),
    createBot: (body) => ask("POST", "/bots", body),
  };
}

async function exchange<T>(fetch: Fetch, method: string, path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = {};
  // A form of another page cannot set it: with the cookie alone nothing is changed.
  if (method !== "GET") headers["X-Voodoo"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Refusal({ code: "unavailable", message: "the server cannot be reached", retry: "same" }, 0);
  }
  const text = await response.text();
  if (!response.ok) throw refusal(response, text);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

function refusal(response: Response, text: string): Refusal {
  const problem = problemIn(text);
  const code = problem?.code ?? (response.status === 401 ? "unauthenticated" : "internal");
  const retry_after_ms = problem?.retry_after_ms ?? retryAfter(response);
  return new Refusal(
    {
      code,
      message: problem?.detail ?? response.statusText,
      retry: retryOf(response.status),
      ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
      ...(problem?.field === undefined ? {} : { field: problem.field }),
    },
    response.status,
  );
}

function problemIn(text: string): Problem | undefined {
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === "object" && problem !== null && "code" in problem
      ? (problem as Problem)
      : undefined;
  } catch {
    return undefined;
  }
}

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}

function retryOf(status: number): Retry {
  if (status === 429 || status >= 500) return "same";
  return status === 400 || status === 409 ? "changed" : "never";
}
