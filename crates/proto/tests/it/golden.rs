use std::collections::BTreeSet;
use std::fs;

use crate::fixture::{self, Side};

#[test]
fn every_frame_has_a_fixture_and_every_fixture_a_frame() {
    for side in Side::ALL {
        let expected: BTreeSet<String> = side.names().into_iter().collect();
        let found: BTreeSet<String> = fs::read_dir(fixture::folder("frames").join(side.folder()))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|file| file.strip_suffix(".json").expect("only JSON files").to_owned())
            .collect();
        assert_eq!(found, expected, "{side:?}");
    }
}

#[test]
fn what_is_read_is_written_letter_for_letter() {
    for side in Side::ALL {
        for name in side.names() {
            let rewritten: Vec<String> = fixture::frames(side, &name)
                .iter()
                .map(|frame| {
                    side.rewrite(&name, frame).unwrap_or_else(|e| panic!("{name}: {e}\n{frame}"))
                })
                .collect();
            assert!(!rewritten.is_empty(), "{side:?} {name} has no example");
            let file = format!("[\n  {}\n]\n", rewritten.join(",\n  "));
            assert_eq!(fixture::text(side, &name), file, "{side:?} {name}");
        }
    }
}

#[test]
fn requests_and_events_stand_in_the_file_of_their_type() {
    for (side, name, frame) in fixture::all() {
        let expected = if side == Side::Reply { "ok" } else { name.as_str() };
        assert!(frame.starts_with(&format!("{{\"type\":\"{expected}\"")), "{name}: {frame}");
    }
}
