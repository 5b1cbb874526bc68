//! The budget of memory of the real binary.

use crate::cli::until;
use crate::metrics::{admin_address, get};
use crate::server::Server;

const UPGRADE: &str = "/ws";

/// Lines of the log with these words.
fn n_lines(server: &Server, words: &str) -> usize {
    server.log().lines().filter(|line| line.contains(words)).count()
}

#[test]
fn above_its_budget_a_server_lets_nobody_in_and_says_so_once() {
    let settings = [
        ("VOODOO_MEMORY__BUDGET", "2097152"),
        ("VOODOO_TIMERS__MEMORY_MS", "50"),
        ("VOODOO_HTTP__ADMIN_LISTEN", "127.0.0.1:0"),
    ];
    let server = Server::start("memory-short", &settings);
    let public = server.url.replace("http://localhost", "127.0.0.1");
    let answer = get(&public, UPGRADE);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: "), "{answer}");
    assert!(answer.contains("the server is short of memory"), "{answer}");
    let ready = get(&public, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 503 "), "{ready}");
    assert!(ready.contains(" MiB of 2 are used: new sockets and log-ins are refused"), "{ready}");
    assert!(get(&public, "/livez").starts_with("HTTP/1.1 200 "));
    until("metrics are served", || admin_address(&server).is_some());
    let metrics = get(&admin_address(&server).unwrap(), "/metrics");
    assert!(metrics.contains("\nvoodoo_memory_budget_bytes 2097152\n"), "{metrics}");
    assert!(metrics.contains("\nvoodoo_memory_refusing 1\n"), "{metrics}");
    // The timer goes on meanwhile.
    std::thread::park_timeout(std::time::Duration::from_millis(300));
    assert_eq!(n_lines(&server, "short of memory"), 1, "{}", server.log());
    assert_eq!(n_lines(&server, "budget of memory"), 1, "{}", server.log());
}

#[test]
fn a_budget_comes_from_the_machine_unless_it_is_set_or_there_is_none() {
    for (budget, words) in [
        ("auto", "\"origin\":\"80 % of the "),
        ("1073741824", "\"origin\":\"memory.budget\""),
        ("none", "no budget of memory"),
    ] {
        let name = format!("memory-{budget}");
        let server = Server::start(&name, &[("VOODOO_MEMORY__BUDGET", budget)]);
        assert_eq!(n_lines(&server, words), 1, "{budget}: {}", server.log());
        let public = server.url.replace("http://localhost", "127.0.0.1");
        assert!(get(&public, "/readyz").starts_with("HTTP/1.1 200 "), "{budget}");
    }
}
