/** What a server allows by default. */
import type { Limits } from "#/proto/wire";

/** Counts until `welcome` came, and for what an older server leaves out. */
export const FIRST_LIMITS: Limits = {
  frame_in_bytes: 65_536,
  frame_in_before_hello_bytes: 4_096,
  frame_out_bytes: 262_144,
  in_flight: 32,
  text: 16_384,
  text_bytes: 49_152,
  title: 128,
  description: 1_024,
  files: 10,
  reactions: 20,
  mentions: 50,
  edit_window_ms: 172_800_000,
  group_members: 10_000,
  conversations: 2_000,
  sessions: 20,
  members_per_request: 200,
  focus: 8,
  watch: 200,
  blocked: 1_000,
  page: 100,
  small_conversation: 200,
};
