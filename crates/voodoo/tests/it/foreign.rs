//! Clients of other languages, written from the pages of the protocol alone, against the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::server::Server;

/// Runs a client against a server and expects that it found everything as it should be.
fn meets(server: &Server, client: &mut Command) {
    let output = client
        .env("VOODOO_URL", &server.url)
        .env("VOODOO_SETUP_TOKEN", &server.setup_token)
        .env("NO_PROXY", "*")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("the interpreter starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let log = server.log();
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}\nserver:\n{log}", output.status);
    assert!(stdout.ends_with("all is as the pages say\n"), "it ended early:\n{stdout}");
}

fn client(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign").join(path)
}

/// A Python that has `websockets`: the one asked for, else the first in the path, else the system's.
fn python() -> PathBuf {
    let own = std::env::var_os("VOODOO_PYTHON").map(PathBuf::from);
    let known = ["python3", "/usr/bin/python3"].map(PathBuf::from);
    own.into_iter()
        .chain(known)
        .find(|python| works(Command::new(python).args(["-c", "import websockets"])))
        .expect(
            "no Python 3 with the library `websockets`: apt install python3 python3-websockets, \
             or name one in VOODOO_PYTHON",
        )
}

fn works(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn a_python_client_written_from_the_pages_talks_and_resumes() {
    let python = python();
    let server = Server::start("foreign-python", &[]);
    meets(&server, Command::new(python).arg(client("python/test_voodoo.py")));
}

#[test]
fn a_node_client_written_from_the_pages_talks_and_resumes() {
    assert!(works(Command::new("node").arg("--version")), "no Node: apt install nodejs npm");
    let server = Server::start("foreign-node", &[]);
    meets(&server, Command::new("node").arg(client("node/client.test.mjs")));
}
