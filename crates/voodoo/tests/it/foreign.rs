//! Clients of other languages, written from the pages of the protocol alone, against the binary.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// Time for the server to say where it is.
const START: Duration = Duration::from_secs(60);

/// A server without an owner, with data of its own; it ends with the test.
struct Server {
    child: Child,
    data: PathBuf,
    url: String,
    setup_token: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    fn start(name: &str) -> Self {
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("foreign-{name}"));
        if data.exists() {
            fs::remove_dir_all(&data).expect("old data go away");
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_voodoo"))
            .arg("--data")
            .arg(&data)
            .args(["--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = child.stderr.take().expect("stderr is piped");
        let log = Arc::new(Mutex::new(String::new()));
        let links = follow(stderr, Arc::clone(&log));
        let mut server = Self { child, data, url: String::new(), setup_token: String::new(), log };
        let link = links.recv_timeout(START);
        (server.url, server.setup_token) =
            link.unwrap_or_else(|error| panic!("no set-up link: {error}\n{}", server.log()));
        server
    }

    fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs a client against this server and expects that it found everything as it should be.
    fn meets(&self, client: &mut Command) {
        let output = client
            .env("VOODOO_URL", &self.url)
            .env("VOODOO_SETUP_TOKEN", &self.setup_token)
            .env("NO_PROXY", "*")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("the interpreter starts");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let log = self.log();
        assert!(output.status.success(), "{}\n{stdout}\n{stderr}\nserver:\n{log}", output.status);
        assert!(stdout.ends_with("all is as the pages say\n"), "it ended early:\n{stdout}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good as ended.
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.data));
    }
}

/// Keeps what the server says, and hands over the set-up links in it.
fn follow(stderr: ChildStderr, log: Arc<Mutex<String>>) -> mpsc::Receiver<(String, String)> {
    let (say, hear) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(link) = link_in(&line) {
                // Nobody listens any more after the first one.
                drop(say.send(link));
            }
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
    hear
}

/// Address and token of a set-up link in a line.
fn link_in(line: &str) -> Option<(String, String)> {
    let link = line.split_whitespace().find(|word| word.contains("/setup#"))?;
    let (url, token) = link.split_once("/setup#")?;
    Some((url.to_owned(), token.to_owned()))
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
    let server = Server::start("python");
    server.meets(Command::new(python).arg(client("python/test_voodoo.py")));
}

#[test]
fn a_node_client_written_from_the_pages_talks_and_resumes() {
    assert!(works(Command::new("node").arg("--version")), "no Node: apt install nodejs npm");
    let server = Server::start("node");
    server.meets(Command::new("node").arg(client("node/client.test.mjs")));
}
