//! The wire as the load tool speaks it: as few bytes looked at as will do.
//!
//! A client of the load tool shares the processors with the server that it measures, so it parses
//! no JSON on the hot path: the server writes the fields of a frame in one order, and the few that
//! are needed are found by their places. What does not look as expected is never counted.

use std::str::FromStr as _;

use memchr::memmem;
use voodoo_proto::{ConversationId, SUBPROTOCOL};

/// A frame's opcode and where its payload lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framed {
    /// What kind of frame.
    pub(crate) opcode: u8,
    /// Where the payload begins.
    pub(crate) from: usize,
    /// Where it ends, and the next frame begins.
    pub(crate) to: usize,
}

/// Text, as RFC 6455 numbers it.
pub(crate) const TEXT: u8 = 1;
/// The end of the connection.
pub(crate) const CLOSE: u8 = 8;

/// Finds the first whole frame. Masked frames (of clients) carry a zero mask here.
pub(crate) fn next_frame(bytes: &[u8]) -> Option<Framed> {
    let [first, second, ..] = *bytes else { return None };
    let mask_bytes = if second & 0x80 == 0 { 0 } else { 4 };
    let (header, payload): (usize, usize) = match second & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => {
            let long = u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
            (10, usize::try_from(long).ok()?)
        }
        short => (2, usize::from(short)),
    };
    let from: usize = header + mask_bytes;
    let to = from.checked_add(payload)?;
    (bytes.len() >= to).then_some(Framed { opcode: first & 0x0f, from, to })
}

/// Appends one text frame of a client. The mask is zero, which RFC 6455 allows the bits to be and
/// which costs the generator nothing; the server unmasks all the same.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put_header(out, text.len(), 0x80);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(text);
}

/// One text frame of a server, whole.
pub(crate) fn server_text(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 10);
    put_header(&mut out, text.len(), 0);
    out.extend_from_slice(text);
    out
}

fn put_header(out: &mut Vec<u8>, payload_bytes: usize, mask_bit: u8) {
    out.push(0x80 | TEXT);
    match (u8::try_from(payload_bytes), u16::try_from(payload_bytes)) {
        (Ok(short @ 0..=125), _) => out.push(mask_bit | short),
        (_, Ok(medium)) => {
            out.push(mask_bit | 126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(mask_bit | 127);
            out.extend_from_slice(&(payload_bytes as u64).to_be_bytes());
        }
    }
}

/// The request that opens a socket.
pub(crate) fn upgrade(host: &str, path: &str, token: Option<&str>) -> Vec<u8> {
    let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n{}\r\n",
        bearer.unwrap_or_default()
    )
    .into_bytes()
}

/// What a frame of the server says, as far as the load tool cares.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// A message of another.
    Message {
        /// Where.
        conversation: i64,
        /// Its change.
        rev: u64,
        /// When its sender sent it, if the text says so.
        sent_ns: Option<u64>,
    },
    /// A request was answered.
    Ok {
        /// Which.
        id: u64,
        /// The change that it took.
        rev: Option<u64>,
    },
    /// A page of the state at the start.
    Sync(&'a [u8]),
    /// The answer to a ping, with its digest if it was asked for.
    Pong(&'a [u8]),
    /// A request was refused.
    Refused(&'a [u8]),
    /// Events were left out, for the client was too slow.
    Lagging,
    /// Whatever else.
    Other,
}

/// Reads what is needed of a text frame.
pub(crate) fn read(text: &[u8]) -> Said<'_> {
    let Some(rest) = text.strip_prefix(b"{\"type\":\"") else { return Said::Other };
    match rest {
        [b'm', b'e', b's', b's', ..] => message(rest).unwrap_or(Said::Other),
        [b'o', b'k', b'"', rest @ ..] => {
            let id = rest.strip_prefix(b",\"id\":").map(number);
            id.map_or(Said::Other, |id| Said::Ok { id, rev: field(rest, b",\"rev\":") })
        }
        [b's', b'y', b'n', b'c', ..] => Said::Sync(text),
        [b'p', b'o', b'n', b'g', ..] => Said::Pong(text),
        [b'r', b'e', b'f', b'u', ..] => Said::Refused(text),
        [b'h', b'e', b'a', b'd', ..] if memmem::find(rest, b"\"lagging\":true").is_some() => {
            Said::Lagging
        }
        _ => Said::Other,
    }
}

fn message(rest: &[u8]) -> Option<Said<'_>> {
    let rest = rest.strip_prefix(b"message\",\"conversation\":\"")?;
    let (conversation, rest) = quoted_id(rest)?;
    let rev = field(rest, b",\"rev\":")?;
    let sent_ns = memmem::find(rest, b"\"text\":\"@").map(|at| number(&rest[at + 9..]));
    Some(Said::Message { conversation, rev, sent_ns })
}

/// A conversation of a sync page and its newest change.
pub(crate) fn heads(page: &[u8]) -> impl Iterator<Item = (i64, u64)> + '_ {
    stands(page).map(|(conversation, _, rev)| (conversation, rev))
}

/// The same, with the newest message before the newest change.
pub(crate) fn stands(page: &[u8]) -> impl Iterator<Item = (i64, u64, u64)> + '_ {
    let ends = memmem::find_iter(page, b"\"conversation\":\"");
    ends.filter_map(|at| {
        let (conversation, rest) = quoted_id(&page[at + 16..])?;
        // Only a head has its counters right behind its name.
        let rest = rest.strip_prefix(b",\"last_seq\":")?;
        Some((conversation, number(rest), field(rest, b",\"last_rev\":")?))
    })
}

/// Whether a sync page is the last.
pub(crate) fn is_done(page: &[u8]) -> bool {
    memmem::rfind(page, b"\"done\":true").is_some()
}

/// The sum of the newest changes that a digest tells.
pub(crate) fn digest_revs(pong: &[u8]) -> Option<u64> {
    field(pong, b"\"revs\":")
}

/// An id up to its closing quote, and what follows that.
fn quoted_id(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let end = memchr::memchr(b'"', bytes)?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((ConversationId::from_str(text).ok()?.get(), &bytes[end + 1..]))
}

fn field(bytes: &[u8], name: &[u8]) -> Option<u64> {
    memmem::find(bytes, name).map(|at| number(&bytes[at + name.len()..]))
}

/// The decimal number that stands at the beginning.
fn number(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_found_once_it_is_whole() {
        for n in [0, 125, 126, 65_535, 65_536] {
            let frame = server_text(&vec![b'x'; n]);
            assert_eq!(next_frame(&frame[..frame.len() - 1]).map(|one| one.to), None);
            let found = next_frame(&frame).unwrap();
            assert_eq!((found.opcode, found.to - found.from, found.to), (TEXT, n, frame.len()));
            let mut masked = Vec::new();
            put_text(&mut masked, &vec![b'x'; n]);
            assert_eq!(next_frame(&masked).unwrap().to, masked.len());
        }
    }

    #[test]
    fn what_the_wire_shows_as_examples_is_read() {
        let examples = include_str!("../../crates/proto/fixtures/frames/event/message.json");
        let first = examples.lines().nth(1).unwrap().trim().trim_end_matches(',');
        let Said::Message { conversation, rev, .. } = read(first.as_bytes()) else {
            panic!("{first}");
        };
        assert_eq!(
            (ConversationId::new(conversation).unwrap().to_string(), rev),
            ("c_3F".into(), 57)
        );
        let ok = br#"{"type":"ok","id":4,"seq":42,"rev":57,"at_ms":1,"duplicate":false}"#;
        assert_eq!(read(ok), Said::Ok { id: 4, rev: Some(57) });
    }

    #[test]
    fn the_heads_of_a_page_are_found_and_nothing_else() {
        let examples = include_str!("../../crates/proto/fixtures/frames/event/sync.json");
        let page = examples.lines().nth(1).unwrap().as_bytes();
        let found: Vec<_> = heads(page).map(|(_, rev)| rev).collect();
        assert_eq!(found, [57, 402]);
        let found: Vec<_> = stands(page).map(|(_, seq, rev)| (seq, rev)).collect();
        assert_eq!(found, [(42, 57), (318, 402)]);
        assert!(!is_done(page));
        assert!(is_done(examples.lines().nth(2).unwrap().as_bytes()));
    }

    #[test]
    fn the_time_of_sending_is_read_out_of_the_text() {
        let text = br#"{"type":"message","conversation":"c_3F","seq":1,"rev":9,"body":{"kind":"text","text":"@123 x"}}"#;
        assert_eq!(
            read(text),
            Said::Message { conversation: 3 * 62 + 15, rev: 9, sent_ns: Some(123) }
        );
    }
}
