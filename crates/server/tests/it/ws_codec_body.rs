//! What must hold of the WebSocket decoder for whatever bytes arrive.
//!
//! Shared by the property tests and, through `#[path]`, by the fuzz target.

use std::io::{self, Cursor, Read, Write};

use tungstenite::protocol::{Role as TheirRole, WebSocketConfig};
use tungstenite::{Error, Message as TheirMessage, WebSocket};
use voodoo_server::ws::{Decoder, Incoming, Limits, Role, Violation};

/// A message apart from the buffer it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>, String),
}

impl From<Incoming<'_>> for Message {
    fn from(incoming: Incoming<'_>) -> Self {
        match incoming {
            Incoming::Text(text) => Self::Text(text.into_owned()),
            Incoming::Binary(bytes) => Self::Binary(bytes.into_owned()),
            Incoming::Ping(bytes) => Self::Ping(bytes.into_owned()),
            Incoming::Pong => Self::Pong,
            Incoming::Close(code, reason) => Self::Close(code, reason.into_owned()),
        }
    }
}

/// All that came of one connection's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) messages: Vec<Message>,
    pub(crate) violation: Option<Violation>,
    pub(crate) is_idle: bool,
}

/// Decodes `wire` in reads of the lengths that `read_len` gives.
pub(crate) fn decode(
    wire: &[u8],
    role: Role,
    limits: Limits,
    mut read_len: impl FnMut() -> usize,
) -> Outcome {
    let mut decoder = Decoder::new(role, limits);
    let mut messages = Vec::new();
    let mut violation = None;
    let mut rest = wire;
    while violation.is_none() && !rest.is_empty() {
        let (read, later) = rest.split_at(read_len().clamp(1, rest.len()));
        rest = later;
        let mut scratch = read.to_vec();
        let mut input = scratch.as_mut_slice();
        loop {
            match decoder.next(&mut input) {
                Ok(Some(incoming)) => messages.push(incoming.into()),
                Ok(None) => break assert!(input.is_empty(), "None means used up"),
                Err(found) => {
                    assert_eq!(decoder.next(&mut input), Err(found), "a failure is final");
                    break violation = Some(found);
                }
            }
        }
        assert_eq!(decoder.is_idle(), decoder.held_bytes() == 0);
        let held_limit = 512 + 2 * limits.max_message_bytes;
        assert!(decoder.held_bytes() <= held_limit, "{} bytes held", decoder.held_bytes());
    }
    Outcome { messages, violation, is_idle: decoder.is_idle() }
}

/// How the oracle left the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TheirEnd {
    Closed,
    Failed,
    /// The bytes ended before anything was wrong.
    Incomplete,
}

/// Decodes `wire` with tungstenite.
pub(crate) fn decode_theirs(
    wire: &[u8],
    role: Role,
    max_message_bytes: usize,
) -> (Vec<Message>, TheirEnd) {
    let config = WebSocketConfig::default()
        .read_buffer_size(4_096)
        .max_message_size(Some(max_message_bytes))
        .max_frame_size(Some(max_message_bytes));
    let their_role = match role {
        Role::Server => TheirRole::Server,
        Role::Client => TheirRole::Client,
    };
    let wire = ReadOnly(Cursor::new(wire));
    let mut socket = WebSocket::from_raw_socket(wire, their_role, Some(config));
    let mut messages = Vec::new();
    loop {
        let message = match socket.read() {
            Ok(TheirMessage::Text(text)) => Message::Text(text.to_string()),
            Ok(TheirMessage::Binary(bytes)) => Message::Binary(bytes.to_vec()),
            Ok(TheirMessage::Ping(bytes)) => Message::Ping(bytes.to_vec()),
            Ok(TheirMessage::Pong(_)) => Message::Pong,
            Ok(TheirMessage::Frame(_)) => unreachable!("never read"),
            Ok(TheirMessage::Close(close)) => {
                messages.push(close.map_or(Message::Close(None, String::new()), |close| {
                    Message::Close(Some(close.code.into()), close.reason.to_string())
                }));
                return (messages, TheirEnd::Closed);
            }
            Err(Error::Protocol(
                tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            )) => return (messages, TheirEnd::Incomplete),
            Err(_) => return (messages, TheirEnd::Failed),
        };
        messages.push(message);
    }
}

/// Input from memory; what is written goes nowhere.
struct ReadOnly<'w>(Cursor<&'w [u8]>);

impl Read for ReadOnly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for ReadOnly<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Read lengths from 1 to 64, the same for the same seed.
pub(crate) fn read_lens(seed: u8) -> impl FnMut() -> usize {
    let mut state = u32::from(seed) * 2 + 1;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state % 64) as usize + 1
    }
}

/// The fuzz target: two bytes of settings, then what a peer might send.
///
/// Checks that no way of cutting the bytes into reads changes what comes of them, and that
/// tungstenite, given the same bytes, says the same.
pub(crate) fn check_bytes(data: &[u8]) {
    let [flags, seed, wire @ ..] = data else { return };
    let role = if flags & 1 == 0 { Role::Server } else { Role::Client };
    // Not below a control frame's 125 bytes, to which the oracle applies its limit too.
    let max_message_bytes = if flags & 2 == 0 { 65_536 } else { 128 };
    let limits = Limits { max_message_bytes, max_fragments: u32::MAX };

    let outcome = decode(wire, role, limits, || usize::MAX);
    assert_eq!(outcome, decode(wire, role, limits, || 1), "byte by byte");
    assert_eq!(outcome, decode(wire, role, limits, read_lens(*seed)), "in random reads");
    check_against_oracle(&outcome, wire, role, max_message_bytes);

    let few = Limits { max_fragments: 3, ..limits };
    assert_eq!(decode(wire, role, few, || usize::MAX), decode(wire, role, few, || 1), "few");
}

/// Compares with tungstenite, which judges some faults later than we do and never earlier.
///
/// Three differences are wanted: a forbidden close code is a fault here and a close frame
/// there; a control frame with a 16- or 64-bit length is a fault here even if the length
/// is small; and close code 1014 is allowed here, being registered since.
fn check_against_oracle(outcome: &Outcome, wire: &[u8], role: Role, max_message_bytes: usize) {
    let (mut theirs, their_end) = decode_theirs(wire, role, max_message_bytes);
    let mut ours = outcome.messages.clone();
    let is_closed = matches!(ours.last(), Some(Message::Close(..)));
    match outcome.violation {
        // The reason behind the code may be bad as well, which fails there too.
        Some(Violation::ForbiddenCloseCode) if their_end == TheirEnd::Failed => {}
        Some(Violation::ForbiddenCloseCode) => {
            assert_eq!(their_end, TheirEnd::Closed);
            theirs.pop();
        }
        Some(Violation::ControlTooLong) => theirs.truncate(ours.len()),
        Some(_) => assert_ne!(their_end, TheirEnd::Closed),
        None if is_closed => assert_eq!(their_end, TheirEnd::Closed),
        None => assert_eq!(their_end, TheirEnd::Incomplete),
    }
    if matches!(ours.last(), Some(Message::Close(Some(1014), _))) {
        ours.pop();
        theirs.pop();
    }
    assert_eq!(ours, theirs);
}
