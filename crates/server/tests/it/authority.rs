//! Who may do what: a world with everyone who may ask, and what they ask it for.
//!
//! The rows stand in [`crate::authority_http`] and [`crate::authority_socket`].

use serde_json::json;
use voodoo_core::account;
use voodoo_core::store::{NewAccount, NewDevice, NewUser};
use voodoo_proto::object::{ServerRole, UserKind};

use crate::socket::{Person, Server, group, send};

/// Who asks. The first four had every right in the conversation once, as its owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Without any token.
    Nobody,
    /// With the token of a device that was ended.
    Revoked,
    /// With a token that is over.
    Expired,
    /// Of a user who was shut out.
    Disabled,
    /// Logged in, and in no conversation.
    Stranger,
    /// A member of the conversation, who wrote its first message.
    Member,
    /// An admin of the conversation, who made the invite.
    Admin,
    /// The owner of the conversation.
    Owner,
    /// An admin of the server, and no member.
    ServerAdmin,
}

impl Asker {
    /// Everyone, in the order of the columns.
    pub(crate) const ALL: [Self; 9] = [
        Self::Nobody,
        Self::Revoked,
        Self::Expired,
        Self::Disabled,
        Self::Stranger,
        Self::Member,
        Self::Admin,
        Self::Owner,
        Self::ServerAdmin,
    ];

    /// Those who are let in, in the order of the columns.
    pub(crate) const PROVEN: [Self; 5] =
        [Self::Stranger, Self::Member, Self::Admin, Self::Owner, Self::ServerAdmin];
}

/// What is asked about.
#[derive(Debug, Clone)]
pub(crate) struct Things {
    pub(crate) conversation: String,
    pub(crate) invite: String,
    /// The owner's device.
    pub(crate) device: String,
    /// A member who asks nothing.
    pub(crate) user: String,
}

impl Things {
    /// Such that there are none.
    pub(crate) fn absent() -> Self {
        let [conversation, invite, device, user] =
            ["c_zzzzz", "i_zzzzz", "d_zzzzz", "u_zzzzz"].map(str::to_owned);
        Self { conversation, invite, device, user }
    }
}

/// A server on which everyone is.
pub(crate) struct World {
    pub(crate) server: Server,
    people: [Person; 9],
    pub(crate) things: Things,
}

impl World {
    pub(crate) async fn make() -> Self {
        let server = Server::start().await;
        let chief = chief(&server).await;
        let [stranger, member, admin, owner, disabled, quiet] = [
            server.person("sam").await,
            server.person("mia").await,
            server.person("adam").await,
            server.person("olga").await,
            server.person("dora").await,
            server.person("quinn").await,
        ];
        let revoked = server.further_device(&owner, "lost").await;
        let expired = over(&server, &owner).await;
        let mut socket = server.live(&owner).await;
        let made = socket.ok(&group(1, &[&member, &admin, &disabled, &quiet])).await;
        let conversation = &made["conversation"];
        for (person, role) in [(&admin, "admin"), (&disabled, "owner")] {
            let user = person.user.to_string();
            let role = json!({"type": "member_role", "conversation": conversation, "user": user,
                "role": role});
            socket.ok(&role).await;
        }
        server.live(&member).await.ok(&send(conversation, 2, "low tide")).await;
        let invite = json!({"type": "invite_create", "conversation": conversation});
        let invite = server.live(&admin).await.ok(&invite).await;
        let now_ms = server.core.clock.now_ms();
        let accounts = &server.core.accounts;
        accounts.close_device(owner.user, revoked.device, now_ms).await.unwrap();
        accounts.set_disabled(disabled.user, true, now_ms).await.unwrap();
        let things = Things {
            conversation: conversation.as_str().unwrap().to_owned(),
            invite: invite["invite"].as_str().unwrap().to_owned(),
            device: owner.device.to_string(),
            user: quiet.user.to_string(),
        };
        let nobody = Person { token: String::new(), ..stranger.clone() };
        let people = [nobody, revoked, expired, disabled, stranger, member, admin, owner, chief];
        Self { server, people, things }
    }

    pub(crate) fn person(&self, asker: Asker) -> &Person {
        let at = Asker::ALL.iter().position(|one| *one == asker).unwrap();
        &self.people[at]
    }
}

/// The admin of the server.
async fn chief(server: &Server) -> Person {
    let token = "a token of the chief".to_owned();
    let user = NewUser {
        handle: "chief".to_owned(),
        name: "Chief".to_owned(),
        password: None,
        kind: UserKind::Human,
    };
    let device = NewDevice {
        name: "desk".to_owned(),
        token: account::secret_hash(&token),
        expires_ms: voodoo_proto::MAX_SAFE_INTEGER,
    };
    let new = NewAccount { user, role: ServerRole::Admin, device: Some(device) };
    let now_ms = server.core.clock.now_ms();
    let made = server.core.accounts.add_account(new, now_ms).await.unwrap();
    Person { user: made.user, device: made.device.unwrap(), token }
}

/// A device whose token is over already.
async fn over(server: &Server, owner: &Person) -> Person {
    let token = "a token that is over".to_owned();
    let now_ms = server.core.clock.now_ms();
    let device = NewDevice {
        name: "attic".to_owned(),
        token: account::secret_hash(&token),
        expires_ms: now_ms - 1,
    };
    let opened = server.core.accounts.open_device(owner.user, device, now_ms).await.unwrap();
    Person { user: opened.user, device: opened.device, token }
}
