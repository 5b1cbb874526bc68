//! Groups to write into: what the examples that measure have in common.

use voodoo_core::apply::{Create, Reply, Send, Write};
use voodoo_core::store::{Accounts as _, NewUser, Store as _};
use voodoo_proto::object::{Body, Kind, SettingsChange, UserKind};
use voodoo_proto::{ClientId, ConversationId, UserId};
use voodoo_store::SqliteStore;

pub(crate) const N_CONVERSATIONS: u64 = 500;
pub(crate) const TEXT_BYTES: usize = 120;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + std::marker::Send + Sync>>;

/// The groups of one writer.
pub(crate) struct Groups {
    pub(crate) sender: UserId,
    pub(crate) conversations: Vec<ConversationId>,
}

impl Groups {
    /// Makes the writer and the groups.
    pub(crate) async fn make(store: &SqliteStore) -> Outcome<Self> {
        let (handle, name) = ("ann".to_owned(), "Ann".to_owned());
        let new = NewUser { handle, name, password: None, kind: UserKind::Human };
        let sender = store.sign_up(None, new, None, 1).await?.user;
        let create = |number| {
            Write::Create(Create {
                creator: sender,
                client_id: client_id(number),
                kind: Kind::Group,
                title: Some("Title".to_owned()),
                description: None,
                alias: None,
                members: Vec::new(),
                settings: SettingsChange::default(),
                at_ms: 1,
            })
        };
        let mut conversations = Vec::new();
        for result in store.commit((0..N_CONVERSATIONS).map(create).collect()).await? {
            if let Reply::In(conversation) = result?.reply {
                conversations.push(conversation);
            }
        }
        Ok(Self { sender, conversations })
    }

    /// The message of a number; one group has its turn after the other.
    pub(crate) fn message(&self, number: u64) -> Write {
        let place = usize::try_from(number % N_CONVERSATIONS).unwrap_or(0);
        Write::Send(Send {
            conversation: self.conversations[place],
            sender: self.sender,
            client_id: client_id(number),
            body: Body::Text { text: "x".repeat(TEXT_BYTES) },
            reply_to: None,
            is_silent: false,
            mentions: None,
            at_ms: number,
            over_rate_ms: None,
        })
    }
}

/// A name whose beginning grows with time, as UUIDv7 does.
pub(crate) fn client_id(number: u64) -> ClientId {
    let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ClientId::from_bytes(((u128::from(number) << 64) | u128::from(scattered)).to_be_bytes())
}
