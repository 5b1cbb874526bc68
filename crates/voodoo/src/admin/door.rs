//! The socket in the data folder by which the operator asks a running server.
//!
//! One question and one answer a connection, each a line of JSON. Whoever may open the socket may
//! do everything, so it is open to the user of the server alone, and to root.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use voodoo_proto::RefusalCode;

use super::{Answer, Ask, MAX_LINE_BYTES, Operator, Refused, SOCKET};

/// Questions at once, at most; more wait in the kernel's queue.
const MAX_AT_ONCE: usize = 16;
/// Time for one question and its answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// After a failed accept: long enough not to spin while descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The listening socket; the file goes with it.
pub(crate) struct AdminDoor {
    listener: UnixListener,
    path: PathBuf,
    /// The user of this process, to whom the socket belongs.
    own_uid: u32,
}

impl AdminDoor {
    /// Opens the socket in a data folder whose lock is held; what an earlier server left goes.
    ///
    /// # Errors
    ///
    /// The file cannot be made, for example because its path is too long for a socket.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        let own_uid = fs::metadata(&path)?.uid();
        Ok(Self { listener, path, own_uid })
    }

    /// Answers until `stop` says true; what was asked before is still answered.
    pub(crate) async fn serve(self, operator: Arc<Operator>, mut stop: watch::Receiver<bool>) {
        let mut under_way = JoinSet::new();
        loop {
            let is_full = under_way.len() >= MAX_AT_ONCE;
            let accepted = tokio::select! {
                accepted = self.listener.accept(), if !is_full => accepted,
                _ = under_way.join_next(), if !under_way.is_empty() => continue,
                _ = stop.wait_for(|is_stopping| *is_stopping) => break,
            };
            match accepted {
                Ok((stream, _)) if self.may_ask(&stream) => {
                    let operator = Arc::clone(&operator);
                    under_way.spawn(tokio::time::timeout(PATIENCE, converse(stream, operator)));
                }
                Ok(_) => tracing::warn!("another user of this machine tried the admin socket"),
                Err(error) => {
                    tracing::warn!(%error, "the admin socket took no connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// The file's mode says so too; but between its making and its mode there is a moment.
    fn may_ask(&self, stream: &UnixStream) -> bool {
        let peer = stream.peer_cred().map(|peer| peer.uid());
        peer.is_ok_and(|uid| uid == self.own_uid || uid == 0)
    }
}

impl Drop for AdminDoor {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the admin socket's file was gone already");
        }
    }
}

async fn converse(stream: UnixStream, operator: Arc<Operator>) {
    if let Err(error) = answer(stream, &operator).await {
        tracing::debug!(%error, "a conversation on the admin socket broke off");
    }
}

async fn answer(mut stream: UnixStream, operator: &Operator) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = String::new();
    BufReader::new(reader.take(MAX_LINE_BYTES)).read_line(&mut line).await?;
    let answer = match serde_json::from_str::<Ask>(&line) {
        Ok(ask) => operator.carry_out(ask).await,
        Err(_unknown) => Answer::Refused(Refused {
            code: RefusalCode::UnknownType,
            message: format!(
                "the server is version {} and does not know this question",
                env!("CARGO_PKG_VERSION")
            ),
            field: None,
        }),
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    writer.write_all(&line).await
}
