//! Frames ready for the socket: encoded once, shared by every receiver.

use bytes::Bytes;
use serde::Serialize;

/// Encodes a frame of the server as one complete, unmasked WebSocket text frame (RFC 6455 §5.2).
///
/// # Panics
///
/// Never for the types of the wire, which are plain data.
#[must_use]
pub fn encode(frame: &impl Serialize) -> Bytes {
    /// Room for the longest header, so that the payload is written once, behind it.
    const HEADER_BYTES: usize = 10;
    let mut buffer = Vec::with_capacity(256);
    buffer.resize(HEADER_BYTES, 0);
    serde_json::to_writer(&mut buffer, frame).expect("plain data into memory");
    let payload_bytes = buffer.len() - HEADER_BYTES;
    let (header, n) = text_header(payload_bytes);
    let from = HEADER_BYTES - n;
    buffer[from..HEADER_BYTES].copy_from_slice(&header[..n]);
    Bytes::from(buffer).slice(from..)
}

/// Frames a text that is JSON already.
#[must_use]
pub fn frame_text(text: &str) -> Bytes {
    let (header, n) = text_header(text.len());
    let mut buffer = Vec::with_capacity(n + text.len());
    buffer.extend_from_slice(&header[..n]);
    buffer.extend_from_slice(text.as_bytes());
    Bytes::from(buffer)
}

/// The text inside a frame that this module made.
#[must_use]
pub fn payload(frame: &Bytes) -> &[u8] {
    let header_bytes = match frame.get(1) {
        Some(126) => 4,
        Some(127) => 10,
        _ => 2,
    };
    frame.get(header_bytes..).unwrap_or_default()
}

fn text_header(payload_bytes: usize) -> ([u8; 10], usize) {
    let mut header = [0_u8; 10];
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
            assert_eq!(payload(&frame), text.as_bytes());
        }
    }
}
