//! What a service manager hears by `NOTIFY_SOCKET`, as systemd does.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use crate::server::{Server, data_of};

/// Hears until a line comes that is wanted; returns all that were heard.
fn hear_until(manager: &UnixDatagram, wanted: &str) -> Vec<String> {
    let mut heard: Vec<String> = Vec::new();
    while !heard.iter().any(|line| line == wanted) {
        let mut bytes = [0; 1024];
        let n_bytes =
            manager.recv(&mut bytes).unwrap_or_else(|e| panic!("{wanted}: {e} {heard:?}"));
        let text = String::from_utf8_lossy(&bytes[..n_bytes]).into_owned();
        heard.extend(text.lines().map(str::to_owned));
    }
    heard
}

#[test]
fn the_service_manager_hears_ready_alive_and_stopping() {
    let folder = data_of("service-socket");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    let socket = folder.join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let socket: &'static str = socket.to_str().unwrap().to_owned().leak();
    let settings = [("NOTIFY_SOCKET", socket), ("WATCHDOG_USEC", "300000")];
    let mut server = Server::start("service", &settings);
    let heard = hear_until(&manager, "READY=1");
    assert!(!heard.contains(&"STOPPING=1".to_owned()), "{heard:?}");
    // The number is told once, before or after.
    if !heard.contains(&"STATUS=0 sessions".to_owned()) {
        hear_until(&manager, "STATUS=0 sessions");
    }
    for _ in 0..3 {
        hear_until(&manager, "WATCHDOG=1");
    }
    let killed = Command::new("kill").args(["-TERM", &server.pid().to_string()]).status();
    assert!(killed.unwrap().success());
    hear_until(&manager, "STOPPING=1");
    server.wait();
    fs::remove_dir_all(folder).unwrap();
}
