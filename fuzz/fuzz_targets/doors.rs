//! Feeds arbitrary lines to what reads headers and names before anybody is let in.

#![no_main]

// The same check runs over the corpus on stable Rust.
#[path = "../../crates/server/tests/it/fuzz_doors_body.rs"]
mod fuzz_doors_body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_doors_body::check(data));
