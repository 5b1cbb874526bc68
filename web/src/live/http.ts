// The HTTP side of the server: doors, devices, invites. Errors become refusals with a code of the wire.

/** A refusal or a failure, told by code; `network` where no answer came. */
export class HttpRefusal extends Error {
  readonly code: string;
  readonly field: string | undefined;
  readonly status: number;

  constructor(code: string, status: number, field?: string) {
    super(`the server refused: ${code}`);
    this.name = "HttpRefusal";
    this.code = code;
    this.status = status;
    this.field = field;
  }
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** Beyond this nobody waits any more. */
const TIMEOUT_MS = 20_000;

/**
 * Asks the server; the cookie of the log-in goes along by itself.
 *
 * The caller names the type of the answer: the server's OpenAPI document is the contract.
 */
export async function ask<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      credentials: "same-origin",
      headers: { "X-Voodoo": "1", ...(body && { "Content-Type": "application/json" }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new HttpRefusal("network", 0);
  }
  if (!response.ok) throw await refusalOf(response);
  return (response.status === 204 ? undefined : await response.json().catch(() => undefined)) as Answer;
}

/** Problem details as of RFC 9457, with the `code` of the wire beside the standard members. */
async function refusalOf(response: Response): Promise<HttpRefusal> {
  const problem: unknown = await response.json().catch(() => undefined);
  const { code, field } = (typeof problem === "object" && problem !== null ? problem : {}) as Record<string, unknown>;
  return new HttpRefusal(
    typeof code === "string" ? code : codeOf(response.status),
    response.status,
    typeof field === "string" ? field : undefined,
  );
}

/** For answers of something between the server and here, such as a proxy. */
function codeOf(status: number): string {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  if (status === 429) return "rate_limited";
  if (status === 502 || status === 503 || status === 504) return "unavailable";
  return "internal";
}
