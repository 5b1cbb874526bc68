//! The real binary, with data of its own; it ends with its owner.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use voodoo_client::Address;

/// Time for the server to say where it is, and to answer.
const START: Duration = Duration::from_secs(60);

/// What to start, and on what.
#[derive(Debug, Clone)]
pub struct Program {
    /// Another program, with its arguments, that gets the binary as its last ones; usually none.
    pub under: Vec<String>,
    /// The server's binary.
    pub binary: PathBuf,
    /// Its data folder; what is in it goes away at the start and at the end.
    pub data: PathBuf,
    /// Settings, as environment variables.
    pub settings: Vec<(String, String)>,
}

/// A running server; killed and cleaned away when dropped.
#[derive(Debug)]
pub struct Server {
    program: Program,
    child: Child,
    /// Its public address.
    pub url: String,
    /// The token of the set-up link.
    pub setup_token: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts a server on fresh data.
    ///
    /// # Errors
    ///
    /// If it cannot be started or does not say where it is.
    pub fn start(program: Program) -> Result<Self> {
        if program.data.exists() {
            fs::remove_dir_all(&program.data).context("removing old data")?;
        }
        let log = Arc::default();
        let (child, links) = spawn(&program, &program.data, "127.0.0.1:0", &log)?;
        let Ok((url, setup_token)) = links.recv_timeout(START) else {
            let log = log.lock().unwrap_or_else(PoisonError::into_inner);
            bail!("the server gave no set-up link\n{log}");
        };
        Ok(Self { program, child, url, setup_token, log })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// If its public address is not that of its listener.
    pub fn listens(&self) -> Result<SocketAddr> {
        let listens = self.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
        listens.parse().with_context(|| format!("{listens} is no address"))
    }

    /// The same for clients.
    ///
    /// # Errors
    ///
    /// If its public address is not that of its listener.
    pub fn address(&self) -> Result<Address> {
        Ok(Address::parse(&format!("http://{}", self.listens()?))?)
    }

    /// Ends the process as `kill -9` does.
    ///
    /// # Errors
    ///
    /// If it has ended by itself before.
    pub fn kill(&mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "the server ended by itself: {ended:?}\n{}", self.log());
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits until the process has ended by itself, and tells how.
    ///
    /// # Errors
    ///
    /// If it cannot be waited for.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Starts it again where it was, on the same data, and waits until it takes connections.
    ///
    /// # Errors
    ///
    /// If it does not come back.
    pub fn restart(&mut self) -> Result<()> {
        let data = self.program.data.clone();
        self.restart_on(&data)
    }

    /// Starts it again where it was, on other data, and waits until it takes connections.
    ///
    /// # Errors
    ///
    /// If it does not come back.
    pub fn restart_on(&mut self, data: &Path) -> Result<()> {
        let listens = self.listens()?;
        (self.child, _) = spawn(&self.program, data, &listens.to_string(), &self.log)?;
        let end = Instant::now() + START;
        while TcpStream::connect(listens).is_err() {
            ensure!(Instant::now() < end, "the server did not come back\n{}", self.log());
            if let Some(status) = self.child.try_wait()? {
                bail!("the server did not come back ({status})\n{}", self.log());
            }
            thread::park_timeout(Duration::from_millis(1));
        }
        Ok(())
    }

    /// The same with one setting more, for this process alone.
    ///
    /// # Errors
    ///
    /// If it does not come back.
    pub fn restart_with(&mut self, key: &str, value: &str) -> Result<()> {
        self.program.settings.push((key.to_owned(), value.to_owned()));
        let restarted = self.restart();
        self.program.settings.pop();
        restarted
    }

    /// Whether the process has ended.
    ///
    /// # Errors
    ///
    /// If nobody can tell.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Sends a signal by its name, such as `STOP`.
    ///
    /// # Errors
    ///
    /// If there is no such process or signal.
    pub fn signal(&self, name: &str) -> Result<()> {
        let pid = self.pid().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status()?;
        ensure!(status.success(), "kill -s {name} {pid}: {status}");
        Ok(())
    }

    /// Allows files of so many bytes and no more, `None` for any; `EFBIG` then stands for a full disk.
    ///
    /// # Errors
    ///
    /// If the limit cannot be set.
    pub fn limit_files(&self, n_bytes: Option<u64>) -> Result<()> {
        let soft = n_bytes.map_or_else(|| "unlimited".to_owned(), |n_bytes| n_bytes.to_string());
        let (pid, limit) = (self.pid().to_string(), format!("--fsize={soft}:unlimited"));
        let status = Command::new("prlimit").args(["--pid", &pid, &limit]).status()?;
        ensure!(status.success(), "prlimit {limit}: {status}");
        Ok(())
    }

    /// Turns its clock so many milliseconds ahead, by the file that its setting `FAIL_CLOCK` names.
    ///
    /// # Errors
    ///
    /// If there is no such setting, or the file cannot be written.
    pub fn turn_clock(&self, ahead_ms: i64) -> Result<()> {
        let setting = self.program.settings.iter().find(|(key, _)| key == "FAIL_CLOCK");
        let (_, file) = setting.context("the server has no FAIL_CLOCK")?;
        // A half-written file would be a leap that nobody wanted.
        let fresh = format!("{file}.fresh");
        fs::write(&fresh, ahead_ms.to_string())?;
        fs::rename(fresh, file).context("turning the clock")
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.program.data
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good as ended.
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.program.data));
    }
}

type Links = mpsc::Receiver<(String, String)>;

/// The shell sees to it that a file that may not grow is an error of the write, not the end of the
/// process.
const START_SCRIPT: &str = r#"trap "" XFSZ; exec "$@""#;

fn spawn(
    program: &Program,
    data: &Path,
    listen: &str,
    log: &Arc<Mutex<String>>,
) -> Result<(Child, Links)> {
    let mut command = Command::new("sh");
    command.args(["-c", START_SCRIPT, "sh"]).args(&program.under).arg(&program.binary);
    command.arg("--data").arg(data).args(["--listen", listen]);
    command.envs(program.settings.iter().map(|(key, value)| (key, value)));
    let child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut child = child.with_context(|| format!("starting {}", program.binary.display()))?;
    let stderr = child.stderr.take().context("stderr is piped")?;
    Ok((child, follow(stderr, Arc::clone(log))))
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
            // A server that complains without end must not fill this process.
            if log.len() < 1024 * 1024 {
                log.push_str(&line);
                log.push('\n');
            }
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
