//! What the fuzz target `doors` starts from, kept true without it.

use std::path::Path;

use crate::fuzz_doors_body::check;

#[test]
fn every_malformed_line_of_the_corpus_is_taken_or_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/doors");
    let mut n_inputs = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        check(&std::fs::read(path).unwrap());
        n_inputs += 1;
    }
    assert!(n_inputs > 10, "{n_inputs} inputs");
}
