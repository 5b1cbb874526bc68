//! What the fuzz targets start from, kept true without them.

use std::fs;
use std::path::Path;

use crate::fuzz_body::{check_frame, check_http};

/// Hands every input of a target to its function.
#[expect(clippy::print_stdout, reason = "it names the input that fails")]
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut n_inputs = 0;
    for entry in fs::read_dir(folder).expect("the corpus is there") {
        let path = entry.expect("a folder can be read").path();
        println!("{}", path.display());
        check(&fs::read(path).expect("an input can be read"));
        n_inputs += 1;
    }
    assert!(n_inputs > 10, "{n_inputs} inputs");
}

#[test]
fn every_malformed_frame_of_the_corpus_is_a_request_or_a_known_error() {
    replay("decode", check_frame);
}

#[test]
fn every_malformed_body_of_the_corpus_is_read_or_refused() {
    replay("bodies", check_http);
}
