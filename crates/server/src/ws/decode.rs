//! From bytes to messages.
//!
//! A frame that lies whole in the input is unmasked where it lies and lent out. What does
//! not (the two halves of a frame cut by a read, the fragments of a message) is collected in
//! a [`Held`], which exists only while something is incomplete.

use std::borrow::Cow;
use std::mem;
use std::str::from_utf8;

use super::header::{self, Header, MAX_HEADER_BYTES, Parsed};
use super::text::TextBuilder;
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
    fn admit(self, header: &Header, so_far: usize) -> Result<usize, Violation> {
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

/// All that is known of an incomplete frame and of an incomplete message around it.
#[derive(Debug, Default)]
struct Held {
    header: [u8; MAX_HEADER_BYTES],
    header_len: usize,
    frame: Option<OpenFrame>,
    message: Option<OpenMessage>,
    control: Vec<u8>,
}

/// A frame whose header is known and whose payload is awaited.
#[derive(Debug)]
struct OpenFrame {
    opcode: Opcode,
    is_final: bool,
    /// Turned so that its first byte belongs to the next byte to come.
    mask: [u8; 4],
    missing_bytes: usize,
}

#[derive(Debug)]
struct OpenMessage {
    body: Body,
    n_fragments: u32,
}

#[derive(Debug)]
enum Body {
    Text(TextBuilder),
    Binary(Vec<u8>),
}

impl Held {
    fn is_done(&self) -> bool {
        self.header_len == 0 && self.frame.is_none() && self.message.is_none()
    }

    fn buffer_bytes(&self) -> usize {
        let message_bytes = self.message.as_ref().map_or(0, |message| match &message.body {
            Body::Text(text) => text.capacity(),
            Body::Binary(bytes) => bytes.capacity(),
        });
        message_bytes + self.control.capacity()
    }

    /// Consumes input until something is complete or the input is used up.
    fn advance<'i>(
        &mut self,
        input: &mut &'i mut [u8],
        role: Role,
        limits: Limits,
    ) -> Result<Option<Incoming<'i>>, Violation> {
        while !input.is_empty() {
            if self.frame.is_none() {
                let Some(header) = self.take_header(input, role)? else { return Ok(None) };
                self.open_frame(&header, limits)?;
            }
            if let Some(incoming) = self.take_payload(input)? {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    fn take_header(
        &mut self,
        input: &mut &mut [u8],
        role: Role,
    ) -> Result<Option<Header>, Violation> {
        loop {
            let needed = match header::parse(&self.header[..self.header_len], role)? {
                Parsed::Header(header) => {
                    self.header_len = 0;
                    return Ok(Some(header));
                }
                Parsed::Needs(needed) => needed,
            };
            if input.is_empty() {
                return Ok(None);
            }
            let bytes = take_front(input, needed - self.header_len);
            self.header[self.header_len..self.header_len + bytes.len()].copy_from_slice(bytes);
            self.header_len += bytes.len();
        }
    }

    /// Judges a header by what is open already.
    fn open_frame(&mut self, header: &Header, limits: Limits) -> Result<(), Violation> {
        let so_far = self.message.as_ref().map_or(0, OpenMessage::len);
        let missing_bytes = limits.admit(header, so_far)?;
        match (header.opcode, &mut self.message) {
            (Opcode::Continuation, None) => return Err(Violation::OrphanContinuation),
            (Opcode::Continuation, Some(message)) => message.count_fragment(limits)?,
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(Violation::InterruptedMessage),
            (Opcode::Text, None) => {
                self.message = Some(OpenMessage::new(Body::Text(TextBuilder::default())));
            }
            (Opcode::Binary, None) => {
                self.message = Some(OpenMessage::new(Body::Binary(Vec::new())));
            }
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
        }
        self.frame = Some(OpenFrame {
            opcode: header.opcode,
            is_final: header.is_final,
            mask: header.mask,
            missing_bytes,
        });
        Ok(())
    }

    /// Takes what there is of the open frame's payload.
    fn take_payload<'i>(
        &mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Incoming<'i>>, Violation> {
        let Some(frame) = &mut self.frame else { return Ok(None) };
        let (opcode, is_final) = (frame.opcode, frame.is_final);
        let piece = frame.take_piece(input);
        let is_complete = frame.missing_bytes == 0;
        if is_complete {
            self.frame = None;
        }
        if opcode.is_control() {
            self.control.extend_from_slice(piece);
            if is_complete {
                let payload = mem::take(&mut self.control);
                return deliver(opcode, Cow::Owned(payload)).map(Some);
            }
            return Ok(None);
        }
        if let Some(message) = &mut self.message {
            message.push(piece)?;
        }
        if !(is_complete && is_final) {
            return Ok(None);
        }
        self.message.take().map(OpenMessage::finish).transpose()
    }
}

impl OpenFrame {
    fn take_piece<'i>(&mut self, input: &mut &'i mut [u8]) -> &'i [u8] {
        let piece = take_front(input, self.missing_bytes);
        unmask(piece, self.mask);
        self.mask.rotate_left(piece.len() % 4);
        self.missing_bytes -= piece.len();
        piece
    }
}

impl OpenMessage {
    fn new(body: Body) -> Self {
        Self { body, n_fragments: 1 }
    }

    fn len(&self) -> usize {
        match &self.body {
            Body::Text(text) => text.len(),
            Body::Binary(bytes) => bytes.len(),
        }
    }

    fn count_fragment(&mut self, limits: Limits) -> Result<(), Violation> {
        if self.n_fragments >= limits.max_fragments {
            return Err(Violation::TooManyFragments);
        }
        self.n_fragments += 1;
        Ok(())
    }

    fn push(&mut self, piece: &[u8]) -> Result<(), Violation> {
        match &mut self.body {
            Body::Text(text) => text.push(piece)?,
            Body::Binary(bytes) => bytes.extend_from_slice(piece),
        }
        Ok(())
    }

    fn finish<'i>(self) -> Result<Incoming<'i>, Violation> {
        Ok(match self.body {
            Body::Text(text) => Incoming::Text(Cow::Owned(text.finish()?)),
            Body::Binary(bytes) => Incoming::Binary(Cow::Owned(bytes)),
        })
    }
}

/// Splits up to `len` bytes off the front of `input`.
fn take_front<'i>(input: &mut &'i mut [u8], len: usize) -> &'i mut [u8] {
    let bytes = mem::take(input);
    let (front, rest) = bytes.split_at_mut(len.min(bytes.len()));
    *input = rest;
    front
}

fn unmask(payload: &mut [u8], key: [u8; 4]) {
    if key != [0; 4] {
        mask::apply(payload, key);
    }
}

/// Reads the unmasked payload of a frame that needs no other.
fn deliver(opcode: Opcode, payload: Cow<'_, [u8]>) -> Result<Incoming<'_>, Violation> {
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
