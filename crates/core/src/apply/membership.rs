//! Coming, going and rank: join, leave, add, remove, roles.
//!
//! In groups each takes a `rev` and an event that stands in the timeline; in broadcasts only the
//! member's own row and counter move, so that a hundred thousand can come without telling a
//! hundred thousand.

use voodoo_proto::event::{
    ConversationGone, GoneWhy, HistoryEvent, MemberChange, MemberChangeKind, Membership,
    ServerFrame,
};
use voodoo_proto::object::{JoinRule, Kind, Role};
use voodoo_proto::{ConversationId, RefusalCode, UserId};

use super::create::{check_quota, may_find};
use super::gather::is_gathered;
use super::{
    Applied, Effect, Inside, Reply, Rules, Ruling, enter_member, known_user, new_member, take_rev,
    touch_member,
};
use crate::error::{Fault, Refusal};
use crate::rows::{ConversationRow, InviteRow, MemberRow, Rows, Standing};

/// By what a user finds what to join.
#[derive(Debug, Clone)]
pub enum JoinBy {
    /// An open conversation.
    Conversation(ConversationId),
    /// An open conversation by its alias.
    Alias(String),
    /// An invite, by the SHA-256 sum of its code.
    Code([u8; 32]),
}

/// A user who wants in.
#[derive(Debug, Clone)]
pub struct Join {
    /// Who.
    pub by: UserId,
    /// Where.
    pub target: JoinBy,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

/// A member who goes.
#[derive(Debug, Clone)]
pub struct Leave {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub by: UserId,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

/// Users to be added.
#[derive(Debug, Clone)]
pub struct AddMembers {
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub by: UserId,
    /// Whom.
    pub users: Vec<UserId>,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

/// A member to be removed.
#[derive(Debug, Clone)]
pub struct RemoveMember {
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub by: UserId,
    /// Whom.
    pub user: UserId,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

/// Another role for a member.
#[derive(Debug, Clone)]
pub struct SetRole {
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub by: UserId,
    /// Whose.
    pub user: UserId,
    /// Which.
    pub role: Role,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

impl Join {
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        self.carry_out(rows, rules, &mut Telling::or_later(self.by, self.at_ms))
    }

    pub(super) fn carry_out(
        &self,
        rows: &mut dyn Rows,
        rules: &Rules,
        telling: &mut Telling,
    ) -> Ruling {
        let conversation = match &self.target {
            JoinBy::Code(code) => {
                let invite = rows.invite(*code, self.at_ms)?.ok_or_else(dead_invite)?;
                return come_by_invite(rows, rules, invite, telling);
            }
            JoinBy::Conversation(conversation) => Some(*conversation),
            JoinBy::Alias(alias) => rows.alias(alias)?,
        };
        let row = match conversation {
            Some(conversation) => rows.conversation(conversation)?,
            None => None,
        };
        let row = row.filter(|row| row.destroyed_ms.is_none() && row.kind != Kind::Direct);
        let Some(row) = row else { return Err(Refusal::not_found().into()) };
        if is_member(rows, row.conversation, self.by)? {
            return Ok(Applied::unchanged(Reply::In(row.conversation)));
        }
        if row.settings.join != JoinRule::Open {
            return Err(Refusal::not_found().into());
        }
        let conversation = row.conversation;
        let newcomer = Newcomers { users: vec![self.by], role: Role::Member };
        newcomer.check(rows, rules, &row)?;
        if telling.waits(&row, rules) {
            return Ok(Applied::unchanged(Reply::Later(conversation)));
        }
        let effects = newcomer.admit(rows, row, telling)?;
        Ok(Applied { reply: Reply::In(conversation), effects })
    }
}

fn dead_invite() -> Refusal {
    Refusal::new(RefusalCode::Gone, "the invite is used up, over or was never made")
}

/// Uses up an invite into a conversation.
///
/// # Errors
///
/// `gone` if the conversation is, `forbidden` if it takes nobody by link, `limit_exceeded`.
pub fn join_by_invite(
    rows: &mut dyn Rows,
    rules: &Rules,
    user: UserId,
    invite: InviteRow,
    at_ms: u64,
) -> Ruling {
    come_by_invite(rows, rules, invite, &mut Telling::alone(user, at_ms))
}

fn come_by_invite(
    rows: &mut dyn Rows,
    rules: &Rules,
    mut invite: InviteRow,
    telling: &mut Telling,
) -> Ruling {
    let user = telling.by;
    let Some((conversation, role)) = invite.conversation else {
        let words = "the invite is for the server, not for a conversation";
        return Err(Refusal::new(RefusalCode::NotFound, words).into());
    };
    let row = rows.conversation(conversation)?.filter(|row| row.destroyed_ms.is_none());
    let Some(row) = row else { return Err(dead_invite().into()) };
    if is_member(rows, conversation, user)? {
        return Ok(Applied::unchanged(Reply::In(conversation)));
    }
    if !matches!(row.settings.join, JoinRule::Open | JoinRule::Link) {
        return Err(Refusal::forbidden("nobody comes in by a link here").into());
    }
    // The inviter's rank may have sunk since.
    let inviter = rows.member(conversation, invite.by)?.filter(|row| row.state().is_some());
    let role = inviter.map_or(Role::Member, |inviter| role.min(inviter.role));
    let newcomer = Newcomers { users: vec![user], role };
    newcomer.check(rows, rules, &row)?;
    if telling.waits(&row, rules) {
        return Ok(Applied::unchanged(Reply::Later(conversation)));
    }
    let effects = newcomer.admit(rows, row, telling)?;
    if let Some(uses_left) = &mut invite.uses_left {
        *uses_left = uses_left.saturating_sub(1);
        rows.put_invite(invite)?;
    }
    Ok(Applied { reply: Reply::In(conversation), effects })
}

impl AddMembers {
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        let inside = Inside::enter(rows, self.conversation, self.by)?;
        inside.must_lead("only admins add members")?;
        let limit = usize::try_from(rules.limits.members_per_request).unwrap_or(usize::MAX);
        if self.users.is_empty() || self.users.len() > limit {
            return Err(Refusal::field("users", format!("1 to {limit} users")).into());
        }
        let mut users = self.users.clone();
        users.sort_unstable();
        users.dedup();
        let mut newcomers = Vec::with_capacity(users.len());
        for user in users {
            if !is_member(rows, self.conversation, user)? {
                may_find(rows, rules, self.by, user)?;
                newcomers.push(user);
            }
        }
        if newcomers.is_empty() {
            return Ok(Applied::unchanged(Reply::Added(newcomers)));
        }
        let reply = Reply::Added(newcomers.clone());
        let newcomers = Newcomers { users: newcomers, role: Role::Member };
        newcomers.check(rows, rules, &inside.conversation)?;
        let mut telling = Telling::alone(self.by, self.at_ms);
        let effects = newcomers.admit(rows, inside.conversation, &mut telling)?;
        Ok(Applied { reply, effects })
    }
}

/// Users who become members by one change.
struct Newcomers {
    users: Vec<UserId>,
    role: Role,
}

impl Newcomers {
    fn check(&self, rows: &mut dyn Rows, rules: &Rules, row: &ConversationRow) -> Ruling<()> {
        for user in &self.users {
            check_quota(rows, rules, *user)?;
        }
        let limit = rules.limits.group_members;
        if row.kind == Kind::Group && row.n_members + self.n() > u64::from(limit) {
            let words = format!("a group has at most {limit} members");
            return Err(Refusal::new(RefusalCode::LimitExceeded, words).into());
        }
        Ok(())
    }

    fn n(&self) -> u64 {
        u64::try_from(self.users.len()).unwrap_or(u64::MAX)
    }

    fn admit(
        self,
        rows: &mut dyn Rows,
        mut conversation: ConversationRow,
        telling: &mut Telling,
    ) -> Ruling<Vec<Effect>> {
        let n = self.n();
        conversation.n_members += n;
        if self.role == Role::Owner {
            conversation.n_owners += n;
        }
        let changes = self.users.iter().map(|user| MemberChange {
            user: *user,
            change: MemberChangeKind::Joined,
            role: Some(self.role),
        });
        let mut effects = Vec::new();
        effects.extend(telling.note(rows, &mut conversation, changes.collect())?);
        rows.put_conversation(conversation.clone())?;
        for user in self.users {
            rows.clear_mentions(conversation.conversation, user)?;
            let member = new_member(&conversation, user, telling.at_ms);
            let member = MemberRow { role: self.role, ..member };
            effects.extend(enter_member(rows, &conversation, member)?);
        }
        Ok(effects)
    }
}

impl Leave {
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        let Inside { conversation, member } = Inside::enter(rows, self.conversation, self.by)?;
        not_direct(&conversation)?;
        keep_an_owner(&conversation, &member)?;
        let mut telling = Telling::or_later(self.by, self.at_ms);
        if telling.waits(&conversation, rules) {
            return Ok(Applied::unchanged(Reply::Later(self.conversation)));
        }
        expel(rows, conversation, member, &mut telling)
    }

    pub(super) fn carry_out(&self, rows: &mut dyn Rows, telling: &mut Telling) -> Ruling {
        let Inside { conversation, member } = Inside::enter(rows, self.conversation, self.by)?;
        not_direct(&conversation)?;
        keep_an_owner(&conversation, &member)?;
        expel(rows, conversation, member, telling)
    }
}

impl RemoveMember {
    pub(super) fn apply(&self, rows: &mut dyn Rows) -> Ruling {
        let inside = Inside::enter(rows, self.conversation, self.by)?;
        inside.must_lead("only admins remove members")?;
        if self.user == self.by {
            return Err(Refusal::field("user", "use leave to go yourself").into());
        }
        let member = member_of(rows, self.conversation, self.user)?;
        if member.role >= inside.member.role {
            return Err(Refusal::forbidden("only members of a lower rank can be removed").into());
        }
        let mut telling = Telling::alone(self.by, self.at_ms);
        expel(rows, inside.conversation, member, &mut telling)
    }
}

impl SetRole {
    pub(super) fn apply(&self, rows: &mut dyn Rows) -> Ruling {
        let inside = Inside::enter(rows, self.conversation, self.by)?;
        not_direct(&inside.conversation)?;
        if inside.member.role < Role::Owner {
            return Err(Refusal::forbidden("only owners change roles").into());
        }
        let mut member = member_of(rows, self.conversation, self.user)?;
        if member.role == self.role {
            return Ok(Applied::unchanged(Reply::Done));
        }
        let mut conversation = inside.conversation;
        if member.role == Role::Owner {
            keep_an_owner(&conversation, &member)?;
            conversation.n_owners -= 1;
        }
        if self.role == Role::Owner {
            conversation.n_owners += 1;
        }
        member.role = self.role;
        let change =
            MemberChange { user: self.user, change: MemberChangeKind::Role, role: Some(self.role) };
        let mut effects = Vec::new();
        let mut telling = Telling::alone(self.by, self.at_ms);
        effects.extend(telling.note(rows, &mut conversation, vec![change])?);
        rows.put_conversation(conversation.clone())?;
        effects.push(touch_member(rows, &conversation, member)?);
        Ok(Applied { reply: Reply::Done, effects })
    }
}

/// Ends a membership. What the member hears last is `conversation_gone`; the event that tells the
/// others does not reach them.
fn expel(
    rows: &mut dyn Rows,
    mut conversation: ConversationRow,
    mut member: MemberRow,
    telling: &mut Telling,
) -> Ruling {
    let is_own_will = telling.by == member.user;
    let (id, user) = (member.conversation, member.user);
    let mut account = known_user(rows, user)?;
    account.user_rev += 1;
    account.n_conversations = account.n_conversations.saturating_sub(1);
    member.user_rev = account.user_rev;
    member.standing = Standing::Out;
    conversation.n_members -= 1;
    if member.role == Role::Owner {
        conversation.n_owners -= 1;
    }
    let why = if is_own_will { GoneWhy::Left } else { GoneWhy::Removed };
    let gone = ConversationGone { conversation: id, user_rev: Some(account.user_rev), why };
    let change = match is_own_will {
        true => MemberChangeKind::Left,
        false => MemberChangeKind::Removed,
    };
    let mut effects = vec![
        Effect::Exit { user, conversation: id },
        Effect::ToUser { user, frame: ServerFrame::ConversationGone(gone) },
    ];
    let changes = vec![MemberChange { user, change, role: None }];
    effects.extend(telling.note(rows, &mut conversation, changes)?);
    rows.put_user(account)?;
    rows.put_member(member)?;
    rows.clear_mentions(id, user)?;
    rows.put_conversation(conversation)?;
    Ok(Applied { reply: Reply::Done, effects })
}

/// How a change of memberships is told.
pub(super) struct Telling {
    /// Whose doing it is.
    by: UserId,
    /// When, in Unix milliseconds.
    at_ms: u64,
    way: Way,
}

enum Way {
    /// By an event of its own.
    Alone,
    /// By an event of its own, or together with others if the conversation is large.
    OrLater,
    /// By an event for all of these, whose `rev` was taken already.
    Together(Vec<MemberChange>),
}

impl Telling {
    fn alone(by: UserId, at_ms: u64) -> Self {
        Self { by, at_ms, way: Way::Alone }
    }

    fn or_later(by: UserId, at_ms: u64) -> Self {
        Self { by, at_ms, way: Way::OrLater }
    }

    pub(super) fn together(by: UserId, at_ms: u64) -> Self {
        Self { by, at_ms, way: Way::Together(Vec::new()) }
    }

    /// What was noted to be told together.
    pub(super) fn into_changes(self) -> Vec<MemberChange> {
        match self.way {
            Way::Alone | Way::OrLater => Vec::new(),
            Way::Together(changes) => changes,
        }
    }

    fn waits(&self, conversation: &ConversationRow, rules: &Rules) -> bool {
        matches!(self.way, Way::OrLater) && is_gathered(conversation, rules)
    }

    /// Takes a `rev` for changed memberships and keeps the event; nothing of it in a broadcast.
    fn note(
        &mut self,
        rows: &mut dyn Rows,
        conversation: &mut ConversationRow,
        changes: Vec<MemberChange>,
    ) -> Result<Option<Effect>, Fault> {
        if conversation.kind == Kind::Broadcast {
            return Ok(None);
        }
        if let Way::Together(noted) = &mut self.way {
            noted.extend(changes);
            return Ok(None);
        }
        let rev = take_rev(conversation, self.at_ms);
        let id = conversation.conversation;
        let event =
            Membership { conversation: id, rev, at_ms: self.at_ms, by: Some(self.by), changes };
        rows.insert_event(id, HistoryEvent::Membership(event.clone()))?;
        Ok(Some(Effect::Event {
            conversation: id,
            rev,
            about_seq: None,
            frame: ServerFrame::Membership(event),
            to_asker: true,
        }))
    }
}

impl Inside {
    /// Refuses whoever is no admin, and every such act in a direct conversation.
    pub(super) fn must_lead(&self, words: &str) -> Result<(), Refusal> {
        not_direct(&self.conversation)?;
        if self.member.role < Role::Admin {
            return Err(Refusal::forbidden(words));
        }
        Ok(())
    }
}

pub(super) fn not_direct(conversation: &ConversationRow) -> Result<(), Refusal> {
    if conversation.kind == Kind::Direct {
        let words = "a direct conversation has its two members and no settings";
        return Err(Refusal::forbidden(words));
    }
    Ok(())
}

fn keep_an_owner(conversation: &ConversationRow, member: &MemberRow) -> Result<(), Refusal> {
    if member.role == Role::Owner && conversation.n_owners <= 1 {
        return Err(Refusal::forbidden("the last owner makes another one first"));
    }
    Ok(())
}

fn member_of(rows: &mut dyn Rows, conversation: ConversationId, user: UserId) -> Ruling<MemberRow> {
    let member = rows.member(conversation, user)?.filter(|row| row.state().is_some());
    member.ok_or_else(|| Refusal { field: Some("user"), ..Refusal::not_found() }.into())
}

fn is_member(
    rows: &mut dyn Rows,
    conversation: ConversationId,
    user: UserId,
) -> Result<bool, Fault> {
    Ok(rows.member(conversation, user)?.is_some_and(|row| row.state().is_some()))
}
