//! Which crate may use which, as drawn in ARCHITECTURE.md.

use super::Finding;
use super::facts::{Dependency, Facts, Member};

/// What one crate of the workspace may depend on.
struct Drawn {
    from: &'static str,
    /// Crates of the workspace, in the product.
    to: &'static [&'static str],
    /// Crates of the workspace besides, in tests and examples only.
    to_in_tests: &'static [&'static str],
}

const EDGES: &[Drawn] = &[
    Drawn { from: "voodoo-proto", to: &[], to_in_tests: &[] },
    Drawn {
        from: "voodoo-core",
        to: &["voodoo-proto"],
        to_in_tests: &["voodoo-core", "voodoo-client", "voodoo-store"],
    },
    Drawn { from: "voodoo-schedules", to: &["voodoo-proto"], to_in_tests: &[] },
    Drawn { from: "voodoo-store", to: &["voodoo-core", "voodoo-proto"], to_in_tests: &[] },
    Drawn {
        from: "voodoo-server",
        to: &["voodoo-core", "voodoo-proto"],
        to_in_tests: &["voodoo-store", "voodoo-client"],
    },
    Drawn { from: "voodoo-client", to: &["voodoo-proto"], to_in_tests: &[] },
    Drawn { from: "voodoo-history", to: &[], to_in_tests: &[] },
    Drawn { from: "voodoo-proof", to: ALL, to_in_tests: &[] },
    Drawn {
        from: "voodoo",
        to: &[
            "voodoo-proto",
            "voodoo-core",
            "voodoo-store",
            "voodoo-server",
            "voodoo-client",
            "voodoo-bench",
        ],
        to_in_tests: &["voodoo-proof"],
    },
    Drawn { from: "voodoo-bench", to: ALL, to_in_tests: &[] },
    Drawn { from: "xtask", to: &[], to_in_tests: &[] },
];

const ALL: &[&str] = &[
    "voodoo-proto",
    "voodoo-core",
    "voodoo-store",
    "voodoo-server",
    "voodoo-client",
    "voodoo-history",
];

/// What a crate keeps out, so that a simulation can own time, loss and order in the core, and no
/// engine is known outside its crate. `tokio/net` is the feature `net` of tokio.
const NEVER: &[(&str, &[&str])] = &[
    ("voodoo-proto", &["tokio", "axum", "hyper", "hyper-util", "rusqlite", "socket2"]),
    ("voodoo-core", &["axum", "hyper", "hyper-util", "rusqlite", "socket2"]),
    ("voodoo-core", &["tokio/full", "tokio/net", "tokio/fs", "tokio/process", "tokio/signal"]),
    ("voodoo-client", &["axum", "rusqlite"]),
    ("voodoo-server", &["rusqlite"]),
];

/// Finds edges that are not drawn, and sockets or SQL where neither belongs.
pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let undrawn = facts.members.iter().flat_map(undrawn);
    let unwanted = facts.members.iter().flat_map(unwanted);
    undrawn.chain(unwanted).map(Finding::Fail).collect()
}

fn undrawn(member: &Member) -> Vec<String> {
    let Some(drawn) = EDGES.iter().find(|drawn| drawn.from == member.name) else {
        return vec![format!("{} is in no drawing; xtask/src/tidy/edges.rs has it", member.name)];
    };
    let is_own = |dependency: &&Dependency| EDGES.iter().any(|drawn| drawn.from == dependency.name);
    let may = |dependency: &Dependency| {
        let name = dependency.name.as_str();
        drawn.to.contains(&name) || (dependency.is_dev && drawn.to_in_tests.contains(&name))
    };
    let own = member.dependencies.iter().filter(is_own);
    own.filter(|dependency| !may(dependency))
        .map(|dependency| format!("{} → {} is not drawn", member.name, dependency.name))
        .collect()
}

fn unwanted(member: &Member) -> Vec<String> {
    let kept_out = NEVER.iter().filter(|(from, _)| *from == member.name);
    let kept_out: Vec<&str> = kept_out.flat_map(|(_, never)| never.iter().copied()).collect();
    let product = member.dependencies.iter().filter(|dependency| !dependency.is_dev);
    let brought = product.flat_map(|dependency| {
        let name = &dependency.name;
        let features = dependency.features.iter().map(move |feature| format!("{name}/{feature}"));
        std::iter::once(name.clone()).chain(features)
    });
    brought
        .filter(|name| kept_out.contains(&name.as_str()))
        .map(|name| format!("{} must not know {name}", member.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(from: &str, to: &str, is_dev: bool, features: &[&str]) -> usize {
        let features = features.iter().map(|&feature| feature.to_owned()).collect();
        let dependencies = vec![Dependency { name: to.to_owned(), is_dev, features }];
        let members = vec![Member { name: from.to_owned(), dependencies }];
        check(&Facts { members, ..Facts::default() }).len()
    }

    #[test]
    fn an_undrawn_edge_is_found() {
        assert_eq!(found("voodoo-core", "voodoo-proto", false, &[]), 0);
        assert_eq!(found("voodoo-core", "voodoo-store", false, &[]), 1);
        assert_eq!(found("voodoo-proto", "voodoo-core", true, &[]), 1);
        assert_eq!(found("voodoo-new", "serde", false, &[]), 1);
    }

    #[test]
    fn an_edge_of_tests_is_none_of_the_product() {
        assert_eq!(found("voodoo-server", "voodoo-store", true, &[]), 0);
        assert_eq!(found("voodoo-server", "voodoo-store", false, &[]), 1);
    }

    #[test]
    fn sockets_and_sql_stay_out_of_the_core() {
        assert_eq!(found("voodoo-core", "rusqlite", false, &[]), 1);
        assert_eq!(found("voodoo-core", "tokio", false, &["sync", "time"]), 0);
        assert_eq!(found("voodoo-core", "tokio", false, &["sync", "net"]), 1);
        assert_eq!(found("voodoo-core", "rusqlite", true, &[]), 0);
        assert_eq!(found("voodoo-client", "tokio", false, &["net"]), 0);
        assert_eq!(found("voodoo-server", "rusqlite", false, &[]), 1);
        assert_eq!(found("voodoo-store", "rusqlite", false, &[]), 0);
    }
}
