//! Words that must not stand in what is committed.
//!
//! The words are put together here from halves, so that this file does not find itself.

use super::Finding;
use super::facts::{Facts, File};

/// A word that is looked for, and in which files.
struct Mark {
    word: &'static str,
    endings: &'static [&'static str],
}

const CODE: &[&str] = &[".rs", ".ts", ".tsx", ".mjs", ".js", ".py", ".sql", ".toml", ".md", ".css"];
const RUST: &[&str] = &[".rs"];
const WEB: &[&str] = &[".ts", ".tsx"];

const UNFINISHED: &[Mark] = &[
    Mark { word: concat!("TO", "DO"), endings: CODE },
    Mark { word: concat!("FIX", "ME"), endings: CODE },
    Mark { word: concat!("to", "do!("), endings: RUST },
    Mark { word: concat!("unimpl", "emented!("), endings: RUST },
    Mark { word: concat!("#[ig", "nore"), endings: RUST },
    Mark { word: concat!("it.sk", "ip("), endings: WEB },
    Mark { word: concat!("it.on", "ly("), endings: WEB },
    Mark { word: concat!("it.to", "do("), endings: WEB },
    Mark { word: concat!("test.sk", "ip("), endings: WEB },
    Mark { word: concat!("test.on", "ly("), endings: WEB },
    Mark { word: concat!("test.to", "do("), endings: WEB },
    Mark { word: concat!("test.fix", "me("), endings: WEB },
    Mark { word: concat!("describe.sk", "ip("), endings: WEB },
    Mark { word: concat!("describe.on", "ly("), endings: WEB },
];

/// Folders of the machine somebody worked on.
const OUTSIDE: &[&str] = &[concat!("../sh", "ared"), concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Files that may have code which the compiler cannot check, each block with its reason.
const UNCHECKED: &[&str] = &["crates/store/tests/it/disk/vfs.rs"];

/// Files in which tools write what is not ours.
const WRITTEN_BY_TOOLS: &[&str] = &["Cargo.lock", "web/package-lock.json"];

/// Finds code that says of itself that it is not finished, and tests that are switched off.
pub(super) fn unfinished(facts: &Facts) -> Vec<Finding> {
    let found = facts.files.iter().flat_map(|file| {
        let marks =
            UNFINISHED.iter().filter(|mark| mark.endings.iter().any(|e| file.path.ends_with(e)));
        marks.flat_map(|mark| lines_with(file, mark.word))
    });
    found.map(Finding::Fail).collect()
}

/// Finds lines that name what is outside the project: it must stand on its own.
pub(super) fn outside(facts: &Facts) -> Vec<Finding> {
    let ours = facts.files.iter().filter(|file| !WRITTEN_BY_TOOLS.contains(&file.path.as_str()));
    let found = ours.flat_map(|file| OUTSIDE.iter().flat_map(|word| lines_with(file, word)));
    found.map(Finding::Fail).collect()
}

/// Finds code which the compiler cannot check, outside of the files listed for it.
pub(super) fn unchecked(facts: &Facts) -> Vec<Finding> {
    let rust = facts.files.iter().filter(|file| file.path.ends_with(".rs"));
    let others = rust.filter(|file| !UNCHECKED.contains(&file.path.as_str()));
    let word = concat!("expect(uns", "afe_code");
    others.flat_map(|file| lines_with(file, word)).map(Finding::Fail).collect()
}

fn lines_with(file: &File, word: &str) -> Vec<String> {
    let hits = file.text.lines().enumerate().filter(|(_, line)| line.contains(word));
    hits.map(|(index, _)| format!("{}:{} says `{word}`", file.path, index + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str, text: &str) -> Facts {
        let files = vec![File { path: path.to_owned(), text: text.to_owned() }];
        Facts { files, ..Facts::default() }
    }

    #[test]
    fn an_unfinished_line_is_found() {
        let text = format!("fine\n// {}: later\n", concat!("TO", "DO"));
        let expect = format!("a.rs:2 says `{}`", concat!("TO", "DO"));
        assert_eq!(unfinished(&facts("a.rs", &text)), [Finding::Fail(expect)]);
    }

    #[test]
    fn a_test_that_is_switched_off_is_found() {
        assert_eq!(unfinished(&facts("a.rs", concat!("#[ig", "nore]"))).len(), 1);
        assert_eq!(unfinished(&facts("a.test.ts", concat!("it.sk", "ip(\"x\")"))).len(), 1);
        assert_eq!(unfinished(&facts("a.rs", "list.iter().skip(1)")).len(), 0);
    }

    #[test]
    fn unchecked_code_is_found_outside_of_its_files() {
        let text = concat!("#![expect(uns", "afe_code, reason = \"fast\")]");
        assert_eq!(unchecked(&facts("crates/core/src/hub.rs", text)).len(), 1);
        assert_eq!(unchecked(&facts(UNCHECKED[0], text)).len(), 0);
    }

    #[test]
    fn a_path_outside_the_project_is_found() {
        assert_eq!(outside(&facts("a.md", concat!("see /wo", "rk/x"))).len(), 1);
        assert_eq!(outside(&facts("Cargo.lock", concat!("see /wo", "rk/x"))).len(), 0);
        assert_eq!(outside(&facts("a.md", "network/x")).len(), 0);
    }
}
