//! The processes of a run: the server, the yardsticks, the clients. Each ends with its owner.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::control::{Order, Setup, Told};
use crate::tls::Certificate;
use crate::yard::epoll::Reach;

/// Time for a process to come up.
const START: Duration = Duration::from_secs(60);

/// A process that is killed when it is dropped.
pub(crate) struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        // It may have ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// This program again, out of reach of the terminal's Ctrl-C.
fn own(args: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(args).process_group(0);
    // Settings of the person's own server are none of the run's.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VOODOO_")) {
        command.env_remove(name);
    }
    Ok(command)
}

/// What is measured: the server or the bare loop.
pub(crate) struct Subject {
    process: Owned,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// How long it took from the start of the process to the first answer.
    pub(crate) start: Duration,
}

impl Subject {
    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Starts the server on a data folder, without rates and otherwise as it comes, or with another
    /// patience for sockets that take nothing.
    pub(crate) fn server(
        data: &Path,
        tls: Option<&Certificate>,
        not_writable_ms: Option<u64>,
    ) -> Result<Self> {
        let free = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let settings = data.join("bench.toml");
        let tls = tls.map_or_else(String::new, |files| {
            format!("tls_cert = {:?}\ntls_key = {:?}\n", files.cert, files.key)
        });
        let rates: String = ["send", "react", "history", "search", "create", "join"]
            .iter()
            .map(|name| format!("[limits.rates.{name}]\nper_s = 0.0\nburst = 0.0\n"))
            .collect();
        let timers = not_writable_ms
            .map_or_else(String::new, |ms| format!("[timers]\nnot_writable_ms = {ms}\n"));
        fs::write(
            &settings,
            format!(
                "data = {data:?}\n[http]\nlisten = \"{free}\"\n{tls}[log]\nlevel = \"warn\"\n{timers}{rates}"
            ),
        )?;
        let log = fs::File::create(data.join("server.log"))?;
        let began = Instant::now();
        let config = settings.to_str().context("the path of the data is no text")?;
        let mut command = own(&["--config", config, "serve"])?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut process = Owned(command.spawn()?);
        while TcpStream::connect(free).is_err() {
            if let Some(status) = process.0.try_wait()? {
                let said = fs::read_to_string(data.join("server.log")).unwrap_or_default();
                bail!("the server ended: {status}\n{said}");
            }
            ensure!(began.elapsed() < START, "the server does not come up");
            std::thread::park_timeout(Duration::from_millis(2));
        }
        Ok(Self { process, address: free, start: began.elapsed() })
    }

    /// Starts the bare loop.
    pub(crate) fn yardstick(reach: Reach, text_bytes: usize) -> Result<Self> {
        let reach = match reach {
            Reach::All => "all",
            Reach::Group => "group",
            Reach::Pair => "pair",
        };
        let began = Instant::now();
        let bytes = text_bytes.to_string();
        let mut command = own(&["bench-part", "epoll", reach, &bytes])?;
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Owned(command.spawn()?);
        let stdout = process.0.stdout.take().context("the output is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port: u16 = line.trim().parse().context("the port of the yardstick")?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Ok(Self { process, address, start: began.elapsed() })
    }
}

/// A client process.
pub(crate) struct Client {
    _process: Owned,
    orders: ChildStdin,
    /// What it plays.
    pub(crate) setup: Setup,
}

impl Client {
    /// Starts one; what it tells comes with its number.
    pub(crate) fn start(number: usize, setup: Setup, told: Sender<(usize, Told)>) -> Result<Self> {
        let mut command = own(&["bench-part", "worker"])?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let mut orders = process.stdin.take().context("the input is piped")?;
        let stdout = process.stdout.take().context("the output is piped")?;
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let Ok(one) = serde_json::from_str(&line) else { break };
                if told.send((number, one)).is_err() {
                    break;
                }
            }
        });
        writeln!(orders, "{}", serde_json::to_string(&setup)?)?;
        Ok(Self { _process: Owned(process), orders, setup })
    }

    /// Gives an order.
    pub(crate) fn order(&mut self, order: &Order) -> Result<()> {
        writeln!(self.orders, "{}", serde_json::to_string(order)?).context("a client process ended")
    }
}

/// Sources given so far.
static N_SOURCES: AtomicU16 = AtomicU16::new(0);

/// An address that a client process connects from. Each is another: the ports of an ended
/// connection rest for a minute, and looking for a free one among thousands takes long.
pub(crate) fn source() -> IpAddr {
    let [high, low] = (N_SOURCES.fetch_add(1, Ordering::Relaxed) % 60_000).to_be_bytes();
    IpAddr::from([127, 1 + high, 1 + low % 250, 1 + low / 250])
}

/// Runs SQLite alone in a process of its own.
pub(crate) fn sqlite(
    folder: &Path,
    n_pairs: usize,
    seconds: f64,
) -> Result<Vec<crate::yard::sqlite::Rate>> {
    let (pairs, seconds) = (n_pairs.to_string(), seconds.to_string());
    let folder = folder.to_str().context("the path of the data is no text")?;
    let output = own(&["bench-part", "sqlite", folder, &pairs, &seconds])?
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "SQLite alone failed: {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Receives what the client processes tell.
pub(crate) type Ears = Receiver<(usize, Told)>;
