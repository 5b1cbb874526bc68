//! From messages to frames.
//!
//! The whole-frame functions write what a server sends. [`write_frame`] is the general form:
//! fragments, and the masked frames of a client.

use bytes::{BufMut, Bytes, BytesMut};

use super::header::{MAX_CONTROL_BYTES, MAX_HEADER_BYTES};
use super::{Opcode, mask};

/// What stands in a header besides the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Whether the message ends with this frame.
    pub is_final: bool,
    /// The kind of frame.
    pub opcode: Opcode,
    /// The key of a client's frame; a server has none.
    pub mask: Option<[u8; 4]>,
}

impl FrameHead {
    /// The head of an unfragmented server frame.
    #[must_use]
    pub const fn server(opcode: Opcode) -> Self {
        Self { is_final: true, opcode, mask: None }
    }

    /// The head of an unfragmented client frame.
    #[must_use]
    pub const fn client(opcode: Opcode, key: [u8; 4]) -> Self {
        Self { is_final: true, opcode, mask: Some(key) }
    }
}

/// Appends one frame to `out`, with the shortest form of its length.
pub fn write_frame(out: &mut BytesMut, head: FrameHead, payload: &[u8]) {
    out.reserve(MAX_HEADER_BYTES + payload.len());
    write_header(out, head, payload.len());
    let start = out.len();
    out.put_slice(payload);
    if let Some(key) = head.mask {
        mask::apply(&mut out[start..], key);
    }
}

/// A text message in one server frame; `payload` must be UTF-8.
#[must_use]
pub fn text_frame(payload: &[u8]) -> Bytes {
    server_frame(Opcode::Text, payload)
}

/// A binary message in one server frame.
#[must_use]
pub fn binary_frame(payload: &[u8]) -> Bytes {
    server_frame(Opcode::Binary, payload)
}

/// A ping.
///
/// # Panics
///
/// If `payload` is over 125 bytes.
#[must_use]
pub fn ping_frame(payload: &[u8]) -> Bytes {
    control_frame(Opcode::Ping, payload)
}

/// A pong; the payload of a decoded ping always fits.
///
/// # Panics
///
/// If `payload` is over 125 bytes.
#[must_use]
pub fn pong_frame(payload: &[u8]) -> Bytes {
    control_frame(Opcode::Pong, payload)
}

/// A close frame, the reason cut at a character boundary where it is over 123 bytes.
///
/// Without a code there is no reason either: RFC 6455 has no place for it.
#[must_use]
pub fn close_frame(code: Option<u16>, reason: &str) -> Bytes {
    let Some(code) = code else { return control_frame(Opcode::Close, &[]) };
    let end = reason.floor_char_boundary(MAX_CONTROL_BYTES - 2);
    let mut payload = Vec::with_capacity(MAX_CONTROL_BYTES);
    payload.extend_from_slice(&code.to_be_bytes());
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    control_frame(Opcode::Close, &payload)
}

fn control_frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    assert!(payload.len() <= MAX_CONTROL_BYTES, "control payload over {MAX_CONTROL_BYTES} bytes");
    server_frame(opcode, payload)
}

fn server_frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(header_bytes(payload.len()) + payload.len());
    write_header(&mut out, FrameHead::server(opcode), payload.len());
    out.put_slice(payload);
    out.freeze()
}

fn write_header(out: &mut BytesMut, head: FrameHead, payload_bytes: usize) {
    let final_bit = if head.is_final { 0x80 } else { 0 };
    let mask_bit = if head.mask.is_some() { 0x80 } else { 0 };
    out.put_u8(final_bit | head.opcode.bits());
    match (u8::try_from(payload_bytes), u16::try_from(payload_bytes)) {
        (Ok(short @ ..=125), _) => out.put_u8(mask_bit | short),
        (_, Ok(medium)) => {
            out.put_u8(mask_bit | 126);
            out.put_u16(medium);
        }
        (_, Err(_)) => {
            out.put_u8(mask_bit | 127);
            out.put_u64(payload_bytes as u64);
        }
    }
    if let Some(key) = head.mask {
        out.put_slice(&key);
    }
}

/// The length of an unmasked header.
fn header_bytes(payload_bytes: usize) -> usize {
    match payload_bytes {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_class_fill_their_one_allocation() {
        for len in [0, 1, 125, 126, 0xffff, 0x1_0000] {
            let payload = vec![b'x'; len];
            let frame = text_frame(&payload);
            assert_eq!(frame.len(), header_bytes(len) + len);
            let unique = frame.try_into_mut().expect("nobody else holds it");
            assert_eq!(unique.capacity(), header_bytes(len) + len);
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = close_frame(Some(4400), &"é".repeat(100));
        assert_eq!(frame.len(), 2 + 2 + 122);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }

    #[test]
    #[should_panic(expected = "over 125 bytes")]
    fn an_oversized_ping_is_a_bug_of_the_caller() {
        let _frame = ping_frame(&[0; 126]);
    }
}
