//! The real binary, with data of its own; it ends with the test.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Time for the server to say where it is, and to answer.
const START: Duration = Duration::from_secs(60);

/// A server without an owner at first.
pub(crate) struct Server {
    child: Child,
    data: PathBuf,
    settings: Vec<(&'static str, &'static str)>,
    pub(crate) url: String,
    pub(crate) setup_token: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts the binary on fresh data, with settings from the environment.
    pub(crate) fn start(name: &str, settings: &[(&'static str, &'static str)]) -> Self {
        Self::start_under(&[], name, settings)
    }

    /// Starts the binary under another program, which gets it as its last arguments.
    pub(crate) fn start_under(
        wrapper: &[&str],
        name: &str,
        settings: &[(&'static str, &'static str)],
    ) -> Self {
        let data = data_of(name);
        if data.exists() {
            fs::remove_dir_all(&data).expect("old data go away");
        }
        let log = Arc::default();
        let (child, links) = spawn(wrapper, &data, "127.0.0.1:0", settings, &log);
        let mut server = Self {
            child,
            data,
            settings: settings.to_vec(),
            url: String::new(),
            setup_token: String::new(),
            log,
        };
        let link = links.recv_timeout(START);
        (server.url, server.setup_token) =
            link.unwrap_or_else(|error| panic!("no set-up link: {error}\n{}", server.log()));
        server
    }

    /// Ends the process as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the server runs until it is killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Starts it again where it was, on the same data.
    pub(crate) fn restart(&mut self) {
        let data = self.data.clone();
        self.restart_on(&data);
    }

    /// Starts it again where it was, on other data.
    pub(crate) fn restart_on(&mut self, data: &Path) {
        let address = self.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
        (self.child, _) = spawn(&[], data, &address, &self.settings, &self.log);
        let end = Instant::now() + START;
        while std::net::TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < end, "the server did not come back\n{}", self.log());
            thread::yield_now();
        }
    }

    /// The process that was started.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait(&mut self) {
        self.child.wait().expect("a child can be waited for");
    }

    /// What the server has said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
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

/// A folder of its own for a test.
pub(crate) fn data_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

type Links = mpsc::Receiver<(String, String)>;

fn spawn(
    wrapper: &[&str],
    data: &Path,
    listen: &str,
    settings: &[(&'static str, &'static str)],
    log: &Arc<Mutex<String>>,
) -> (Child, Links) {
    let binary = env!("CARGO_BIN_EXE_voodoo");
    let mut command = match wrapper {
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(binary);
            command
        }
        [] => Command::new(binary),
    };
    let mut child = command
        .arg("--data")
        .arg(data)
        .args(["--listen", listen])
        .env("VOODOO_HTTP__ADMIN_LISTEN", "")
        .envs(settings.iter().copied())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let stderr = child.stderr.take().expect("stderr is piped");
    (child, follow(stderr, Arc::clone(log)))
}

/// Keeps what the server says, and hands over the set-up links in it.
fn follow(stderr: ChildStderr, log: Arc<Mutex<String>>) -> Links {
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
