//! The wire `voodoo.v1` and nothing else: ids, frames, codes, limits.
//!
//! Every type here crosses the socket or the HTTP door as JSON. Readers ignore unknown fields;
//! a field is present or absent, never `null` on output, and `null` on input counts as absent.
//! This crate does no I/O, takes no clock and knows no rule beyond the shape of a frame.

pub mod codes;
pub mod decode;
pub mod event;
pub mod http;
pub mod id;
pub mod limits;
pub mod object;
pub mod reply;
pub mod request;
pub mod schema;

pub use codes::{CloseCode, RefusalCode, Retry};
pub use decode::{DecodeError, Incoming, decode};
pub use event::ServerFrame;
pub use id::{ClientId, ConversationId, DeviceId, FileId, InviteId, UserId};
pub use limits::{Limits, Rate, Rates};
pub use reply::Refused;
pub use request::Request;

/// The subprotocol that both sides name in `Sec-WebSocket-Protocol`.
pub const SUBPROTOCOL: &str = "voodoo.v1";

/// The greatest counter, time or request id on the wire: what a double holds exactly.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
