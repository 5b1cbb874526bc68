//! From a request that changes something to the write that carries it out.

use voodoo_proto::{Request, request};

use super::requests::Asker;
use crate::account;
use crate::apply::{
    Accept, AddMembers, Block, Create, Delete, Destroy, Edit, Join, JoinBy, Leave, Pin, React,
    RemoveMember, Send, Set, SetRole, Update, Write,
};
use crate::error::Refusal;
use crate::rates::Bucket;

/// What a request stands for.
pub(super) enum Plan {
    /// A write, or why there is none.
    Write(Result<Write, Refusal>),
    /// Something else.
    Other(Request),
}

impl Asker {
    /// Turns a request that changes something into its write, and hands every other back.
    #[expect(clippy::wildcard_enum_match_arm, reason = "what is no write is handed back")]
    pub(super) fn write(&self, request: Request) -> Plan {
        Plan::Write(match request {
            Request::Send(send) => Ok(self.send(send)),
            Request::Edit(edit) => self.edit(edit),
            Request::Delete(delete) => self.delete(delete),
            Request::React(react) => self.react(react),
            Request::Pin(pin) => self.pin(&pin),
            Request::Create(create) => self.create(create),
            Request::Update(update) => self.update(update),
            Request::Destroy(destroy) => self.destroy(&destroy),
            Request::Join(join) => self.join(join),
            Request::Leave(leave) => self.leave(&leave),
            Request::MemberAdd(add) => self.add_members(add),
            Request::MemberRemove(remove) => self.remove_member(&remove),
            Request::MemberRole(role) => self.set_role(&role),
            Request::Set(set) => self.set(set),
            Request::Accept(accept) => self.accept(&accept),
            Request::Block(block) => self.block(&block),
            other => return Plan::Other(other),
        })
    }

    fn now_ms(&self) -> u64 {
        self.core.clock.now_ms()
    }

    fn send(&self, send: request::Send) -> Write {
        Write::Send(Send {
            conversation: send.conversation,
            sender: self.handle.user,
            client_id: send.client_id,
            body: send.body,
            reply_to: send.reply_to,
            is_silent: send.silent.unwrap_or(false),
            mentions: send.mentions,
            at_ms: self.now_ms(),
            over_rate_ms: self.over_rate(Bucket::Send),
        })
    }

    fn edit(&self, edit: request::Edit) -> Result<Write, Refusal> {
        self.rate(Bucket::Send)?;
        Ok(Write::Edit(Edit {
            conversation: edit.conversation,
            by: self.handle.user,
            seq: edit.seq,
            edits: edit.edits,
            body: edit.body,
            at_ms: self.now_ms(),
        }))
    }

    fn delete(&self, delete: request::Delete) -> Result<Write, Refusal> {
        self.rate(Bucket::Send)?;
        Ok(Write::Delete(Delete {
            conversation: delete.conversation,
            by: self.handle.user,
            seqs: delete.seqs,
            at_ms: self.now_ms(),
        }))
    }

    fn react(&self, react: request::React) -> Result<Write, Refusal> {
        self.rate(Bucket::React)?;
        Ok(Write::React(React {
            conversation: react.conversation,
            by: self.handle.user,
            seq: react.seq,
            emoji: react.emoji,
            on: react.on,
            at_ms: self.now_ms(),
        }))
    }

    fn pin(&self, pin: &request::Pin) -> Result<Write, Refusal> {
        self.rate(Bucket::Send)?;
        Ok(Write::Pin(Pin {
            conversation: pin.conversation,
            by: self.handle.user,
            seq: pin.seq,
            on: pin.on,
            at_ms: self.now_ms(),
        }))
    }

    fn create(&self, create: request::Create) -> Result<Write, Refusal> {
        self.rate(Bucket::Create)?;
        Ok(Write::Create(Create {
            creator: self.handle.user,
            client_id: create.client_id,
            kind: create.kind,
            title: create.title,
            description: create.description,
            alias: create.alias,
            members: create.members.unwrap_or_default(),
            settings: create.settings.unwrap_or_default(),
            at_ms: self.now_ms(),
        }))
    }

    fn update(&self, update: request::Update) -> Result<Write, Refusal> {
        self.rate(Bucket::Create)?;
        if update.avatar.is_some_and(|avatar| !avatar.is_empty()) {
            return Err(Refusal::field("avatar", "pictures are reserved and not served yet"));
        }
        Ok(Write::Update(Update {
            conversation: update.conversation,
            by: self.handle.user,
            title: update.title,
            description: update.description,
            alias: update.alias,
            settings: update.settings,
            at_ms: self.now_ms(),
        }))
    }

    fn destroy(&self, destroy: &request::Destroy) -> Result<Write, Refusal> {
        self.rate(Bucket::Create)?;
        Ok(Write::Destroy(Destroy {
            conversation: destroy.conversation,
            by: self.handle.user,
            at_ms: self.now_ms(),
        }))
    }

    fn join(&self, join: request::Join) -> Result<Write, Refusal> {
        self.rate(Bucket::Join)?;
        let target = match (join.conversation, join.alias, join.code) {
            (Some(conversation), None, None) => JoinBy::Conversation(conversation),
            (None, Some(alias), None) => JoinBy::Alias(alias.to_ascii_lowercase()),
            (None, None, Some(code)) => JoinBy::Code(account::secret_hash(&code)),
            _ => {
                let words = "exactly one of conversation, alias and code is needed";
                return Err(Refusal::field("conversation", words));
            }
        };
        Ok(Write::Join(Join { by: self.handle.user, target, at_ms: self.now_ms() }))
    }

    fn leave(&self, leave: &request::Leave) -> Result<Write, Refusal> {
        self.rate(Bucket::Join)?;
        Ok(Write::Leave(Leave {
            conversation: leave.conversation,
            by: self.handle.user,
            at_ms: self.now_ms(),
        }))
    }

    fn add_members(&self, add: request::MemberAdd) -> Result<Write, Refusal> {
        self.rate(Bucket::Create)?;
        Ok(Write::AddMembers(AddMembers {
            conversation: add.conversation,
            by: self.handle.user,
            users: add.users,
            at_ms: self.now_ms(),
        }))
    }

    fn remove_member(&self, remove: &request::MemberRemove) -> Result<Write, Refusal> {
        self.rate(Bucket::Send)?;
        Ok(Write::RemoveMember(RemoveMember {
            conversation: remove.conversation,
            by: self.handle.user,
            user: remove.user,
            at_ms: self.now_ms(),
        }))
    }

    fn set_role(&self, role: &request::MemberRole) -> Result<Write, Refusal> {
        self.rate(Bucket::Send)?;
        Ok(Write::SetRole(SetRole {
            conversation: role.conversation,
            by: self.handle.user,
            user: role.user,
            role: role.role,
            at_ms: self.now_ms(),
        }))
    }

    fn set(&self, set: request::Set) -> Result<Write, Refusal> {
        self.rate(Bucket::React)?;
        Ok(Write::Set(Set {
            conversation: set.conversation,
            by: self.handle.user,
            mute_until_ms: set.mute_until_ms,
            pinned: set.pinned,
            archived: set.archived,
            unread_from: set.unread_from,
            draft: set.draft,
        }))
    }

    fn accept(&self, accept: &request::Accept) -> Result<Write, Refusal> {
        self.rate(Bucket::Join)?;
        Ok(Write::Accept(Accept { conversation: accept.conversation, by: self.handle.user }))
    }

    fn block(&self, block: &request::Block) -> Result<Write, Refusal> {
        self.rate(Bucket::React)?;
        Ok(Write::Block(Block { by: self.handle.user, user: block.user, on: block.on }))
    }
}
