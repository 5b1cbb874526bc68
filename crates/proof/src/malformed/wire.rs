//! What breaks RFC 6455, or a limit that is measured in frames and bytes.

use rand::RngExt as _;

use super::{Maker, Outcome, Shot};

/// Opcodes.
const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// What is accepted of one message, before `hello` and after it.
const LIMIT_BYTES: usize = 64 * 1024;
pub(super) const FIRST_LIMIT_BYTES: usize = 4 * 1024;
const FRAGMENTS: u32 = 1_024;

type Make = fn(&mut Maker) -> Shot;

pub(super) const KINDS: &[(&str, Make)] = &[
    ("reserved bits", reserved_bits),
    ("reserved opcodes", reserved_opcodes),
    ("no mask", no_mask),
    ("long control frames", long_control),
    ("control frames with a length for long ones", control_in_long_form),
    ("fragmented control frames", fragmented_control),
    ("lengths of 64 bits", overflowing_length),
    ("lengths beyond the limit", announced_too_long),
    ("lengths in a longer form than they need", needless_form),
    ("continuations of nothing", orphan),
    ("messages within messages", interrupted),
    ("half a close code", half_a_code),
    ("close codes that may not be sent", forbidden_code),
    ("reasons that are not UTF-8", bad_reason),
    ("texts that are not UTF-8", bad_text),
    ("texts that end within a character", cut_character),
    ("binary messages", binary),
    ("fragments beyond the limit together", fragments_too_long),
    ("too many fragments", too_many_fragments),
    ("frames that break off", breaks_off),
    ("noise", noise),
];

impl Maker {
    /// A masked frame with this first byte.
    pub(super) fn frame(&mut self, first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![first];
        match payload.len() {
            n @ 0..=125 => out.push(MASKED | u8::try_from(n).unwrap_or(0)),
            n @ 126..=0xffff => {
                out.push(MASKED | 126);
                out.extend(u16::try_from(n).unwrap_or(0).to_be_bytes());
            }
            n => {
                out.push(MASKED | 127);
                out.extend((n as u64).to_be_bytes());
            }
        }
        self.masked(out, payload)
    }

    fn masked(&mut self, mut header: Vec<u8>, payload: &[u8]) -> Vec<u8> {
        let mask = self.bytes(4);
        header.extend(&mask);
        header.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        header
    }

    /// A header alone, with a length in the form of 64 bits.
    fn announced(&mut self, first: u8, n_bytes: u64) -> Vec<u8> {
        let mut header = vec![first, MASKED | 127];
        header.extend(n_bytes.to_be_bytes());
        self.masked(header, &[])
    }

    fn closes(&mut self, code: u16, frames: &[Vec<u8>]) -> Shot {
        Shot {
            wire: frames.concat(),
            n_frames: u32::try_from(frames.len()).unwrap_or(u32::MAX),
            is_first: self.chance(4),
            outcome: Outcome::Closes(code),
        }
    }

    fn any_opcode(&mut self) -> u8 {
        *self.pick(&[&CONTINUATION, &TEXT, &BINARY, &CLOSE, &PING, &PONG])
    }

    fn control(&mut self) -> u8 {
        *self.pick(&[&CLOSE, &PING, &PONG])
    }

    /// Bytes that are not UTF-8 whatever comes after them.
    fn not_utf8(&mut self) -> Vec<u8> {
        let bad: &[&[u8]] = &[
            &[0x80],
            &[0xbf, b'x'],
            &[0xc0, 0xaf],
            &[0xc1, 0xbf],
            &[0xe0, 0x80, 0x80],
            &[0xed, 0xa0, 0x80],
            &[0xed, 0xbf, 0xbf],
            &[0xf0, 0x80, 0x80, 0x80],
            &[0xf4, 0x90, 0x80, 0x80],
            &[0xf8, 0x88, 0x80, 0x80, 0x80],
            &[0xfe],
            &[0xff],
            &[0xe2, 0x28, 0xa1],
        ];
        let mut bytes = self.word(40).into_bytes();
        let more = self.word(40);
        bytes.extend(self.pick(bad));
        bytes.extend(more.bytes());
        bytes
    }
}

fn reserved_bits(maker: &mut Maker) -> Shot {
    let bits = (1 + u8::try_from(maker.up_to(6)).unwrap_or(0)) << 4;
    let first = FINAL | bits | maker.any_opcode();
    let payload = maker.word(60);
    let frame = maker.frame(first, payload.as_bytes());
    maker.closes(1002, &[frame])
}

fn reserved_opcodes(maker: &mut Maker) -> Shot {
    let opcode = *maker.pick(&[&3, &4, &5, &6, &7, &11, &12, &13, &14, &15]);
    let is_final = if maker.chance(2) { FINAL } else { 0 };
    let n_bytes = maker.up_to(100);
    let payload = maker.bytes(n_bytes);
    let frame = maker.frame(is_final | opcode, &payload);
    maker.closes(1002, &[frame])
}

fn no_mask(maker: &mut Maker) -> Shot {
    let payload = br#"{"type":"ping"}"#;
    let mut frame = vec![FINAL | *maker.pick(&[&TEXT, &BINARY, &PING])];
    frame.push(u8::try_from(payload.len()).unwrap_or(0));
    frame.extend(payload);
    maker.closes(1002, &[frame])
}

fn long_control(maker: &mut Maker) -> Shot {
    let (first, n_bytes) = (FINAL | maker.control(), 126 + maker.up_to(4_000));
    let payload = maker.bytes(n_bytes);
    let frame = maker.frame(first, &payload);
    maker.closes(1002, &[frame])
}

fn control_in_long_form(maker: &mut Maker) -> Shot {
    let first = FINAL | maker.control();
    let n_bytes = u8::try_from(maker.up_to(125)).unwrap_or(0);
    let frame = if maker.chance(2) {
        let payload = maker.bytes(usize::from(n_bytes));
        maker.masked(vec![first, MASKED | 126, 0, n_bytes], &payload)
    } else {
        maker.announced(first, u64::from(n_bytes))
    };
    maker.closes(1002, &[frame])
}

fn fragmented_control(maker: &mut Maker) -> Shot {
    let first = maker.control();
    let frame = maker.frame(first, b"");
    maker.closes(1002, &[frame])
}

fn overflowing_length(maker: &mut Maker) -> Shot {
    let first = FINAL | *maker.pick(&[&TEXT, &BINARY]);
    let n_bytes = (1 << 63) | maker.up_to(usize::MAX >> 1) as u64;
    let frame = maker.announced(first, n_bytes);
    maker.closes(1002, &[frame])
}

fn announced_too_long(maker: &mut Maker) -> Shot {
    let n_bytes = match maker.up_to(3) {
        0 => LIMIT_BYTES as u64 + 1,
        1 => u64::from(u32::MAX),
        2 => (1 << 63) - 1,
        _ => LIMIT_BYTES as u64 + 1 + maker.up_to(1 << 40) as u64,
    };
    let first = *maker.pick(&[&TEXT, &BINARY, &(FINAL | TEXT), &(FINAL | BINARY)]);
    let frame = maker.announced(first, n_bytes);
    maker.closes(1009, &[frame])
}

fn needless_form(maker: &mut Maker) -> Shot {
    let payload = br#"{"type":"nothing"}"#;
    let mut header = vec![FINAL | TEXT];
    let n_bytes = u8::try_from(payload.len()).unwrap_or(0);
    if maker.chance(2) {
        header.extend([MASKED | 126, 0, n_bytes]);
    } else {
        header.extend([MASKED | 127, 0, 0, 0, 0, 0, 0, 0, n_bytes]);
    }
    let wire = maker.masked(header, payload);
    Shot { wire, n_frames: 1, is_first: false, outcome: Outcome::Dropped }
}

fn orphan(maker: &mut Maker) -> Shot {
    let is_final = if maker.chance(2) { FINAL } else { 0 };
    let payload = maker.word(200);
    let frame = maker.frame(is_final | CONTINUATION, payload.as_bytes());
    maker.closes(1002, &[frame])
}

fn interrupted(maker: &mut Maker) -> Shot {
    let (open, second) = (maker.frame(TEXT, b"{\"type\":"), FINAL | *maker.pick(&[&TEXT, &BINARY]));
    let second = maker.frame(second, br#"{"type":"ping"}"#);
    maker.closes(1002, &[open, second])
}

fn half_a_code(maker: &mut Maker) -> Shot {
    let half = maker.bytes(1);
    let frame = maker.frame(FINAL | CLOSE, &half);
    maker.closes(1002, &[frame])
}

fn forbidden_code(maker: &mut Maker) -> Shot {
    let code = match maker.up_to(3) {
        0 => *maker.pick(&[&0_u16, &999, &1004, &1005, &1006, &1015, &65_535]),
        1 => maker.random.random_range(0..1_000),
        2 => maker.random.random_range(1_016..3_000),
        _ => maker.random.random_range(5_000..=u16::MAX),
    };
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend(maker.word(100).bytes());
    let frame = maker.frame(FINAL | CLOSE, &payload);
    maker.closes(1002, &[frame])
}

fn bad_reason(maker: &mut Maker) -> Shot {
    let mut payload = 1_000_u16.to_be_bytes().to_vec();
    payload.extend(maker.not_utf8());
    let frame = maker.frame(FINAL | CLOSE, &payload);
    maker.closes(1007, &[frame])
}

fn bad_text(maker: &mut Maker) -> Shot {
    let payload = maker.not_utf8();
    if maker.chance(2) {
        let frame = maker.frame(FINAL | TEXT, &payload);
        return maker.closes(1007, &[frame]);
    }
    let (first, second) = payload.split_at(maker.up_to(payload.len()));
    let frames = [maker.frame(TEXT, first), maker.frame(FINAL | CONTINUATION, second)];
    maker.closes(1007, &frames)
}

fn cut_character(maker: &mut Maker) -> Shot {
    let character = maker.pick(&["é", "€", "🥶"]).as_bytes();
    let mut payload = maker.word(60).into_bytes();
    payload.extend(&character[..1 + maker.up_to(character.len() - 2)]);
    let frame = maker.frame(FINAL | TEXT, &payload);
    maker.closes(1007, &[frame])
}

fn binary(maker: &mut Maker) -> Shot {
    let n_bytes = maker.up_to(FIRST_LIMIT_BYTES);
    let payload = maker.bytes(n_bytes);
    let frame = maker.frame(FINAL | BINARY, &payload);
    maker.closes(1003, &[frame])
}

fn fragments_too_long(maker: &mut Maker) -> Shot {
    let part = vec![b'x'; LIMIT_BYTES / 4 + 1];
    let mut frames = vec![maker.frame(TEXT, &part)];
    for _ in 0..3 {
        frames.push(maker.frame(CONTINUATION, &part));
    }
    maker.closes(1009, &frames)
}

fn too_many_fragments(maker: &mut Maker) -> Shot {
    let mut frames = vec![maker.frame(TEXT, b"")];
    for _ in 0..FRAGMENTS {
        frames.push(maker.frame(CONTINUATION, b""));
    }
    let mut shot = maker.closes(1009, &frames);
    // As one message.
    shot.n_frames = 1;
    shot
}

/// A frame of which something is missing; the connection ends there.
fn breaks_off(maker: &mut Maker) -> Shot {
    let first = FINAL | *maker.pick(&[&TEXT, &BINARY, &PING, &CLOSE]);
    let n_bytes = if maker.chance(8) { 60_000 } else { 2 + maker.up_to(120) };
    let payload = vec![b'x'; n_bytes];
    let mut wire = maker.frame(first, &payload);
    wire.truncate(1 + maker.up_to(wire.len() - 2));
    Shot { wire, n_frames: 1, is_first: maker.chance(4), outcome: Outcome::BreaksOff }
}

fn noise(maker: &mut Maker) -> Shot {
    let n_bytes = 1 + maker.up_to(2_000);
    let wire = maker.bytes(n_bytes);
    Shot { wire, n_frames: 1, is_first: maker.chance(4), outcome: Outcome::BreaksOff }
}
