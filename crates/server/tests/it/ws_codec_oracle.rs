//! The WebSocket codec and tungstenite must understand each other, and agree on any bytes.

use std::io::Cursor;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tungstenite::WebSocket;
use tungstenite::protocol::Role as TheirRole;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame as TheirFrame, FrameHeader as TheirHeader};
use voodoo_server::ws::encode::{self, FrameHead, write_frame};
use voodoo_server::ws::{Opcode, Role};

use super::ws_codec::LIMITS;
use super::ws_codec_body::{
    Message, Outcome, TheirEnd, check_bytes, decode, decode_theirs, read_lens,
};

/// One frame, independent of who writes it.
#[derive(Clone, Debug)]
struct Frame {
    is_final: bool,
    opcode: Opcode,
    payload: Vec<u8>,
}

fn control() -> impl Strategy<Value = (Frame, Message)> {
    (any::<bool>(), vec(any::<u8>(), 0..=125)).prop_map(|(is_ping, payload)| {
        let (opcode, message) = if is_ping {
            (Opcode::Ping, Message::Ping(payload.clone()))
        } else {
            (Opcode::Pong, Message::Pong)
        };
        (Frame { is_final: true, opcode, payload }, message)
    })
}

fn binary() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(any::<u8>(), 0..300),
        1 => (select(vec![65_535_usize, 65_536]), any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
    ]
}

fn content() -> impl Strategy<Value = (Opcode, Vec<u8>, Message)> {
    prop_oneof![
        ".{0,100}".prop_map(|text: String| {
            (Opcode::Text, text.clone().into_bytes(), Message::Text(text))
        }),
        binary().prop_map(|bytes| (Opcode::Binary, bytes.clone(), Message::Binary(bytes))),
    ]
}

/// A message in one to five fragments, with control frames between them.
fn message() -> impl Strategy<Value = (Vec<Frame>, Vec<Message>)> {
    let cuts = vec((any::<Index>(), proptest::option::of(control())), 0..5);
    (content(), cuts).prop_map(|((opcode, payload, message), cuts)| {
        let mut cuts: Vec<_> = cuts
            .into_iter()
            .map(|(cut, between)| (cut.index(payload.len() + 1), between))
            .collect();
        cuts.sort_by_key(|(cut, _)| *cut);
        let (mut frames, mut messages) = (Vec::new(), Vec::new());
        let (mut opcode, mut start) = (opcode, 0);
        for (cut, between) in cuts {
            frames.push(Frame { is_final: false, opcode, payload: payload[start..cut].to_vec() });
            (opcode, start) = (Opcode::Continuation, cut);
            if let Some((frame, message)) = between {
                frames.push(frame);
                messages.push(message);
            }
        }
        frames.push(Frame { is_final: true, opcode, payload: payload[start..].to_vec() });
        messages.push(message);
        (frames, messages)
    })
}

fn conversation() -> impl Strategy<Value = (Vec<Frame>, Vec<Message>)> {
    let code = prop_oneof![1000..=1003_u16, 1007..=1013_u16, 3000..=4999_u16];
    let close = proptest::option::of((code, "[a-zé€😀]{0,30}"));
    (vec(message(), 0..5), close).prop_map(|(parts, close)| {
        let (mut frames, mut messages) = (Vec::new(), Vec::new());
        for (more_frames, more_messages) in parts {
            frames.extend(more_frames);
            messages.extend(more_messages);
        }
        let payload = close
            .as_ref()
            .map_or(Vec::new(), |(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat());
        frames.push(Frame { is_final: true, opcode: Opcode::Close, payload });
        let (code, reason) = close.unzip();
        messages.push(Message::Close(code, reason.unwrap_or_default()));
        (frames, messages)
    })
}

fn write_ours(frames: &[Frame], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut out = BytesMut::new();
    for Frame { is_final, opcode, payload } in frames {
        let head = FrameHead { is_final: *is_final, opcode: *opcode, mask };
        write_frame(&mut out, head, payload);
    }
    out.to_vec()
}

fn write_theirs(frames: &[Frame], role: TheirRole) -> Vec<u8> {
    let mut socket = WebSocket::from_raw_socket(Cursor::new(Vec::new()), role, None);
    for Frame { is_final, opcode, payload } in frames {
        let opcode = match opcode {
            Opcode::Continuation => OpCode::Data(Data::Continue),
            Opcode::Text => OpCode::Data(Data::Text),
            Opcode::Binary => OpCode::Data(Data::Binary),
            Opcode::Close => OpCode::Control(Control::Close),
            Opcode::Ping => OpCode::Control(Control::Ping),
            Opcode::Pong => OpCode::Control(Control::Pong),
        };
        let header = TheirHeader { is_final: *is_final, opcode, ..TheirHeader::default() };
        let frame = TheirFrame::from_payload(header, Bytes::copy_from_slice(payload));
        socket.send(tungstenite::Message::Frame(frame)).expect("memory takes all");
    }
    socket.into_inner().into_inner()
}

#[test]
fn every_input_of_the_corpus_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/codec");
    let mut n_seeds = 0;
    for entry in folder.read_dir().unwrap() {
        check_bytes(&std::fs::read(entry.unwrap().path()).unwrap());
        n_seeds += 1;
    }
    assert!(n_seeds > 20, "{n_seeds} seeds");
}

proptest! {
    #[test]
    fn what_either_side_writes_both_read(
        (frames, messages) in conversation(),
        mask: [u8; 4],
        seed: u8,
    ) {
        let to_client = write_ours(&frames, None);
        prop_assert_eq!(&to_client, &write_theirs(&frames, TheirRole::Server));
        let wires = [
            (to_client, Role::Client),
            (write_ours(&frames, Some(mask)), Role::Server),
            (write_theirs(&frames, TheirRole::Client), Role::Server),
        ];
        for (wire, role) in wires {
            let (theirs, their_end) = decode_theirs(&wire, role, LIMITS.max_message_bytes);
            prop_assert_eq!(&theirs, &messages);
            prop_assert_eq!(their_end, TheirEnd::Closed);
            let ours = decode(&wire, role, LIMITS, read_lens(seed));
            let expected = Outcome { messages: messages.clone(), violation: None, is_idle: true };
            prop_assert_eq!(&ours, &expected);
            prop_assert_eq!(&decode(&wire, role, LIMITS, || usize::MAX), &expected);
        }
    }

    #[test]
    fn whole_frame_functions_write_what_tungstenite_reads(
        text in ".{0,100}",
        payload in vec(any::<u8>(), 0..=125),
        code in 3000..=4999_u16,
        reason in ".{0,60}",
    ) {
        let wire = [
            encode::text_frame(text.as_bytes()),
            encode::binary_frame(&payload),
            encode::ping_frame(&payload),
            encode::pong_frame(&payload),
            encode::close_frame(Some(code), &reason),
        ].concat();
        let (theirs, _) = decode_theirs(&wire, Role::Client, LIMITS.max_message_bytes);
        let cut = reason.floor_char_boundary(123);
        prop_assert_eq!(theirs, vec![
            Message::Text(text),
            Message::Binary(payload.clone()),
            Message::Ping(payload),
            Message::Pong,
            Message::Close(Some(code), reason[..cut].to_owned()),
        ]);
    }

    #[test]
    fn any_bytes_mean_the_same_in_any_cut_and_to_tungstenite(data in vec(any::<u8>(), 0..64)) {
        check_bytes(&data);
    }

    #[test]
    fn a_damaged_conversation_means_the_same_in_any_cut_and_to_tungstenite(
        (frames, _) in conversation(),
        mask in proptest::option::of(any::<[u8; 4]>()),
        settings: (bool, u8),
        damage in vec((any::<Index>(), 0..8_u8), 0..3),
        end: Index,
    ) {
        let mut wire = write_ours(&frames, mask);
        for (at, bit) in damage {
            let at = at.index(wire.len());
            wire[at] ^= 1 << bit;
        }
        wire.truncate(end.index(wire.len()) + 1);
        let flags = u8::from(mask.is_none()) | u8::from(settings.0) << 1;
        check_bytes(&[&[flags, settings.1], &wire[..]].concat());
    }
}
