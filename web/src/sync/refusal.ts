/** What the server, or this client in its place, answers instead of doing what was asked. */
import type { RefusalCode, Retry } from "#/proto/wire";
import type { Refusal as Fields } from "./input";

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  readonly retry: Retry;
  readonly retry_after_ms?: number;
  /** The field at fault, where one is. */
  readonly field?: string;
  /** The HTTP status, where it came by HTTP; 0 where there was no answer. */
  readonly status?: number;

  constructor(fields: Fields, status?: number) {
    super(fields.message);
    this.code = fields.code;
    this.retry = fields.retry;
    if (fields.retry_after_ms !== undefined) this.retry_after_ms = fields.retry_after_ms;
    if (fields.field !== undefined) this.field = fields.field;
    if (status !== undefined) this.status = status;
  }
}

/** As many messages as may wait on this device: the words stay with whoever wrote them. */
export class OutboxFull extends Error {
  override readonly name = "OutboxFull";
  readonly code = "outbox_full";
}

/** No answer: it may have been carried out. */
export function broken(): Refusal {
  return new Refusal({
    code: "unavailable",
    message: "the connection broke before the answer",
    retry: "same",
  });
}
