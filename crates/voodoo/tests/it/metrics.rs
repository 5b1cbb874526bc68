//! Where metrics are served, and the listener for suites that judge WebSocket servers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use crate::cli::{command, run, until};
use crate::server::{Server, data_of};

/// Asks over plain HTTP, and reads the answer to the end of the connection or of `enough`.
fn ask(address: &str, request: &str, enough: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&answer).contains(enough) {
        let n_bytes = stream.read(&mut part).unwrap();
        if n_bytes == 0 {
            break;
        }
        answer.extend_from_slice(&part[..n_bytes]);
    }
    String::from_utf8(answer).unwrap()
}

pub(crate) fn get(address: &str, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    ask(address, &request, "\r\n0\r\n\r\n")
}

/// The address that the server says it serves metrics at.
pub(crate) fn admin_address(server: &Server) -> Option<String> {
    let log = server.log();
    let line = log.lines().find(|line| line.contains("\"metrics\""))?;
    let (_, rest) = line.split_once("\"address\":\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

#[test]
fn metrics_are_served_at_their_own_address_and_not_in_public() {
    let server = Server::start("metrics", &[("VOODOO_HTTP__ADMIN_LISTEN", "127.0.0.1:0")]);
    until("the address is said", || admin_address(&server).is_some());
    let admin = admin_address(&server).unwrap();
    let answer = get(&admin, "/metrics");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("\nvoodoo_connections{transport=\"websocket\"} 0\n"), "{answer}");
    assert!(get(&admin, "/readyz").starts_with("HTTP/1.1 404 "));
    let public = server.url.replace("http://localhost", "127.0.0.1");
    assert!(get(&public, "/metrics").starts_with("HTTP/1.1 404 "));
}

#[test]
fn an_admin_address_that_was_named_and_is_taken_ends_the_start_with_69() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = data_of("metrics-taken");
    let words = ["--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let said = run(&words, &[("VOODOO_HTTP__ADMIN_LISTEN", &address)]);
    said.failed(69, &format!("listening on {address}"));
    let settings = [("VOODOO_HTTP__ADMIN_LISTEN", "somewhere")];
    run(&["config", "check"], &settings).failed(78, "http.admin_listen");
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn without_a_word_about_it_a_taken_port_costs_only_the_metrics() {
    // Whoever else holds the port serves this test as well.
    let _taken = TcpListener::bind("127.0.0.1:9600");
    let server = Server::start("metrics-auto", &[("VOODOO_HTTP__ADMIN_LISTEN", "auto")]);
    assert!(server.log().contains("no metrics: listening on 127.0.0.1:9600"), "{}", server.log());
    let public = server.url.replace("http://localhost", "127.0.0.1");
    assert!(get(&public, "/livez").starts_with("HTTP/1.1 200 "));
}

/// Ends with the test.
struct Echo(Child);

impl Drop for Echo {
    fn drop(&mut self) {
        // Already gone is as good as ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn the_echo_for_suites_answers_this_machine_alone() {
    run(&["ws-echo", "--listen", "0.0.0.0:0"], &[]).failed(64, "is not of this machine alone");
    let mut echo = command(&["ws-echo", "--listen", "127.0.0.1:0"], &[]);
    let mut echo = Echo(echo.stdout(Stdio::piped()).spawn().unwrap());
    let mut url = String::new();
    BufReader::new(echo.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let address = url.trim().strip_prefix("ws://").unwrap().trim_end_matches('/');
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let answer = ask(address, request, "\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
}
