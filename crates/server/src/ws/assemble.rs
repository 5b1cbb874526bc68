//! What is kept of a frame or message until the rest of it comes.

use std::borrow::Cow;
use std::mem;

use super::decode::{Incoming, Limits, deliver, take_front, unmask};
use super::header::{self, Header, MAX_HEADER_BYTES, Parsed};
use super::text::TextBuilder;
use super::{Opcode, Role, Violation};

/// All that is known of an incomplete frame and of an incomplete message around it.
#[derive(Debug, Default)]
pub(super) struct Held {
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
    pub(super) fn is_done(&self) -> bool {
        self.header_len == 0 && self.frame.is_none() && self.message.is_none()
    }

    pub(super) fn buffer_bytes(&self) -> usize {
        let message_bytes = self.message.as_ref().map_or(0, |message| match &message.body {
            Body::Text(text) => text.capacity(),
            Body::Binary(bytes) => bytes.capacity(),
        });
        message_bytes + self.control.capacity()
    }

    /// Consumes input until something is complete or the input is used up.
    pub(super) fn advance<'i>(
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
