//! Whether the pages speak of things that exist.

use super::Finding;
use super::facts::{Facts, File};

/// The page in which every path in backticks must exist.
const MAP: &str = "ARCHITECTURE.md";

/// Finds paths in ARCHITECTURE.md that do not exist.
pub(super) fn named_paths(facts: &Facts) -> Vec<Finding> {
    let map = facts.files.iter().filter(|file| file.path == MAP);
    let dead = map.flat_map(|file| paths_in(&file.text)).filter(|path| !exists(facts, path));
    dead.map(|path| Finding::Fail(format!("{MAP} names `{path}`, which does not exist"))).collect()
}

/// Finds relative links in Markdown that lead nowhere.
pub(super) fn links(facts: &Facts) -> Vec<Finding> {
    let pages = facts.files.iter().filter(|file| file.path.ends_with(".md"));
    pages.flat_map(|page| dead_links(facts, page)).map(Finding::Fail).collect()
}

fn dead_links(facts: &Facts, page: &File) -> Vec<String> {
    let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let dead = relative_links(&page.text).filter(|link| {
        !resolve(folder, link).is_some_and(|path| path.is_empty() || exists(facts, &path))
    });
    dead.map(|link| format!("{} links to {link}, which does not exist", page.path)).collect()
}

/// Code in backticks with a slash inside and nothing but the letters of a path.
fn paths_in(text: &str) -> impl Iterator<Item = &str> {
    let code = outside_fences(text).flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_letter = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    code.filter(move |code| {
        code.contains('/') && !code.starts_with('/') && code.chars().all(is_letter)
    })
}

/// Targets of `[text](target)`, without those of other sites and of the same page.
fn relative_links(text: &str) -> impl Iterator<Item = &str> {
    let targets = outside_fences(text).flat_map(|line| {
        line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
    });
    let targets = targets.filter(|target| !target.contains(':') && !target.starts_with('#'));
    targets.map(|target| target.split_once('#').map_or(target, |(path, _)| path))
}

fn outside_fences(text: &str) -> impl Iterator<Item = &str> {
    let mut is_fenced = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        !is_fenced && !is_fence
    })
}

/// The path from the root that `link` means on a page in `folder`; nothing if it leads outside.
fn resolve(folder: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Whether a path is a file that is committed, or a folder that holds one.
fn exists(facts: &Facts, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    facts.paths.iter().any(|known| {
        known.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str, text: &str) -> Facts {
        let files = vec![File { path: path.to_owned(), text: text.to_owned() }];
        let paths = ["README.md", "docs/a/b.md", "crates/core/src/lib.rs"];
        Facts { files, paths: paths.map(str::to_owned).to_vec(), ..Facts::default() }
    }

    #[test]
    fn a_dead_path_on_the_map_is_found() {
        let check = |text, expect: usize| {
            assert_eq!(named_paths(&facts(MAP, text)).len(), expect, "{text}");
        };
        check("see `crates/core/src/lib.rs` and `crates/core/`", 0);
        check("see `crates/core/src/gone.rs`", 1);
        check("see `crates/cor`", 1);
        check("`GET /ws`, `/api/v1` and `Store` are no paths", 0);
        check("```\n`no/path`\n```\n", 0);
    }

    #[test]
    fn a_dead_link_is_found() {
        let check = |page, text, expect: usize| {
            assert_eq!(links(&facts(page, text)).len(), expect, "{text}");
        };
        check("docs/a/c.md", "[b](b.md) [up](../../README.md#run) [folder](../a)", 0);
        check("docs/a/c.md", "[b](gone.md)", 1);
        check("docs/a/c.md", "[out](../../../x.md)", 1);
        check("README.md", "[site](https://example.org/x) [here](#run) ![pic](docs/a/p.png)", 1);
        check("README.md", "```\n[b](gone.md)\n```", 0);
    }
}
