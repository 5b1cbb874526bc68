/** The types of the wire `voodoo.v1`, generated from the protocol's schema. */
import type { Limits as Told } from "./wire.gen";

export type * from "./wire.gen";

type Needed =
  | "frame_in_bytes"
  | "frame_out_bytes"
  | "in_flight"
  | "text"
  | "text_bytes"
  | "title"
  | "description"
  | "reactions"
  | "mentions"
  | "edit_window_ms"
  | "page"
  | "small_conversation"
  | "focus"
  | "watch";

/** What a server leaves out has a default: see `sync/limits.ts`. */
export type Limits = Told & Required<Pick<Told, Needed>>;
