//! The rows of the model: one map for each kind.

use std::collections::{BTreeMap, BTreeSet};

use voodoo_proto::event::HistoryEvent;
use voodoo_proto::object::Kind;
use voodoo_proto::{ClientId, ConversationId, DeviceId, InviteId, UserId};

use crate::error::Fault;
use crate::likeness;
use crate::rows::{
    ConversationRow, InviteRow, MemberRow, MessageRow, Placed, ReactionKey, Rows, UserRow,
};
use crate::store::{NewDevice, OneTime, SecretHash};

/// An account beside its row.
#[derive(Clone, Default)]
pub(super) struct Account {
    pub(super) password: Option<String>,
    pub(super) created_ms: u64,
}

#[derive(Clone)]
pub(super) struct DeviceOf {
    pub(super) user: UserId,
    pub(super) new: NewDevice,
    pub(super) created_ms: u64,
    pub(super) seen_ms: u64,
}

#[derive(Clone)]
pub(super) struct Secret {
    pub(super) kind: OneTime,
    pub(super) user: Option<UserId>,
    pub(super) expires_ms: u64,
}

#[derive(Clone)]
pub(super) struct Ticket {
    pub(super) device: DeviceId,
    pub(super) expires_ms: u64,
}

#[derive(Clone)]
pub(super) struct Invite {
    pub(super) code: SecretHash,
    pub(super) row: InviteRow,
    pub(super) expires_ms: u64,
}

/// Everything that the model keeps.
#[derive(Clone, Default)]
pub(super) struct Tables {
    pub(super) name: String,
    pub(super) is_claimed: bool,
    pub(super) users: BTreeMap<UserId, UserRow>,
    pub(super) handles: BTreeMap<String, UserId>,
    /// The looks of all handles.
    pub(super) looks: BTreeSet<String>,
    pub(super) admins: BTreeSet<UserId>,
    pub(super) accounts: BTreeMap<UserId, Account>,
    pub(super) devices: BTreeMap<DeviceId, DeviceOf>,
    pub(super) secrets: BTreeMap<SecretHash, Secret>,
    pub(super) tickets: BTreeMap<SecretHash, Ticket>,
    pub(super) invites: BTreeMap<InviteId, Invite>,
    pub(super) conversations: BTreeMap<ConversationId, ConversationRow>,
    pub(super) members: BTreeMap<(UserId, ConversationId), MemberRow>,
    pub(super) messages: BTreeMap<(ConversationId, u64), MessageRow>,
    pub(super) sent: BTreeMap<(ConversationId, UserId, ClientId), Placed>,
    /// When those were removed whose names are still kept.
    pub(super) removed: BTreeMap<(ConversationId, UserId, ClientId), u64>,
    pub(super) events: BTreeMap<(ConversationId, u64), HistoryEvent>,
    pub(super) mentions: BTreeSet<(UserId, ConversationId, u64)>,
    pub(super) reactions: BTreeSet<(ConversationId, u64, String, UserId)>,
    pub(super) blocks: BTreeSet<(UserId, UserId)>,
    pub(super) last_ids: BTreeMap<&'static str, i64>,
}

impl Tables {
    /// The next number of a kind of id.
    pub(super) fn new_id(&mut self, kind: &'static str) -> i64 {
        let last = self.last_ids.entry(kind).or_default();
        *last += 1;
        *last
    }

    /// The memberships of a user, of now and of before.
    pub(super) fn members_of(&self, user: UserId) -> impl Iterator<Item = &MemberRow> {
        let first = ConversationId::new(1).expect("ids begin with 1");
        let rows = self.members.range((user, first)..);
        rows.map(|(_, row)| row).take_while(move |row| row.user == user)
    }

    pub(super) fn share(&self, one: UserId, other: UserId) -> bool {
        self.members_of(one).filter(|row| row.state().is_some()).any(|row| {
            let is_shared = self
                .conversations
                .get(&row.conversation)
                .is_some_and(|found| found.kind != Kind::Direct && found.destroyed_ms.is_none());
            let other = self.members.get(&(other, row.conversation));
            is_shared && other.is_some_and(|row| row.state().is_some())
        })
    }

    pub(super) fn mentions_above(
        &self,
        conversation: ConversationId,
        user: UserId,
        read_seq: u64,
    ) -> u64 {
        let range = (user, conversation, read_seq + 1)..=(user, conversation, u64::MAX);
        u64::try_from(self.mentions.range(range).count()).unwrap_or(u64::MAX)
    }

    pub(super) fn blocked_by(&self, user: UserId) -> Vec<UserId> {
        self.blocks.iter().filter(|(by, _)| *by == user).map(|(_, blocked)| *blocked).collect()
    }

    fn find_conversation(
        &self,
        is_it: impl Fn(&ConversationRow) -> bool,
    ) -> Option<ConversationId> {
        self.conversations.values().find(|row| is_it(row)).map(|row| row.conversation)
    }
}

fn reaction(key: &ReactionKey<'_>) -> (ConversationId, u64, String, UserId) {
    (key.conversation, key.seq, key.emoji.to_owned(), key.user)
}

impl Rows for Tables {
    fn user(&mut self, user: UserId) -> Result<Option<UserRow>, Fault> {
        Ok(self.users.get(&user).cloned())
    }

    fn is_handle_alike(&mut self, handle: &str) -> Result<bool, Fault> {
        Ok(self.looks.contains(&likeness::look(handle)))
    }

    fn admins(&mut self) -> Result<Vec<UserRow>, Fault> {
        Ok(self.admins.iter().filter_map(|user| self.users.get(user)).cloned().collect())
    }

    fn put_user(&mut self, row: UserRow) -> Result<(), Fault> {
        self.users.insert(row.user, row);
        Ok(())
    }

    fn new_conversation(&mut self) -> Result<ConversationId, Fault> {
        ConversationId::new(self.new_id("conversation")).map_err(Fault::new)
    }

    fn conversation(
        &mut self,
        conversation: ConversationId,
    ) -> Result<Option<ConversationRow>, Fault> {
        Ok(self.conversations.get(&conversation).cloned())
    }

    fn put_conversation(&mut self, row: ConversationRow) -> Result<(), Fault> {
        self.conversations.insert(row.conversation, row);
        Ok(())
    }

    fn n_conversations(&mut self, user: UserId) -> Result<u64, Fault> {
        let mine = self.members_of(user).filter(|row| row.state().is_some());
        let is_there = |row: &&MemberRow| {
            let found = self.conversations.get(&row.conversation);
            found.is_some_and(|found| found.destroyed_ms.is_none())
        };
        Ok(u64::try_from(mine.filter(is_there).count()).unwrap_or(u64::MAX))
    }

    fn created(
        &mut self,
        creator: UserId,
        client_id: ClientId,
    ) -> Result<Option<ConversationId>, Fault> {
        Ok(self.find_conversation(|row| row.creator == creator && row.client_id == client_id))
    }

    fn direct(&mut self, pair: (UserId, UserId)) -> Result<Option<ConversationId>, Fault> {
        Ok(self.find_conversation(|row| row.pair == Some(pair)))
    }

    fn alias(&mut self, alias: &str) -> Result<Option<ConversationId>, Fault> {
        Ok(self.find_conversation(|row| row.alias.as_deref() == Some(alias)))
    }

    fn member(
        &mut self,
        conversation: ConversationId,
        user: UserId,
    ) -> Result<Option<MemberRow>, Fault> {
        Ok(self.members.get(&(user, conversation)).cloned())
    }

    fn put_member(&mut self, row: MemberRow) -> Result<(), Fault> {
        self.members.insert((row.user, row.conversation), row);
        Ok(())
    }

    fn share_conversation(&mut self, one: UserId, other: UserId) -> Result<bool, Fault> {
        Ok(self.share(one, other))
    }

    fn sent(
        &mut self,
        conversation: ConversationId,
        sender: UserId,
        client_id: ClientId,
    ) -> Result<Option<Placed>, Fault> {
        Ok(self.sent.get(&(conversation, sender, client_id)).copied())
    }

    fn message(
        &mut self,
        conversation: ConversationId,
        seq: u64,
    ) -> Result<Option<MessageRow>, Fault> {
        Ok(self.messages.get(&(conversation, seq)).cloned())
    }

    fn insert_message(&mut self, row: MessageRow) -> Result<(), Fault> {
        let placed = Placed { seq: row.seq, rev: row.rev, at_ms: row.at_ms };
        self.sent.insert((row.conversation, row.sender, row.client_id), placed);
        match self.messages.insert((row.conversation, row.seq), row) {
            None => Ok(()),
            Some(_) => Err(Fault::new("a message was placed where one stands")),
        }
    }

    fn put_message(&mut self, row: MessageRow) -> Result<(), Fault> {
        match self.messages.insert((row.conversation, row.seq), row) {
            Some(_) => Ok(()),
            None => Err(Fault::new("a message was changed that does not exist")),
        }
    }

    fn newest_touch(
        &mut self,
        conversation: ConversationId,
        up_to_seq: u64,
    ) -> Result<Option<u64>, Fault> {
        let below = self.messages.range((conversation, 0)..=(conversation, up_to_seq));
        Ok(below.map(|(_, row)| row.mod_rev).max())
    }

    fn insert_mention(
        &mut self,
        conversation: ConversationId,
        seq: u64,
        user: UserId,
    ) -> Result<(), Fault> {
        self.mentions.insert((user, conversation, seq));
        Ok(())
    }

    fn n_mentions(
        &mut self,
        conversation: ConversationId,
        user: UserId,
        read_seq: u64,
    ) -> Result<u64, Fault> {
        Ok(self.mentions_above(conversation, user, read_seq))
    }

    fn clear_mentions(&mut self, conversation: ConversationId, user: UserId) -> Result<(), Fault> {
        self.mentions.retain(|(who, place, _)| (*who, *place) != (user, conversation));
        Ok(())
    }

    fn insert_event(
        &mut self,
        conversation: ConversationId,
        event: HistoryEvent,
    ) -> Result<(), Fault> {
        match self.events.insert((conversation, event.rev()), event) {
            None => Ok(()),
            Some(_) => Err(Fault::new("two events took one rev")),
        }
    }

    fn has_reaction(&mut self, key: &ReactionKey<'_>) -> Result<bool, Fault> {
        Ok(self.reactions.contains(&reaction(key)))
    }

    fn set_reaction(&mut self, key: &ReactionKey<'_>, on: bool) -> Result<(), Fault> {
        if on {
            self.reactions.insert(reaction(key));
        } else {
            self.reactions.remove(&reaction(key));
        }
        Ok(())
    }

    fn clear_reactions(&mut self, conversation: ConversationId, seq: u64) -> Result<(), Fault> {
        self.reactions.retain(|(place, at, _, _)| (*place, *at) != (conversation, seq));
        Ok(())
    }

    fn invite(&mut self, code: [u8; 32], now_ms: u64) -> Result<Option<InviteRow>, Fault> {
        let good = self.invites.values().find(|invite| {
            invite.code == code && invite.expires_ms > now_ms && invite.row.uses_left != Some(0)
        });
        Ok(good.map(|invite| invite.row.clone()))
    }

    fn put_invite(&mut self, row: InviteRow) -> Result<(), Fault> {
        if let Some(invite) = self.invites.get_mut(&row.invite) {
            invite.row = row;
        }
        Ok(())
    }

    fn is_blocked(&mut self, user: UserId, blocked: UserId) -> Result<bool, Fault> {
        Ok(self.blocks.contains(&(user, blocked)))
    }

    fn set_block(&mut self, user: UserId, blocked: UserId, on: bool) -> Result<(), Fault> {
        if on {
            self.blocks.insert((user, blocked));
        } else {
            self.blocks.remove(&(user, blocked));
        }
        Ok(())
    }

    fn blocked(&mut self, user: UserId) -> Result<Vec<UserId>, Fault> {
        Ok(self.blocked_by(user))
    }
}
