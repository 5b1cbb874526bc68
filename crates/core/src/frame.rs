//! Frames ready for the socket: encoded once, shared by every receiver.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;

/// What a worker keeps of the buffer that it encodes in; what was longer once goes back.
const SCRATCH_BYTES: usize = 64 * 1024;
/// Room for the longest header, so that the payload is written once, behind it.
const HEADER_BYTES: usize = 10;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A complete WebSocket frame of the server (RFC 6455 §5.2), shared by all who write it.
///
/// Two words to each who keeps one, and not a byte more than the frame for all: a slow reader
/// keeps hundreds of them waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Arc<[u8]>);

impl Frame {
    /// Takes bytes that are a frame, header and all.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The text inside a frame that this module made.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        let header_bytes = match self.get(1) {
            Some(126) => 4,
            Some(127) => 10,
            _ => 2,
        };
        self.get(header_bytes..).unwrap_or_default()
    }
}

impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Encodes a frame of the server as one complete, unmasked WebSocket text frame.
///
/// # Panics
///
/// Never for the types of the wire, which are plain data.
#[must_use]
pub fn encode(frame: &impl Serialize) -> Frame {
    framed(|buffer| serde_json::to_writer(buffer, frame).expect("plain data into memory"))
}

/// Frames a text that is JSON already.
#[must_use]
pub fn frame_text(text: &str) -> Frame {
    framed(|buffer| buffer.extend_from_slice(text.as_bytes()))
}

/// A text frame of what is written.
fn framed(write: impl FnOnce(&mut Vec<u8>)) -> Frame {
    SCRATCH.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.resize(HEADER_BYTES, 0);
        write(buffer);
        let (header, n) = text_header(buffer.len() - HEADER_BYTES);
        let from = HEADER_BYTES - n;
        buffer[from..HEADER_BYTES].copy_from_slice(&header[..n]);
        let frame = Frame::new(&buffer[from..]);
        buffer.clear();
        buffer.shrink_to(SCRATCH_BYTES);
        frame
    })
}

fn text_header(payload_bytes: usize) -> ([u8; HEADER_BYTES], usize) {
    let mut header = [0_u8; HEADER_BYTES];
    header[0] = 0x81;
    if let Ok(short @ 0..=125) = u8::try_from(payload_bytes) {
        header[1] = short;
        (header, 2)
    } else if let Ok(medium) = u16::try_from(payload_bytes) {
        header[1] = 126;
        header[2..4].copy_from_slice(&medium.to_be_bytes());
        (header, 4)
    } else {
        header[1] = 127;
        header[2..10].copy_from_slice(&(payload_bytes as u64).to_be_bytes());
        (header, 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_grow_with_the_payload() {
        for (n, header_bytes) in [(2, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let text = format!("\"{}\"", "x".repeat(n - 2));
            let frame = encode(&"x".repeat(n - 2));
            assert_eq!(frame.len(), n + header_bytes);
            assert_eq!(frame, frame_text(&text));
            assert_eq!(frame.payload(), text.as_bytes());
        }
    }
}
