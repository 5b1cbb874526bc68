//! `cargo xtask dev`: a server with throw-away data and two people in it, and the web client with
//! hot reload before it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::needs::{self, NPM};
use crate::process::{self, cargo, complain, npm, say};
use crate::{repo, web};

/// Where Vite of `web/vite.config.ts` expects the server.
const SERVER: &str = "127.0.0.1:8080";
/// The page that it serves.
const PAGE: &str = "http://localhost:5173";
/// How long the server may take until it serves.
const START: Duration = Duration::from_secs(30);

/// Handle, name and password of those who are there from the start; the first one is the owner.
const PEOPLE: &[(&str, &str, &str)] =
    &[("ada", "Ada", "a lamp by the window"), ("bo", "Bo", "a lamp by the door")];

/// Builds the server, makes the demo users in fresh data, serves them, and runs Vite until it ends.
///
/// # Errors
///
/// If the build fails, or the server does not start, for example because its port is taken.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    needs::ensure(&[&NPM])?;
    web::install()?;
    web::ensure_placeholder()?;
    process::run(&mut cargo(["build", "--package", repo::BINARY]))?;
    let program = Program::on_fresh_data()?;
    for (number, person) in PEOPLE.iter().enumerate() {
        program.add(person, number == 0)?;
    }
    let (server, serving) = program.serve()?;
    serving.recv_timeout(START).context("the server does not serve")?;
    say(format!("\n{PAGE}"));
    for (handle, _, password) in PEOPLE {
        say(format!("  log in as `{handle}` with `{password}`"));
    }
    let vite = npm(["run", "dev"]).status().context("starting Vite")?;
    drop(server);
    ensure!(vite.success(), "Vite ended: {vite}");
    Ok(())
}

/// The program and the data that it works on.
struct Program {
    binary: PathBuf,
    data: PathBuf,
}

impl Program {
    fn on_fresh_data() -> Result<Self> {
        let data = repo::target_dir()?.join("xtask/dev-data");
        if data.exists() {
            fs::remove_dir_all(&data).context("emptying the data of the last time")?;
        }
        Ok(Self { binary: repo::binary("debug")?, data })
    }

    /// Makes an account, as an operator would.
    fn add(&self, person: &(&str, &str, &str), is_owner: bool) -> Result<()> {
        let (handle, name, password) = person;
        let mut command = command(&self.binary, &self.data);
        command.args(["user", "add", handle, "--name", name, "--password-stdin"]);
        if is_owner {
            command.arg("--admin");
        }
        let mut child = command.stdin(Stdio::piped()).spawn().context("making an account")?;
        let mut stdin = child.stdin.take().expect("stdin is piped");
        stdin.write_all(password.as_bytes()).context("giving the password")?;
        drop(stdin);
        let ended = child.wait().context("making an account")?;
        ensure!(ended.success(), "`voodoo user add {handle}` failed: {ended}");
        Ok(())
    }

    /// Starts the server; the receiver hears when it serves, or that it never will.
    fn serve(&self) -> Result<(Server, Receiver<String>)> {
        let mut child = command(&self.binary, &self.data)
            .env("VOODOO_LOG__FORMAT", "text")
            .env("VOODOO_HTTP__ALLOWED_ORIGINS", format!("[{PAGE:?}]"))
            .stderr(Stdio::piped())
            .spawn()
            .context("starting the server")?;
        let stderr = child.stderr.take().expect("stderr is piped");
        let (tell, serving) = channel();
        thread::spawn(move || relay(stderr, &tell));
        Ok((Server(child), serving))
    }
}

fn command(binary: &Path, data: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env("VOODOO_DATA", data).env("VOODOO_HTTP__LISTEN", SERVER);
    command
}

/// The running server; it ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, for the same reason.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Passes on what the server says, and the line by which it says that it serves.
fn relay(stderr: ChildStderr, tell: &Sender<String>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        complain(&line);
        if is_serving(&line) {
            // Only the first time is waited for.
            drop(tell.send(line));
        }
    }
    complain("the server ended");
}

fn is_serving(line: &str) -> bool {
    line.split_whitespace().any(|word| word == "serving")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_when_it_serves() {
        assert!(is_serving("2026-11-24T08:24:53Z  INFO serving version=\"0.1.0\" data=x"));
        assert!(!is_serving("voodoo: listening on 127.0.0.1:8080: Address already in use"));
    }
}
