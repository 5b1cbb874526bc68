//! Feeds arbitrary bytes to the WebSocket decoder and to tungstenite.

#![no_main]

// The same check runs as a property test on stable Rust.
#[path = "../../crates/server/tests/it/ws_codec_body.rs"]
mod ws_codec_body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| ws_codec_body::check_bytes(data));
