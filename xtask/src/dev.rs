//! `cargo xtask dev`: a server with throw-away data and two people in it, and the web client with
//! hot reload before it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::needs::{self, NPM};
use crate::process::{self, cargo, complain, npm, say};
use crate::{repo, web};

/// Where Vite of `web/vite.config.ts` expects the server.
const SERVER: &str = "127.0.0.1:8080";
/// The page that it serves.
const PAGE: &str = "http://localhost:5173";
/// How long the server may take until it can be owned.
const START: Duration = Duration::from_secs(30);

/// Handle, name and password of those who are there from the start; the first one is the owner.
const PEOPLE: &[(&str, &str, &str)] =
    &[("ada", "Ada", "a lamp by the window"), ("bo", "Bo", "a lamp by the door")];

/// Builds the server, starts it on fresh data, makes the demo users, and runs Vite until it ends.
///
/// # Errors
///
/// If the build fails, or the server does not start, for example because its port is taken.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    needs::ensure(&[&NPM])?;
    web::install()?;
    web::ensure_placeholder()?;
    process::run(&mut cargo(["build", "--package", repo::BINARY]))?;
    let (server, link) = Server::start()?;
    let token = link.recv_timeout(START).context("the server printed no set-up link")?;
    make_people(&token)?;
    say(format!("\n{PAGE}"));
    for (handle, _, password) in PEOPLE {
        say(format!("  log in as `{handle}` with `{password}`"));
    }
    let vite = npm(["run", "dev"]).status().context("starting Vite")?;
    drop(server);
    ensure!(vite.success(), "Vite ended: {vite}");
    Ok(())
}

/// The running server; it ends with this.
struct Server(Child);

impl Server {
    /// Starts the server on an empty folder; the receiver gets the token of its set-up link.
    fn start() -> Result<(Self, Receiver<String>)> {
        let data = repo::target_dir()?.join("xtask/dev-data");
        if data.exists() {
            fs::remove_dir_all(&data).context("emptying the data of the last time")?;
        }
        let mut child = Command::new(repo::binary("debug")?)
            .env("VOODOO_DATA", &data)
            .env("VOODOO_LOG__FORMAT", "text")
            .env("VOODOO_HTTP__LISTEN", SERVER)
            .env("VOODOO_HTTP__ALLOWED_ORIGINS", format!("[{PAGE:?}]"))
            .stderr(Stdio::piped())
            .spawn()
            .context("starting the server")?;
        let stderr = child.stderr.take().expect("stderr is piped");
        let (found, link) = channel();
        thread::spawn(move || relay(stderr, &found));
        Ok((Self(child), link))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, for the same reason.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Passes on what the server says, and the token of its set-up link.
fn relay(stderr: ChildStderr, found: &Sender<String>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        complain(&line);
        if let Some(token) = token_in(&line) {
            // Only the first one is waited for.
            drop(found.send(token.to_owned()));
        }
    }
    complain("the server ended");
}

fn token_in(line: &str) -> Option<&str> {
    let (_, token) = line.split_once("/setup#")?;
    token.split_whitespace().next()
}

/// Makes the owner, and the others by invite, as a program would.
fn make_people(setup_token: &str) -> Result<()> {
    let mut owner = String::new();
    for (handle, name, password) in PEOPLE {
        let mut account = json!({"handle": handle, "name": name, "password": password});
        if owner.is_empty() {
            account["token"] = json!(setup_token);
            let made = post("/setup", &account, None)?;
            owner = made["token"].as_str().context("no token for the owner")?.to_owned();
        } else {
            let invite = post("/invites", &json!({}), Some(&owner))?;
            account["invite"] = invite["code"].clone();
            post("/sign-up", &account, None)?;
        }
    }
    Ok(())
}

/// One request to the HTTP interface and its answer.
fn post(path: &str, body: &Value, token: Option<&str>) -> Result<Value> {
    let body = body.to_string();
    let bearer = token.map_or_else(String::new, |t| format!("Authorization: Bearer {t}\r\n"));
    let head = format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: {SERVER}\r\nConnection: close\r\n{bearer}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut socket = TcpStream::connect(SERVER).context("connecting to the server")?;
    socket.set_read_timeout(Some(START))?;
    socket.write_all((head + &body).as_bytes())?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    body_of(&answer).with_context(|| format!("POST {path}"))
}

/// The JSON of an answer that says it went well.
fn body_of(answer: &str) -> Result<Value> {
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer breaks off")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("{status}: {body}");
    }
    serde_json::from_str(body).context("the answer is not JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_the_set_up_link_is_found() {
        assert_eq!(token_in("    http://127.0.0.1:8080/setup#9Yw3kq "), Some("9Yw3kq"));
        assert_eq!(token_in("serving at http://127.0.0.1:8080"), None);
    }

    #[test]
    fn only_a_good_answer_has_a_body() {
        let good = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\n\r\n{\"code\":\"x\"}";
        assert_eq!(body_of(good).unwrap(), json!({"code": "x"}));
        assert!(body_of("HTTP/1.1 410 Gone\r\n\r\n{}").is_err());
        assert!(body_of("HTTP/1.1 200 OK\r\n").is_err());
    }
}
