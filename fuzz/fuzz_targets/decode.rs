//! Feeds arbitrary bytes to the decoder of clients' frames.

#![no_main]

// The same check runs over the corpus on stable Rust.
#[path = "../../crates/proto/tests/it/fuzz_body.rs"]
#[allow(dead_code, reason = "two targets share the file")]
mod fuzz_body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_body::check_frame(data));
