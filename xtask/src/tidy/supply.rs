//! How much of others' code the product brings along.

use serde_json::Value;

use super::Finding;
use super::facts::Facts;

const MAX_CRATES: usize = 350;
const MAX_NPM_PACKAGES: usize = 30;

/// Counts the crates linked into the default binary.
pub(super) fn crates(facts: &Facts) -> Vec<Finding> {
    limit("crates in the default binary", facts.linked.len(), MAX_CRATES)
}

/// Counts the npm packages that reach the browser, those that others pull in included.
pub(super) fn npm(facts: &Facts) -> Vec<Finding> {
    let packages = facts.npm_lock["packages"].as_object();
    let runtime = packages.map_or(0, |packages| packages.iter().filter(is_runtime).count());
    limit("npm packages at run time", runtime, MAX_NPM_PACKAGES)
}

/// The package with the empty path is the web client itself.
fn is_runtime((path, package): &(&String, &Value)) -> bool {
    let is_marked = |mark: &str| package[mark] == true;
    !path.is_empty() && !["dev", "optional", "devOptional", "peer"].into_iter().any(is_marked)
}

fn limit(what: &str, n: usize, max: usize) -> Vec<Finding> {
    if n <= max {
        return Vec::new();
    }
    vec![Finding::Fail(format!("{n} {what}, more than {max}"))]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn too_many_crates_are_found() {
        let facts = |n| Facts { linked: vec![String::new(); n], ..Facts::default() };
        assert_eq!(crates(&facts(350)), []);
        assert_eq!(crates(&facts(351)).len(), 1);
    }

    #[test]
    fn too_many_npm_packages_are_found() {
        let facts = |n| {
            let mut packages = serde_json::Map::new();
            packages.insert(String::new(), json!({}));
            packages.insert("node_modules/vite".to_owned(), json!({"dev": true}));
            packages.extend((0..n).map(|i| (format!("node_modules/{i}"), json!({}))));
            Facts { npm_lock: json!({"packages": packages}), ..Facts::default() }
        };
        assert_eq!(npm(&facts(30)), []);
        assert_eq!(npm(&facts(31)).len(), 1);
    }
}
