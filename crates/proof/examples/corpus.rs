//! Writes what fuzz targets start from: `cargo run -p voodoo-proof --example corpus -- fuzz/corpus`.
//!
//! One frame of every kind of wrong, and every example of a request.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;
use voodoo_proof::malformed::{Maker, kinds};

const SEED: u64 = 1;
/// Longer inputs only make a fuzzer slow.
const MAX_BYTES: usize = 2_048;
/// What the target `codec` reads before the wire: which role and limit, and how it is cut.
const CODEC_SETTINGS: [u8; 2] = [0, 7];

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).context("which folder?")?);
    let mut examples = Vec::new();
    for path in requests()? {
        let frames: Vec<Value> = serde_json::from_str(&fs::read_to_string(&path)?)?;
        let name = path.file_stem().context("a name")?.to_string_lossy().into_owned();
        for (number, frame) in frames.iter().enumerate() {
            let name = format!("request_{name}_{number}");
            write(&folder, "decode", &name, &serde_json::to_vec(frame)?)?;
        }
        examples.extend(frames);
    }
    let mut maker = Maker::new(SEED, &examples, "c_3F", "u_7k");
    for kind in kinds() {
        let wire = maker.make(kind).wire;
        let name = kind.name.replace(' ', "_").to_lowercase();
        if let Some(text) = text_of(&wire).filter(|text| text.len() <= MAX_BYTES) {
            write(&folder, "decode", &name, &text)?;
        } else if wire.len() <= MAX_BYTES {
            write(&folder, "codec", &name, &[&CODEC_SETTINGS, &wire[..]].concat())?;
        }
    }
    Ok(())
}

fn requests() -> Result<Vec<PathBuf>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/fixtures/frames/request");
    let paths = fs::read_dir(fixtures)?.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn write(folder: &Path, target: &str, name: &str, input: &[u8]) -> Result<()> {
    let folder = folder.join(target);
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(name), input)?)
}

/// The payload, if it is a single masked text frame that is UTF-8.
fn text_of(wire: &[u8]) -> Option<Vec<u8>> {
    let [0x81, second, rest @ ..] = wire else { return None };
    let (n_bytes, rest) = match second {
        254 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        128..=253 => (usize::from(second - 128), rest),
        _ => return None,
    };
    let (mask, payload) = rest.split_first_chunk::<4>()?;
    let text: Vec<u8> =
        payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    (text.len() == n_bytes && std::str::from_utf8(&text).is_ok()).then_some(text)
}
