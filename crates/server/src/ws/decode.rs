//! From bytes to messages.
//!
//! A frame that lies whole in the input is unmasked where it lies and lent out. What does
//! not (the two halves of a frame cut by a read, the fragments of a message) is collected in
//! a [`Held`], which exists only while something is incomplete.

use std::borrow::Cow;
use std::mem;
use std::str::from_utf8;

use super::assemble::Held;
use super::header::{self, Header, Parsed};
use super::violation::is_close_code_allowed;
use super::{Opcode, Role, Violation, mask};

/// How much one message may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Payload bytes of one message, over all its fragments.
    pub max_message_bytes: usize,
    /// Frames of one message; it stops a stream of empty fragments.
    pub max_fragments: u32,
}

impl Limits {
    /// The fragment limit that suits a client which has no reason to fragment at all.
    pub const DEFAULT_MAX_FRAGMENTS: u32 = 1_024;

    /// Limits with the default number of fragments.
    #[must_use]
    pub const fn new(max_message_bytes: usize) -> Self {
        Self { max_message_bytes, max_fragments: Self::DEFAULT_MAX_FRAGMENTS }
    }

    /// The payload length of `header`, if a message that has `so_far` bytes may grow by it.
    pub(super) fn admit(self, header: &Header, so_far: usize) -> Result<usize, Violation> {
        let payload_bytes =
            usize::try_from(header.payload_bytes).or(Err(Violation::MessageTooBig))?;
        if !header.opcode.is_control()
            && payload_bytes > self.max_message_bytes.saturating_sub(so_far)
        {
            return Err(Violation::MessageTooBig);
        }
        Ok(payload_bytes)
    }
}

/// What the peer sent: borrowed from the input where it lay whole there, else owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming<'i> {
    /// A whole text message.
    Text(Cow<'i, str>),
    /// A whole binary message.
    Binary(Cow<'i, [u8]>),
    /// A ping, whose payload the pong must repeat.
    Ping(Cow<'i, [u8]>),
    /// A pong; its payload is of no use here.
    Pong,
    /// A close frame with its code, if it has one, and its reason.
    Close(Option<u16>, Cow<'i, str>),
}

/// Takes the bytes of one connection and gives out its messages.
///
/// Holds no buffer between messages. What it holds within one grows with the bytes that
/// arrived, never with a length that was only announced, to at most twice
/// [`Limits::max_message_bytes`] by the doubling of its buffer.
#[derive(Debug)]
pub struct Decoder {
    held: Option<Box<Held>>,
    limits: Limits,
    role: Role,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Open,
    Closed,
    Failed(Violation),
}

impl Decoder {
    /// A decoder for what reaches this end of a connection.
    #[must_use]
    pub fn new(role: Role, limits: Limits) -> Self {
        Self { held: None, limits, role, stage: Stage::Open }
    }

    /// Sets other limits, which hold from the next frame header on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether nothing is incomplete, and so no memory held.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.held.is_none()
    }

    /// Bytes on the heap, all for a frame or message that is incomplete.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held.as_ref().map_or(0, |held| size_of::<Held>() + held.buffer_bytes())
    }

    /// Takes the next message or control frame off the front of `input`.
    ///
    /// Call it until it answers `None`; then `input` is used up and may be written over.
    /// The bytes of `input` are changed in place. After a close frame everything further is
    /// swallowed, as RFC 6455 §5.5.1 forbids the peer to send it.
    ///
    /// # Errors
    ///
    /// The [`Violation`] with which the connection is to be failed. It comes with the first
    /// byte that shows it, and every later call repeats it.
    pub fn next<'i>(
        &mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Incoming<'i>>, Violation> {
        match self.stage {
            Stage::Open => {}
            Stage::Closed => {
                *input = &mut [];
                return Ok(None);
            }
            Stage::Failed(violation) => return Err(violation),
        }
        let outcome = match self.held.take() {
            None => self.next_whole(input),
            Some(held) => self.resume(held, input),
        };
        match &outcome {
            Ok(Some(Incoming::Close(..))) => self.end(Stage::Closed),
            Err(violation) => self.end(Stage::Failed(*violation)),
            Ok(_) => {}
        }
        outcome
    }

    fn end(&mut self, stage: Stage) {
        self.held = None;
        self.stage = stage;
    }

    /// The short way: nothing is held, and mostly nothing will be.
    fn next_whole<'i>(
        &mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Incoming<'i>>, Violation> {
        if let Parsed::Header(header) = header::parse(input, self.role)? {
            let payload_bytes = self.limits.admit(&header, 0)?;
            let present_bytes = input.len() - header.header_bytes;
            if header.is_final && payload_bytes <= present_bytes {
                take_front(input, header.header_bytes);
                let payload = take_front(input, payload_bytes);
                unmask(payload, header.mask);
                return deliver(header.opcode, Cow::Borrowed(payload)).map(Some);
            }
        } else if input.is_empty() {
            return Ok(None);
        }
        self.resume(Box::default(), input)
    }

    fn resume<'i>(
        &mut self,
        mut held: Box<Held>,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Incoming<'i>>, Violation> {
        let incoming = held.advance(input, self.role, self.limits)?;
        if !held.is_done() {
            self.held = Some(held);
        }
        Ok(incoming)
    }
}

/// Splits up to `len` bytes off the front of `input`.
pub(super) fn take_front<'i>(input: &mut &'i mut [u8], len: usize) -> &'i mut [u8] {
    let bytes = mem::take(input);
    let (front, rest) = bytes.split_at_mut(len.min(bytes.len()));
    *input = rest;
    front
}

pub(super) fn unmask(payload: &mut [u8], key: [u8; 4]) {
    if key != [0; 4] {
        mask::apply(payload, key);
    }
}

/// Reads the unmasked payload of a frame that needs no other.
pub(super) fn deliver(opcode: Opcode, payload: Cow<'_, [u8]>) -> Result<Incoming<'_>, Violation> {
    Ok(match opcode {
        Opcode::Continuation => return Err(Violation::OrphanContinuation),
        Opcode::Text => Incoming::Text(text(payload)?),
        Opcode::Binary => Incoming::Binary(payload),
        Opcode::Ping => Incoming::Ping(payload),
        Opcode::Pong => Incoming::Pong,
        Opcode::Close => return close(payload),
    })
}

fn text(payload: Cow<'_, [u8]>) -> Result<Cow<'_, str>, Violation> {
    Ok(match payload {
        Cow::Borrowed(bytes) => Cow::Borrowed(from_utf8(bytes)?),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes)?),
    })
}

fn close(payload: Cow<'_, [u8]>) -> Result<Incoming<'_>, Violation> {
    if payload.is_empty() {
        return Ok(Incoming::Close(None, Cow::Borrowed("")));
    }
    let code_bytes = payload.first_chunk().ok_or(Violation::TruncatedCloseCode)?;
    let code = u16::from_be_bytes(*code_bytes);
    if !is_close_code_allowed(code) {
        return Err(Violation::ForbiddenCloseCode);
    }
    let reason = match payload {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[2..]),
        Cow::Owned(mut bytes) => Cow::Owned(bytes.split_off(2)),
    };
    Ok(Incoming::Close(Some(code), text(reason)?))
}
