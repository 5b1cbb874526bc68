//! What a peer can do wrong on the wire, and the close code each fault deserves.

use std::str::Utf8Error;
use std::string::FromUtf8Error;

/// A breach of RFC 6455 or of a limit; the connection is to be failed with
/// [`close_code`](Self::close_code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A reserved bit is set although no extension is negotiated.
    #[error("reserved bit set")]
    ReservedBit,
    /// An opcode that RFC 6455 does not define.
    #[error("reserved opcode")]
    ReservedOpcode,
    /// A client that does not mask, or a server that does.
    #[error("frame masked by the wrong side")]
    WrongMasking,
    /// A control frame without the final bit.
    #[error("fragmented control frame")]
    FragmentedControl,
    /// A control frame of more than 125 bytes, or one whose length takes a form for that.
    #[error("control frame over 125 bytes")]
    ControlTooLong,
    /// A 64-bit length with its highest bit set.
    #[error("frame length over 63 bits")]
    LengthOverflow,
    /// A continuation while no message is open.
    #[error("continuation without a start")]
    OrphanContinuation,
    /// A text or binary frame while another message is open.
    #[error("new message inside a fragmented one")]
    InterruptedMessage,
    /// A close frame with a body of one byte.
    #[error("close frame with half a code")]
    TruncatedCloseCode,
    /// A close code that must not stand in a frame.
    #[error("close code not allowed on the wire")]
    ForbiddenCloseCode,
    /// Text, or the reason of a close frame, that is not UTF-8.
    #[error("text is not utf-8")]
    InvalidUtf8,
    /// A message over [`Limits::max_message_bytes`](super::Limits::max_message_bytes).
    #[error("message over the size limit")]
    MessageTooBig,
    /// A message in more than [`Limits::max_fragments`](super::Limits::max_fragments) frames.
    #[error("message over the fragment limit")]
    TooManyFragments,
}

impl Violation {
    /// The code for the close frame: 1002, 1007 or 1009.
    ///
    /// Too many fragments count as too big, for the cure is the same: send less at once.
    #[must_use]
    pub fn close_code(self) -> u16 {
        match self {
            Self::ReservedBit
            | Self::ReservedOpcode
            | Self::WrongMasking
            | Self::FragmentedControl
            | Self::ControlTooLong
            | Self::LengthOverflow
            | Self::OrphanContinuation
            | Self::InterruptedMessage
            | Self::TruncatedCloseCode
            | Self::ForbiddenCloseCode => 1002,
            Self::InvalidUtf8 => 1007,
            Self::MessageTooBig | Self::TooManyFragments => 1009,
        }
    }
}

impl From<Utf8Error> for Violation {
    fn from(_: Utf8Error) -> Self {
        Self::InvalidUtf8
    }
}

impl From<FromUtf8Error> for Violation {
    fn from(_: FromUtf8Error) -> Self {
        Self::InvalidUtf8
    }
}

/// Whether `code` may stand in a close frame.
///
/// These are the registered codes that are not reserved for local use (1004, 1005, 1006 and
/// 1015 are), and the ranges for libraries (3000–3999) and applications (4000–4999).
#[must_use]
pub fn is_close_code_allowed(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
