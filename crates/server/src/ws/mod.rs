//! WebSocket (RFC 6455) without input or output: bytes in, messages out, and back.
//!
//! [`Decoder`] keeps no buffer between messages, so that an idle connection costs its
//! struct and nothing more; [`encode`] writes frames; [`handshake`] judges an upgrade
//! request. Nothing here reads a socket, answers a ping or closes anything: that is the
//! session's duty, which is told what came and which close code a fault deserves.
//!
//! Extensions are not negotiated, hence every reserved bit is a fault.

pub mod encode;
pub mod handshake;

mod assemble;
mod decode;
mod header;
mod mask;
mod text;
mod violation;

pub use decode::{Decoder, Incoming, Limits};
pub use header::Opcode;
pub use violation::{Violation, is_close_code_allowed};

/// Which end of the connection this is; it decides who masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads masked frames and writes unmasked ones.
    Server,
    /// Reads unmasked frames and writes masked ones.
    Client,
}
