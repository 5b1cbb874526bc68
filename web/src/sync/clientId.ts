/** Client ids: UUIDv7, so that they sort by the time at which they were made. */
import type { ClientId } from "#/proto/wire";

/** `bytes` are ten random bytes. */
export function clientId(now_ms: number, bytes: Uint8Array): ClientId {
  const time = Math.floor(now_ms).toString(16).padStart(12, "0");
  const hex = Array.from(bytes.subarray(0, 10), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = (8 + ((bytes[2] ?? 0) & 3)).toString(16);
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-${variant}${hex.slice(5, 8)}-${hex.slice(8, 20)}`;
  return id as ClientId;
}
