//! The way from a command to the accounts: the store itself, or the server that holds it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::Instant;
use voodoo_core::{Core, Ports, SystemClock};
use voodoo_server::http::Door;
use voodoo_store::{OpenError, SqliteOptions, SqliteStore};

use super::{Answer, Ask, MAX_LINE_BYTES, Operator, Refused, SOCKET};
use crate::config::Config;
use crate::exit::{self, Exit, Failure};

/// How long a folder may be held by a process that does not answer: it starts or stops.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time for one question and its answer.
const ANSWER: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// How accounts are reached.
pub(crate) enum Way {
    /// Nobody serves the folder: by the store.
    Store(Box<OpenStore>),
    /// By the server's socket.
    Server(PathBuf),
}

/// The store, open in this process.
pub(crate) struct OpenStore {
    operator: Operator,
    store: Arc<SqliteStore>,
}

impl Way {
    /// Finds the way to data that are there, and waits a while for a server that starts or stops.
    pub(crate) async fn find(config: &Config) -> Result<Self, Failure> {
        no_data(&config.data)?;
        Self::find_or_make(config).await
    }

    /// The same, and makes data where there are none.
    pub(crate) async fn find_or_make(config: &Config) -> Result<Self, Failure> {
        let deadline = Instant::now() + PATIENCE;
        let socket = config.data.join(SOCKET);
        loop {
            match OpenStore::open(config) {
                Ok(open) => return Ok(Self::Store(Box::new(open))),
                Err(Unopened::InUse) => {}
                Err(Unopened::Failed(failure)) => return Err(failure),
            }
            if UnixStream::connect(&socket).await.is_ok() {
                return Ok(Self::Server(socket));
            }
            if Instant::now() >= deadline {
                return Err(Failure::new(Exit::Unavailable, silent(&config.data)));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks; a refusal is the failure of the command.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<Answer, Failure> {
        let answer = match self {
            Self::Store(open) => open.operator.carry_out(ask).await,
            Self::Server(socket) => {
                let asked = tokio::time::timeout(ANSWER, converse(socket, &ask)).await;
                let words = || format!("asking the server at {}", socket.display());
                let answer = asked.map_err(io::Error::from).flatten().with_context(words);
                answer.map_err(Failure::with(Exit::Unavailable))?
            }
        };
        match answer {
            Answer::Refused(refused) => Err(failure(&refused)),
            Answer::Account(_) | Answer::Accounts(_) | Answer::Invited(_) => Ok(answer),
        }
    }

    /// Leaves the store closed in good order.
    pub(crate) async fn close(self) {
        match self {
            Self::Store(open) => open.store.shutdown().await,
            Self::Server(_) => {}
        }
    }
}

/// Why the store is not open.
enum Unopened {
    /// Another process has it.
    InUse,
    /// It cannot be.
    Failed(Failure),
}

impl OpenStore {
    fn open(config: &Config) -> Result<Self, Unopened> {
        let bad = |error| Unopened::Failed(Failure::new(Exit::Config, error));
        let settings = config.settings().map_err(bad)?;
        let options = config.http_options().map_err(bad)?;
        let clock = Arc::new(SystemClock);
        let rules = Arc::new(settings.rules.clone());
        let engine = SqliteOptions { n_readers: 1, ..SqliteOptions::default() };
        let opened = SqliteStore::open(&config.data, engine, rules, clock.as_ref());
        let store = opened.map_err(|error| unopened(error, &config.data))?;
        let ports = Ports { store: store.clone(), accounts: store.clone(), clock };
        // Nobody is connected, so nothing has to be told or swept: the workers are not needed.
        let (core, _workers) = Core::new(ports, settings);
        let door = Door::new(core, options);
        let (door, _worker) = door.map_err(|fault| bad(anyhow::Error::new(fault)))?;
        Ok(Self { operator: Operator::new(door, config.http.listen), store })
    }
}

fn unopened(error: OpenError, data: &Path) -> Unopened {
    if matches!(error, OpenError::InUse) {
        return Unopened::InUse;
    }
    Unopened::Failed(cannot_open(error, data))
}

/// Fails where there are no data, for commands that make none.
pub(crate) fn no_data(data: &Path) -> Result<(), Failure> {
    if data.join("voodoo.db").exists() {
        return Ok(());
    }
    let folder = data.display();
    let words = anyhow::anyhow!("there are no data in {folder}: --data names the folder");
    Err(Failure::new(Exit::Unavailable, words))
}

/// Why a data folder is not opened, in words and as an exit code.
pub(crate) fn cannot_open(error: OpenError, data: &Path) -> Failure {
    let exit = exit::of_open_error(&error);
    Failure::new(exit, anyhow::Error::new(error).context(format!("data in {}", data.display())))
}

fn silent(data: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "data in {}: another process holds it and nobody answers at {SOCKET} there; is a server \
         starting or stopping?",
        data.display()
    )
}

fn failure(refused: &Refused) -> Failure {
    let field = refused.field.as_ref().map_or_else(String::new, |field| format!("{field}: "));
    let words = anyhow::anyhow!("{field}{}", refused.message);
    Failure::new(exit::of_refusal(refused.code), words)
}

async fn converse(socket: &Path, ask: &Ask) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket).await?;
    let (reader, mut writer) = stream.split();
    let mut line = serde_json::to_vec(ask)?;
    line.push(b'\n');
    writer.write_all(&line).await?;
    let mut answer = String::new();
    BufReader::new(reader.take(MAX_LINE_BYTES)).read_line(&mut answer).await?;
    Ok(serde_json::from_str(&answer)?)
}
