//! Memory, limits and cuts of the WebSocket decoder.

use bytes::BytesMut;
use voodoo_server::ws::encode::{FrameHead, write_frame};
use voodoo_server::ws::{Decoder, Incoming, Limits, Opcode, Role, Violation};

use super::ws_codec_body::{Message, Outcome, decode};

pub(crate) const LIMITS: Limits = Limits::new(65_536);

const KEY: [u8; 4] = [0x12, 0x9c, 0xa7, 0xf3];

/// A masked client frame.
pub(crate) fn client_frame(is_final: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    write_frame(&mut out, FrameHead { is_final, opcode, mask: Some(KEY) }, payload);
    out.to_vec()
}

/// What the server makes of these frames, in whatever reads they come.
pub(crate) fn receive(frames: &[Vec<u8>]) -> Outcome {
    let wire = frames.concat();
    let outcome = decode(&wire, Role::Server, LIMITS, || usize::MAX);
    for read_len in [1, 2, 3, 7, 997] {
        assert_eq!(outcome, decode(&wire, Role::Server, LIMITS, || read_len), "{read_len} a read");
    }
    outcome
}

/// Feeds one read and returns what came of it, with the last answer.
fn feed(decoder: &mut Decoder, mut wire: Vec<u8>) -> Result<Vec<Message>, Violation> {
    let mut input = wire.as_mut_slice();
    let mut messages = Vec::new();
    while let Some(incoming) = decoder.next(&mut input)? {
        messages.push(incoming.into());
    }
    Ok(messages)
}

#[test]
fn an_idle_decoder_is_small_and_holds_no_buffer() {
    assert!(size_of::<Decoder>() <= 64);
    let mut decoder = Decoder::new(Role::Server, LIMITS);
    assert_eq!(decoder.held_bytes(), 0);

    let large = "x".repeat(60_000);
    let frame = client_frame(true, Opcode::Text, large.as_bytes());
    let (first, second) = frame.split_at(30_000);
    assert_eq!(feed(&mut decoder, first.to_vec()), Ok(vec![]));
    assert!(decoder.held_bytes() > 29_000);
    assert_eq!(feed(&mut decoder, second.to_vec()), Ok(vec![Message::Text(large)]));
    assert_eq!(decoder.held_bytes(), 0);
}

#[test]
fn a_message_gives_its_buffer_back_at_once_and_not_with_the_next_call() {
    let mut decoder = Decoder::new(Role::Server, LIMITS);
    let mut wire = [
        client_frame(false, Opcode::Binary, b"ab"),
        client_frame(true, Opcode::Continuation, b"cd"),
    ]
    .concat();
    let mut input = wire.as_mut_slice();
    let incoming = decoder.next(&mut input);
    assert!(matches!(incoming, Ok(Some(Incoming::Binary(bytes))) if *bytes == *b"abcd"));
    assert!(decoder.is_idle());
}

#[test]
fn whole_frames_are_lent_from_the_input_and_not_copied() {
    let mut wire = [
        client_frame(true, Opcode::Text, b"text"),
        client_frame(true, Opcode::Binary, b"binary"),
        client_frame(true, Opcode::Ping, b"ping"),
        client_frame(true, Opcode::Close, b"\x03\xe8bye"),
    ]
    .concat();
    let bounds = wire.as_ptr_range();
    let mut decoder = Decoder::new(Role::Server, LIMITS);
    let mut input = wire.as_mut_slice();
    let mut n_lent = 0;
    while let Some(incoming) = decoder.next(&mut input).unwrap() {
        let start = match &incoming {
            Incoming::Text(text) | Incoming::Close(_, text) => text.as_ptr(),
            Incoming::Binary(bytes) | Incoming::Ping(bytes) => bytes.as_ptr(),
            Incoming::Pong => unreachable!("none was sent"),
        };
        assert!(bounds.contains(&start));
        assert!(decoder.is_idle());
        n_lent += 1;
    }
    assert_eq!(n_lent, 4);
}

#[test]
fn an_oversized_length_is_refused_by_its_header_alone() {
    for (length, violation) in [
        (65_537, Violation::MessageTooBig),
        (u64::from(u32::MAX) + 1, Violation::MessageTooBig),
        (i64::MAX.unsigned_abs(), Violation::MessageTooBig),
        (1 << 63, Violation::LengthOverflow),
        (u64::MAX, Violation::LengthOverflow),
    ] {
        let mut header = vec![0x82, 0xff];
        header.extend_from_slice(&length.to_be_bytes());
        header.extend_from_slice(&KEY);
        let outcome = receive(&[header]);
        assert_eq!(outcome.violation, Some(violation), "{length}");
        assert_eq!(outcome.messages, []);
    }
}

#[test]
fn only_bytes_that_arrived_cost_memory() {
    let frame = client_frame(true, Opcode::Text, &[b'x'; 65_536]);
    let mut decoder = Decoder::new(Role::Server, LIMITS);
    assert_eq!(feed(&mut decoder, frame[..15].to_vec()), Ok(vec![]));
    assert!(decoder.held_bytes() < 512, "{} bytes", decoder.held_bytes());
}

#[test]
fn the_size_limit_counts_all_fragments() {
    let half = [b'x'; 32_768];
    let exact =
        [client_frame(false, Opcode::Text, &half), client_frame(true, Opcode::Continuation, &half)];
    assert_eq!(receive(&exact).violation, None);

    let over = [
        client_frame(false, Opcode::Text, &half),
        client_frame(false, Opcode::Continuation, &half),
        client_frame(true, Opcode::Continuation, b"x")[..6].to_vec(),
    ];
    assert_eq!(receive(&over).violation, Some(Violation::MessageTooBig));
}

#[test]
fn limits_change_while_the_connection_runs() {
    let mut decoder = Decoder::new(Role::Server, Limits::new(4_096));
    let long = client_frame(true, Opcode::Binary, &[7; 4_097]);
    let fitting = client_frame(true, Opcode::Binary, &[7; 4_096]);
    assert!(feed(&mut decoder, fitting).is_ok());
    decoder.set_limits(LIMITS);
    assert!(feed(&mut decoder, long.clone()).is_ok());
    decoder.set_limits(Limits::new(4_096));
    assert_eq!(feed(&mut decoder, long), Err(Violation::MessageTooBig));
}

#[test]
fn a_message_in_too_many_fragments_is_refused() {
    let fragments = |n_between: usize| {
        let mut frames = vec![client_frame(false, Opcode::Text, b"")];
        frames.resize(1 + n_between, client_frame(false, Opcode::Continuation, b""));
        frames.push(client_frame(true, Opcode::Continuation, b"end"));
        receive(&frames)
    };
    assert_eq!(fragments(1_022).messages, [Message::Text("end".into())]);
    assert_eq!(fragments(1_023).violation, Some(Violation::TooManyFragments));
}

#[test]
fn control_frames_pass_whatever_the_message_limit() {
    let wire = client_frame(true, Opcode::Ping, &[1; 125]);
    let outcome = decode(&wire, Role::Server, Limits::new(0), || 50);
    assert_eq!(outcome.messages, [Message::Ping(vec![1; 125])]);
}

#[test]
fn masking_by_the_wrong_side_is_refused() {
    for (wire, role) in
        [(vec![0x81, 0x01], Role::Server), (client_frame(true, Opcode::Text, b""), Role::Client)]
    {
        let outcome = decode(&wire, role, LIMITS, || usize::MAX);
        assert_eq!(outcome.violation, Some(Violation::WrongMasking));
    }
}

#[test]
fn every_cut_in_two_or_three_reads_gives_the_same_messages() {
    let frames = [
        client_frame(true, Opcode::Text, "é".as_bytes()),
        client_frame(false, Opcode::Text, b"\xf0\x9f"),
        client_frame(true, Opcode::Ping, b"p"),
        client_frame(false, Opcode::Continuation, b""),
        client_frame(true, Opcode::Continuation, b"\x98\x80!"),
        client_frame(true, Opcode::Binary, &[9; 130]),
        client_frame(true, Opcode::Close, b"\x0f\xa0why"),
        client_frame(true, Opcode::Text, b"after the end"),
    ];
    let wire = frames.concat();
    let expected = [
        Message::Text("é".into()),
        Message::Ping(b"p".to_vec()),
        Message::Text("😀!".into()),
        Message::Binary(vec![9; 130]),
        Message::Close(Some(4000), "why".into()),
    ];
    for first in 1..wire.len() {
        for second in 1..=wire.len() - first {
            let mut cuts = [first, second].into_iter();
            let outcome = decode(&wire, Role::Server, LIMITS, || cuts.next().unwrap_or(usize::MAX));
            assert_eq!(outcome.messages, expected, "cut after {first} and {second} more");
            assert_eq!(outcome.violation, None);
        }
    }
}

#[test]
fn lengths_of_messages_need_not_be_minimal_but_those_of_control_frames_fit_one_byte() {
    let ping = vec![0x89, 0xfe, 0, 2, 0, 0, 0, 0, b'h', b'i'];
    assert_eq!(receive(&[ping]).violation, Some(Violation::ControlTooLong));
    let mut text = vec![0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0];
    text.extend_from_slice(b"hi");
    assert_eq!(receive(&[text]).messages, [Message::Text("hi".into())]);
}

#[test]
fn every_violation_has_one_of_three_close_codes() {
    for (violation, code) in [
        (Violation::ReservedBit, 1002),
        (Violation::WrongMasking, 1002),
        (Violation::ForbiddenCloseCode, 1002),
        (Violation::InvalidUtf8, 1007),
        (Violation::MessageTooBig, 1009),
        (Violation::TooManyFragments, 1009),
    ] {
        assert_eq!(violation.close_code(), code, "{violation}");
    }
}
