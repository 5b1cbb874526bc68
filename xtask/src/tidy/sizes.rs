//! How long a file and a React component may be.
//!
//! Functions are measured by clippy and the web linter. Tests and generated code are left out.

use super::Finding;
use super::facts::{Facts, File};

const FILE_WARN_LINES: usize = 500;
const FILE_MAX_LINES: usize = 800;
const COMPONENT_MAX_LINES: usize = 300;

/// Finds files and components that are too long.
pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let measured = facts.files.iter().filter(|file| is_measured(&file.path));
    measured.flat_map(|file| file_size(file).into_iter().chain(component_sizes(file))).collect()
}

fn is_measured(path: &str) -> bool {
    let is_source = [".rs", ".ts", ".tsx"].iter().any(|ending| path.ends_with(ending));
    let is_test = ["/tests/", "/e2e/", "/testing/", ".test.", ".gen."];
    is_source && !is_test.iter().any(|part| path.contains(part))
}

fn file_size(file: &File) -> Option<Finding> {
    let n_lines = product_lines(&file.text);
    let told = |limit| format!("{} has {n_lines} lines, more than {limit}", file.path);
    if n_lines > FILE_MAX_LINES {
        return Some(Finding::Fail(told(FILE_MAX_LINES)));
    }
    (n_lines > FILE_WARN_LINES).then(|| Finding::Warn(told(FILE_WARN_LINES)))
}

/// Unit tests stand at the end of a Rust file and do not count.
fn product_lines(text: &str) -> usize {
    text.lines().take_while(|line| *line != "#[cfg(test)]").count()
}

/// A component is a function at the outermost level whose name begins with a capital letter.
fn component_sizes(file: &File) -> Vec<Finding> {
    if !file.path.ends_with(".tsx") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut open: Option<(&str, usize)> = None;
    for (number, line) in file.text.lines().enumerate() {
        if let Some(name) = component_name(line) {
            open = Some((name, number));
        }
        if line.starts_with('}')
            && let Some((name, start)) = open.take()
            && number + 1 - start > COMPONENT_MAX_LINES
        {
            let n_lines = number + 1 - start;
            let path = &file.path;
            found.push(Finding::Fail(format!("component {name} of {path} has {n_lines} lines")));
        }
    }
    found
}

fn component_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let rest = line.strip_prefix("function ").or_else(|| line.strip_prefix("const "))?;
    let name = rest.split(|c: char| !c.is_alphanumeric()).next()?;
    name.starts_with(char::is_uppercase).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: String) -> Vec<Finding> {
        let files = vec![File { path: path.to_owned(), text }];
        check(&Facts { files, ..Facts::default() })
    }

    #[test]
    fn a_long_file_is_warned_of_and_a_very_long_one_fails() {
        assert_eq!(found("a/src/b.rs", "x\n".repeat(500)), []);
        assert!(matches!(found("a/src/b.rs", "x\n".repeat(501))[..], [Finding::Warn(_)]));
        assert!(matches!(found("a/src/b.rs", "x\n".repeat(801))[..], [Finding::Fail(_)]));
    }

    #[test]
    fn tests_and_generated_code_may_be_long() {
        assert_eq!(found("a/tests/it/b.rs", "x\n".repeat(900)), []);
        assert_eq!(found("web/src/proto/wire.gen.ts", "x\n".repeat(900)), []);
        let with_tests = format!("x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(900));
        assert_eq!(found("a/src/b.rs", with_tests), []);
    }

    #[test]
    fn a_long_component_fails() {
        let component =
            |n_lines| format!("export function Row() {{\n{}}}\n", "x\n".repeat(n_lines));
        assert_eq!(found("web/src/ui/Row.tsx", component(298)), []);
        assert!(matches!(found("web/src/ui/Row.tsx", component(299))[..], [Finding::Fail(_)]));
    }
}
