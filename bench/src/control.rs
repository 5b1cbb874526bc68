//! What the conductor and its client processes say to each other: one line of JSON each.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::spread::Counts;

/// What a client process is; its first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// Where the server listens.
    pub(crate) server: SocketAddr,
    /// The number of its first user.
    pub(crate) first: usize,
    /// How many users it plays.
    pub(crate) n_users: usize,
    /// The other side is the yardstick: upgrades and bare frames, no protocol.
    pub(crate) is_bare: bool,
    /// Speak TLS, and believe this certificate.
    pub(crate) tls_cert: Option<PathBuf>,
    /// What the seed made.
    pub(crate) seed: PathBuf,
    /// Bytes of each text.
    pub(crate) text_bytes: usize,
    /// Users from this number on stop reading when they are told to.
    pub(crate) slow_from: Option<usize>,
    /// So many of its first users are watched for the judge.
    pub(crate) n_watched: usize,
}

/// What a client process shall do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub(crate) enum Order {
    /// Connect all users, so many at a time.
    Connect {
        /// Connections under way at a time.
        window: usize,
        /// The clients' own address.
        source: IpAddr,
    },
    /// Drop all connections.
    Disconnect,
    /// Say so once this many deliveries came since the last such order.
    Expect {
        /// How many.
        n: u64,
    },
    /// Let a user send one message.
    Say {
        /// Which user.
        user: usize,
        /// Where.
        conversation: i64,
    },
    /// Keep sending until the time is over, then wait until all has arrived.
    Drive(Drive),
    /// Stop sending before the time is over.
    Stop,
    /// Let the slow users read nothing from here on.
    Sleep {
        /// Where they will miss messages.
        conversation: i64,
    },
    /// Let one half of the slow users read again, and catch up.
    Wake {
        /// Those with an even number, or an odd one.
        half: usize,
        /// How many messages they have missed.
        n_missed: u64,
    },
    /// Compare what each client knows with the server's digest.
    Check,
    /// Let the watched users read everything, and write down what was recorded of them.
    HandOver {
        /// Where to.
        file: PathBuf,
    },
}

/// A load.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Drive {
    /// Who sends, and when.
    pub(crate) load: Load,
    /// For how long.
    pub(crate) seconds: f64,
}

/// Who sends, and when.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Load {
    /// In each group whoever has heard all before is next.
    Turns {
        /// Members of a group.
        group: usize,
    },
    /// Each even user keeps so many messages to the next odd one under way.
    Window {
        /// Pairs of this process.
        n_pairs: usize,
        /// Messages under way.
        window: usize,
    },
    /// All even users together send at a steady rate, whatever comes back.
    Pace {
        /// Pairs of this process.
        n_pairs: usize,
        /// Messages a second of this process.
        per_s: f64,
    },
}

/// What a client process says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub(crate) enum Told {
    /// It is ready for orders.
    Ready,
    /// All users are connected and synced, or have failed.
    Connected(Connected),
    /// All connections are dropped.
    Disconnected,
    /// The message was sent.
    Said {
        /// When.
        at_ns: u64,
    },
    /// What was expected has come.
    Arrived {
        /// When the last one came.
        last_ns: u64,
        /// From sending to delivery.
        took: Counts,
    },
    /// A load is over.
    Drove(Drove),
    /// The slow users read nothing.
    Asleep,
    /// The slow users of one half have caught up, or never will.
    Woken(Woken),
    /// All clients were compared.
    Checked(Checked),
    /// What was recorded is written.
    HandedOver {
        /// Watched users that could not read everything.
        n_unread: usize,
    },
    /// How it goes, each second.
    Progress {
        /// Connected users.
        n_live: usize,
        /// Deliveries so far.
        n_delivered: u64,
    },
}

/// How connecting went.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Connected {
    /// Users that are synced.
    pub(crate) n_live: usize,
    /// Connections that failed, whether or not a later try succeeded.
    pub(crate) n_failed: usize,
    /// When the first began.
    pub(crate) began_ns: u64,
    /// When the last was synced.
    pub(crate) ended_ns: u64,
    /// From opening the socket to synced.
    pub(crate) took: Counts,
    /// Bytes read and written.
    pub(crate) n_bytes: [u64; 2],
}

/// How a load went.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Drove {
    /// Messages sent.
    pub(crate) n_sent: u64,
    /// Messages acknowledged.
    pub(crate) n_acked: u64,
    /// Messages refused.
    pub(crate) n_refused: u64,
    /// Deliveries.
    pub(crate) n_delivered: u64,
    /// Deliveries within the time of sending.
    pub(crate) n_delivered_in_time: u64,
    /// When sending began.
    pub(crate) began_ns: u64,
    /// When sending ended.
    pub(crate) stopped_ns: u64,
    /// When the last one had arrived.
    pub(crate) ended_ns: u64,
    /// From (planned) sending to the answer.
    pub(crate) acked: Counts,
    /// From (planned) sending to delivery.
    pub(crate) received: Counts,
    /// Bytes read and written.
    pub(crate) n_bytes: [u64; 2],
}

/// How slow users came back.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Woken {
    /// Those that were woken.
    pub(crate) n_clients: usize,
    /// Those that were told that they lag, and kept their connection.
    pub(crate) n_lagging: usize,
    /// Those whose connection the server had ended.
    pub(crate) n_closed: usize,
    /// Those of them that could read why.
    pub(crate) n_told_why: u64,
    /// Messages that they asked for.
    pub(crate) n_pulled: u64,
    /// Those that have not caught up.
    pub(crate) n_behind: usize,
}

/// What comparing found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Checked {
    /// Clients compared.
    pub(crate) n_clients: usize,
    /// Clients whose sum differs from the server's, or that did not answer.
    pub(crate) n_differ: usize,
    /// Deliveries that came twice or out of order.
    pub(crate) n_doubled_or_disordered: u64,
    /// Deliveries of conversations that the client is not in.
    pub(crate) n_foreign: u64,
    /// Changes that never came.
    pub(crate) n_lost: u64,
    /// Times that a client was told that it lags.
    pub(crate) n_lagging: u64,
    /// Connections that ended by themselves.
    pub(crate) n_closed: u64,
    /// One of the things that went wrong, in words.
    pub(crate) example: Option<String>,
}
