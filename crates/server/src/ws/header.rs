//! The two to fourteen bytes before each payload (RFC 6455 §5.2).

use super::{Role, Violation};

/// The longest header: two bytes, a 64-bit length and a mask.
pub(super) const MAX_HEADER_BYTES: usize = 14;

/// The longest payload of a control frame.
pub(super) const MAX_CONTROL_BYTES: usize = 125;

/// The kinds of frame that RFC 6455 defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// A further fragment of the open message.
    Continuation,
    /// A text message or its first fragment.
    Text,
    /// A binary message or its first fragment.
    Binary,
    /// The peer ends the connection.
    Close,
    /// The peer asks for a pong.
    Ping,
    /// The answer to a ping, or an unasked sign of life.
    Pong,
}

impl Opcode {
    /// The four bits that stand in the first byte of a frame.
    pub(super) fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    /// Whether frames of this kind are short, whole, and allowed between fragments.
    #[must_use]
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    fn from_bits(bits: u8) -> Result<Self, Violation> {
        Ok(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return Err(Violation::ReservedOpcode),
        })
    }
}

/// A header that is whole and lawful by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) is_final: bool,
    pub(super) opcode: Opcode,
    /// All zero where the peer does not mask.
    pub(super) mask: [u8; 4],
    pub(super) header_bytes: usize,
    pub(super) payload_bytes: u64,
}

/// What the first bytes of a frame amount to.
#[derive(Debug)]
pub(super) enum Parsed {
    /// That many bytes in all are needed to know more.
    Needs(usize),
    /// The header is whole.
    Header(Header),
}

/// Reads the header at the start of `bytes`, which may hold less or more than one.
///
/// A fault is reported as soon as the byte that shows it is there.
pub(super) fn parse(bytes: &[u8], role: Role) -> Result<Parsed, Violation> {
    let Some(&first) = bytes.first() else { return Ok(Parsed::Needs(2)) };
    if first & 0x70 != 0 {
        return Err(Violation::ReservedBit);
    }
    let opcode = Opcode::from_bits(first & 0x0f)?;
    let is_final = first & 0x80 != 0;
    if opcode.is_control() && !is_final {
        return Err(Violation::FragmentedControl);
    }

    let Some(&second) = bytes.get(1) else { return Ok(Parsed::Needs(2)) };
    let is_masked = second & 0x80 != 0;
    if is_masked != (role == Role::Server) {
        return Err(Violation::WrongMasking);
    }
    let short = second & 0x7f;
    if opcode.is_control() && usize::from(short) > MAX_CONTROL_BYTES {
        return Err(Violation::ControlTooLong);
    }

    let length_bytes = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let header_bytes = 2 + length_bytes + if is_masked { 4 } else { 0 };
    let Some(header) = bytes.get(..header_bytes) else { return Ok(Parsed::Needs(header_bytes)) };
    let payload_bytes = match length_bytes {
        0 => u64::from(short),
        _ => header[2..2 + length_bytes].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
    };
    if payload_bytes >> 63 != 0 {
        return Err(Violation::LengthOverflow);
    }
    let mask = if is_masked { header.last_chunk().copied().unwrap_or_default() } else { [0; 4] };
    Ok(Parsed::Header(Header { is_final, opcode, mask, header_bytes, payload_bytes }))
}
