//! The cases of the Autobahn test suite, groups 1 to 7, as tables.
//!
//! Each test names its group; every case runs in reads of several lengths.

use std::slice::from_ref;

use voodoo_server::ws::{Opcode, Role, Violation};

use super::ws_codec::{LIMITS, client_frame, receive};
use super::ws_codec_body::{Message, decode};

use Opcode::{Binary, Close, Continuation, Ping, Pong, Text};

fn text(text: impl Into<String>) -> Message {
    Message::Text(text.into())
}

fn whole(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    client_frame(true, opcode, payload)
}

fn fragment(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    client_frame(false, opcode, payload)
}

/// A frame with a first byte that no encoder writes.
fn raw(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = whole(Text, payload);
    frame[0] = first_byte;
    frame
}

fn accepts(frames: &[Vec<u8>], messages: &[Message]) {
    let outcome = receive(frames);
    assert_eq!(outcome.violation, None);
    assert_eq!(outcome.messages, messages);
}

fn refuses(frames: &[Vec<u8>], before: &[Message], violation: Violation) {
    let outcome = receive(frames);
    assert_eq!(outcome.violation, Some(violation));
    assert_eq!(outcome.messages, before);
}

#[test]
fn group_1_text_and_binary_of_every_length_arrive_whole() {
    for len in [0, 1, 125, 126, 127, 128, 65_535, 65_536] {
        let payload = vec![b'*'; len];
        accepts(&[whole(Text, &payload)], &[text("*".repeat(len))]);
        let payload = vec![0xfe; len];
        accepts(&[whole(Binary, &payload)], &[Message::Binary(payload)]);
    }
}

#[test]
fn group_2_pings_and_pongs() {
    for payload in [&b""[..], b"Hello, world!", b"\0\xff\xfe\xfd\xfc\xfb\0\xff", &[0xfe; 125]] {
        accepts(&[whole(Ping, payload)], &[Message::Ping(payload.to_vec())]);
    }
    refuses(&[whole(Ping, &[0xfe; 126])], &[], Violation::ControlTooLong);
    accepts(&[whole(Pong, b"")], &[Message::Pong]);
    accepts(
        &[whole(Pong, b"unasked"), whole(Ping, b"ping")],
        &[Message::Pong, Message::Ping(b"ping".to_vec())],
    );
    let pings: Vec<_> = (0..10).map(|n| whole(Ping, &[n])).collect();
    let answers: Vec<_> = (0..10).map(|n| Message::Ping(vec![n])).collect();
    accepts(&pings, &answers);
}

#[test]
fn group_3_reserved_bits_are_refused() {
    for bits in 1..=7 {
        let hello = whole(Text, b"Hello");
        let bad = raw(0x81 | bits << 4, b"Hello");
        refuses(from_ref(&bad), &[], Violation::ReservedBit);
        refuses(&[hello, bad, whole(Ping, b"")], &[text("Hello")], Violation::ReservedBit);
    }
    for opcode in [0x8, 0x9, 0xa] {
        refuses(&[raw(0x80 | 0x40 | opcode, b"")], &[], Violation::ReservedBit);
    }
}

#[test]
fn group_4_reserved_opcodes_are_refused() {
    for opcode in (0x3..=0x7).chain(0xb..=0xf) {
        for payload in [&b""[..], b"reserved opcode payload"] {
            let bad = raw(0x80 | opcode, payload);
            refuses(from_ref(&bad), &[], Violation::ReservedOpcode);
            let hello = whole(Text, b"Hello");
            refuses(&[hello, bad, whole(Ping, b"")], &[text("Hello")], Violation::ReservedOpcode);
        }
    }
}

#[test]
fn group_5_fragmented_messages() {
    for control in [Ping, Pong, Close] {
        refuses(&[fragment(control, b"fr")], &[], Violation::FragmentedControl);
    }
    let first = || fragment(Text, b"fragment1");
    let last = || whole(Continuation, b"fragment2");
    let joined = || text("fragment1fragment2");
    accepts(&[first(), last()], &[joined()]);
    let ping = || Message::Ping(b"ping".to_vec());
    accepts(&[first(), whole(Ping, b"ping"), last()], &[ping(), joined()]);
    accepts(
        &[
            first(),
            whole(Ping, b"ping"),
            fragment(Continuation, b"-"),
            whole(Pong, b"pong"),
            fragment(Continuation, b""),
            whole(Ping, b"ping"),
            last(),
            whole(Ping, b"ping"),
        ],
        &[ping(), Message::Pong, ping(), text("fragment1-fragment2"), ping()],
    );
    accepts(
        &[fragment(Binary, b"\xff"), whole(Continuation, b"\xfe")],
        &[Message::Binary(vec![0xff, 0xfe])],
    );
    accepts(
        &[fragment(Text, b""), fragment(Continuation, b""), whole(Continuation, b"")],
        &[text("")],
    );
}

#[test]
fn group_5_continuations_out_of_place_are_refused() {
    let first = fragment(Text, b"fragment1");
    let last = whole(Continuation, b"fragment2");
    let orphan = Violation::OrphanContinuation;
    refuses(from_ref(&last), &[], orphan);
    refuses(&[fragment(Continuation, b"f"), first.clone(), last.clone()], &[], orphan);
    refuses(&[whole(Text, b"a"), last.clone()], &[text("a")], orphan);
    refuses(&[first.clone(), last.clone(), last], &[text("fragment1fragment2")], orphan);
    for opcode in [Text, Binary] {
        refuses(&[first.clone(), whole(opcode, b"new")], &[], Violation::InterruptedMessage);
        refuses(&[first.clone(), fragment(opcode, b"new")], &[], Violation::InterruptedMessage);
    }
}

#[test]
fn group_6_valid_utf8_arrives_in_whatever_fragments() {
    for valid in [
        "Hello-µ@ßöäüàá-UTF-8!!",
        "κόσμε",
        "\0",
        "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}",
        "\u{d7ff}\u{e000}\u{fffd}",
        "\u{fffe}\u{1fffe}\u{10fffe}\u{fdd0}",
    ] {
        accepts(&[whole(Text, valid.as_bytes())], &[text(valid)]);
        for cut in 0..=valid.len() {
            let (head, tail) = valid.as_bytes().split_at(cut);
            accepts(&[fragment(Text, head), whole(Continuation, tail)], &[text(valid)]);
        }
    }
}

#[test]
fn group_6_invalid_utf8_is_refused_in_whatever_fragments() {
    for invalid in [
        &b"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xed\xa0\x80UTF-8!!"[..],
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
        b"\xce\xba\xe1\xbd",         // ends inside a character
        b"\xf8\x88\x80\x80\x80",     // five bytes
        b"\xfc\x84\x80\x80\x80\x80", // six bytes
        b"\xf7\xbf\xbf\xbf",
        b"\xf4\x90\x80\x80", // above the last code point
        b"\x80",
        b"\x80\xbf",
        b"\xc0 \xc1 ",
        b"\xe2\x82 ",
        b"\xf0\x9f\x98",
        b"\xfe",
        b"\xff",
        b"\xc0\xaf",         // overlong
        b"\xe0\x80\xaf",     // overlong
        b"\xf0\x80\x80\xaf", // overlong
        b"\xc1\xbf",
        b"\xe0\x9f\xbf",
        b"\xf0\x8f\xbf\xbf",
        b"\xed\xa0\x80", // surrogates
        b"\xed\xbf\xbf",
        b"\xed\xa0\x80\xed\xb0\x80",
    ] {
        refuses(&[whole(Text, invalid)], &[], Violation::InvalidUtf8);
        for cut in 0..=invalid.len() {
            let (head, tail) = invalid.split_at(cut);
            let frames = [fragment(Text, head), whole(Continuation, tail)];
            refuses(&frames, &[], Violation::InvalidUtf8);
        }
    }
}

/// Cases 6.4.1 to 6.4.4: the close must come before the message is complete.
#[test]
fn group_6_4_invalid_utf8_fails_fast() {
    let valid = "κόσμε".as_bytes();
    for bad in [&b"\xf4\x90"[..], b"\xed\xa0", b"\xff", b"\xc0"] {
        let payload = [valid, bad, b"\x80\x80edited"].concat();
        let frame = whole(Text, &payload);
        let bad_ends = frame.len() - payload.len() + valid.len() + bad.len();

        let before = decode(&frame[..bad_ends - 1], Role::Server, LIMITS, || 1);
        assert_eq!(before.violation, None, "{bad:x?}");
        for read_len in [1, usize::MAX] {
            let after = decode(&frame[..bad_ends], Role::Server, LIMITS, || read_len);
            assert_eq!(after.violation, Some(Violation::InvalidUtf8), "{bad:x?}");
        }

        let fragments = [fragment(Text, valid), fragment(Continuation, bad)];
        refuses(&fragments, &[], Violation::InvalidUtf8);
    }
}

#[test]
fn group_7_nothing_after_a_close_is_read() {
    let close = || Message::Close(Some(1000), "bye".into());
    let bye = || whole(Close, b"\x03\xe8bye");
    accepts(&[bye()], &[close()]);
    accepts(&[bye(), bye()], &[close()]);
    accepts(&[bye(), whole(Ping, b"late"), whole(Text, b"late")], &[close()]);
    accepts(&[bye(), raw(0xff, b"garbage")], &[close()]);
    accepts(&[fragment(Text, b"open"), bye(), whole(Continuation, b"late")], &[close()]);
    accepts(&[whole(Text, b"a"), bye()], &[text("a"), close()]);
    assert!(receive(&[fragment(Text, b"open"), bye()]).is_idle);
}

#[test]
fn group_7_3_and_7_5_bodies_of_close_frames() {
    accepts(&[whole(Close, b"")], &[Message::Close(None, String::new())]);
    refuses(&[whole(Close, b"\x03")], &[], Violation::TruncatedCloseCode);
    accepts(&[whole(Close, b"\x03\xe8")], &[Message::Close(Some(1000), String::new())]);
    let longest = [b"\x03\xe8", &[b'*'; 123][..]].concat();
    accepts(&[whole(Close, &longest)], &[Message::Close(Some(1000), "*".repeat(123))]);
    let too_long = [b"\x03\xe8", &[b'*'; 124][..]].concat();
    refuses(&[whole(Close, &too_long)], &[], Violation::ControlTooLong);
    refuses(&[whole(Close, b"\x03\xe8\xce\xba\xed\xa0\x80")], &[], Violation::InvalidUtf8);
}

#[test]
fn group_7_7_allowed_close_codes_arrive() {
    for code in (1000..=1003).chain(1007..=1014).chain([3000, 3999, 4000, 4400, 4999]) {
        let close = Message::Close(Some(code), String::new());
        accepts(&[whole(Close, &code.to_be_bytes())], &[close]);
    }
}

#[test]
fn group_7_9_and_7_13_forbidden_close_codes_are_refused() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535_u16] {
        refuses(&[whole(Close, &code.to_be_bytes())], &[], Violation::ForbiddenCloseCode);
    }
}
