//! Creating a conversation, or finding the direct one that there is.

use voodoo_proto::event::{HistoryEvent, MemberChange, MemberChangeKind, Membership};
use voodoo_proto::object::{
    HistoryRule, JoinRule, Kind, MemberState, PostRule, Role, ServerRole, Settings, SettingsChange,
};
use voodoo_proto::{ClientId, ConversationId, RefusalCode, UserId};

use super::{
    Applied, Directory, MayBroadcast, Reply, Rules, Ruling, enter_member, known_user, new_member,
    take_rev,
};
use crate::account::tidy;
use crate::error::Refusal;
use crate::rows::{ConversationRow, MemberRow, Rows, Standing};

/// A conversation to be created.
#[derive(Debug, Clone)]
pub struct Create {
    /// By whom.
    pub creator: UserId,
    /// The creator's name for it.
    pub client_id: ClientId,
    /// What it shall be.
    pub kind: Kind,
    /// Its title.
    pub title: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// A unique name by which it is found.
    pub alias: Option<String>,
    /// Whom to add.
    pub members: Vec<UserId>,
    /// Its rules where they differ from the default.
    pub settings: SettingsChange,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

impl Create {
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        if let Some(conversation) = rows.created(self.creator, self.client_id)? {
            return Ok(Applied::unchanged(Reply::In(conversation)));
        }
        match self.kind {
            Kind::Direct => self.direct(rows, rules),
            Kind::Group | Kind::Broadcast => self.shared(rows, rules),
        }
    }

    fn direct(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        let peer = match self.members.as_slice() {
            [] => self.creator,
            [peer] => *peer,
            _ => return Err(Refusal::field("members", "a direct conversation has one peer").into()),
        };
        let pair = (self.creator.min(peer), self.creator.max(peer));
        if let Some(conversation) = rows.direct(pair)? {
            return self.direct_again(rows, conversation);
        }
        may_find(rows, rules, self.creator, peer)?;
        check_quota(rows, rules, self.creator)?;
        let n_members = if peer == self.creator { 1 } else { 2 };
        let row = self.row(rows, rules, n_members)?;
        let row = ConversationRow { pair: Some(pair), n_owners: 0, ..row };
        rows.put_conversation(row.clone())?;
        let own = new_member(&row, self.creator, self.at_ms);
        let effects = enter_member(rows, &row, own)?;
        if peer != self.creator {
            let waiting = new_member(&row, peer, self.at_ms);
            rows.put_member(MemberRow { standing: Standing::Waiting, ..waiting })?;
        }
        Ok(Applied { reply: Reply::In(row.conversation), effects: effects.into() })
    }

    /// The other side may have opened it and not written yet.
    fn direct_again(&self, rows: &mut dyn Rows, conversation: ConversationId) -> Ruling {
        let reply = Reply::In(conversation);
        let member = rows.member(conversation, self.creator)?;
        let row = rows.conversation(conversation)?;
        let (Some(member), Some(row)) = (member, row) else {
            return Err(Refusal::not_found().into());
        };
        if member.standing != Standing::Waiting {
            return Ok(Applied::unchanged(reply));
        }
        let member = MemberRow { standing: Standing::In(MemberState::Active), ..member };
        let effects = enter_member(rows, &row, member)?;
        Ok(Applied { reply, effects: effects.into() })
    }

    fn shared(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        self.may_create(rows, rules)?;
        let members = self.others(rows, rules)?;
        let n_members = u64::try_from(members.len()).unwrap_or(u64::MAX).saturating_add(1);
        let mut row = self.row(rows, rules, n_members)?;
        let mut effects = Vec::new();
        if self.kind == Kind::Group {
            let rev = take_rev(&mut row, self.at_ms);
            let event = self.first_event(row.conversation, rev, &members);
            rows.insert_event(row.conversation, event)?;
        }
        rows.put_conversation(row.clone())?;
        let owner = MemberRow { role: Role::Owner, ..new_member(&row, self.creator, self.at_ms) };
        effects.extend(enter_member(rows, &row, MemberRow { from_seq: 1, ..owner })?);
        for user in members {
            let member = MemberRow { from_seq: 1, ..new_member(&row, user, self.at_ms) };
            effects.extend(enter_member(rows, &row, member)?);
        }
        Ok(Applied { reply: Reply::In(row.conversation), effects })
    }

    fn may_create(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling<()> {
        let creator = known_user(rows, self.creator)?;
        let is_admin = creator.role == ServerRole::Admin;
        if self.kind == Kind::Broadcast && rules.may_broadcast == MayBroadcast::Admins && !is_admin
        {
            return Err(Refusal::forbidden("only admins of the server open broadcasts").into());
        }
        check_quota(rows, rules, self.creator)?;
        check_title(&tidy_or_empty(self.title.as_ref()), rules)?;
        check_description(&tidy_or_empty(self.description.as_ref()), rules)?;
        check_settings(&self.settings)?;
        match &self.alias {
            Some(alias) => check_alias(rows, alias),
            None => Ok(()),
        }
    }

    /// Whom to add beside the creator, each once.
    fn others(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling<Vec<UserId>> {
        let limit = usize::try_from(rules.limits.members_per_request).unwrap_or(usize::MAX);
        if self.members.len() > limit {
            let words = format!("{} users in one request, {limit} allowed", self.members.len());
            return Err(Refusal::field("members", words).into());
        }
        let mut members = self.members.clone();
        members.sort_unstable();
        members.dedup();
        members.retain(|user| *user != self.creator);
        for user in &members {
            may_find(rows, rules, self.creator, *user)?;
            check_quota(rows, rules, *user)?;
        }
        Ok(members)
    }

    fn row(&self, rows: &mut dyn Rows, rules: &Rules, n_members: u64) -> Ruling<ConversationRow> {
        let settings = changed(&default_settings(self.kind), &self.settings);
        if self.kind == Kind::Group && n_members > u64::from(rules.limits.group_members) {
            let limit = rules.limits.group_members;
            let words = format!("{n_members} members, a group has at most {limit}");
            return Err(Refusal::new(RefusalCode::LimitExceeded, words).into());
        }
        let is_direct = self.kind == Kind::Direct;
        Ok(ConversationRow {
            conversation: rows.new_conversation()?,
            kind: self.kind,
            destroyed_ms: None,
            title: self.title.as_ref().filter(|_| !is_direct).map(|text| tidy(text)),
            description: Some(tidy_or_empty(self.description.as_ref()))
                .filter(|text| !is_direct && !text.is_empty()),
            avatar: None,
            alias: self.alias.clone().filter(|_| !is_direct),
            creator: self.creator,
            client_id: self.client_id,
            pair: None,
            settings: if is_direct { default_settings(Kind::Direct) } else { settings },
            last_seq: 0,
            last_rev: 0,
            info_rev: 0,
            last_ms: self.at_ms,
            change_ms: self.at_ms,
            floor_seq: 0,
            floor_rev: 0,
            all_mention_seq: 0,
            n_members,
            n_owners: 1,
            created_ms: self.at_ms,
        })
    }

    fn first_event(
        &self,
        conversation: ConversationId,
        rev: u64,
        members: &[UserId],
    ) -> HistoryEvent {
        let joined =
            |user, role| MemberChange { user, change: MemberChangeKind::Joined, role: Some(role) };
        let others = members.iter().map(|user| joined(*user, Role::Member));
        HistoryEvent::Membership(Membership {
            conversation,
            rev,
            at_ms: self.at_ms,
            by: Some(self.creator),
            changes: std::iter::once(joined(self.creator, Role::Owner)).chain(others).collect(),
        })
    }
}

/// The rules of a new conversation.
fn default_settings(kind: Kind) -> Settings {
    let (post, join) = match kind {
        Kind::Direct => (PostRule::All, JoinRule::Closed),
        Kind::Group => (PostRule::All, JoinRule::Link),
        Kind::Broadcast => (PostRule::Admins, JoinRule::Link),
    };
    Settings { history: HistoryRule::All, post, join, slow_ms: 0, retention_days: 0 }
}

/// The rules after a change.
pub(super) fn changed(settings: &Settings, change: &SettingsChange) -> Settings {
    Settings {
        history: change.history.unwrap_or(settings.history),
        post: change.post.unwrap_or(settings.post),
        join: change.join.unwrap_or(settings.join),
        slow_ms: change.slow_ms.unwrap_or(settings.slow_ms),
        retention_days: change.retention_days.unwrap_or(settings.retention_days),
    }
}

/// Whether `asker` may know of `user`: otherwise the user does not exist for them.
pub(super) fn may_find(
    rows: &mut dyn Rows,
    rules: &Rules,
    asker: UserId,
    user: UserId,
) -> Ruling<()> {
    let is_known = rows.user(user)?.is_some_and(|row| !row.is_disabled);
    let is_findable = asker == user
        || rules.directory == Directory::All
        || (is_known && rows.share_conversation(asker, user)?);
    if is_known && is_findable {
        return Ok(());
    }
    Err(Refusal { field: Some("members"), ..Refusal::not_found() }.into())
}

/// Refuses a user who has all the conversations that one may have.
pub(super) fn check_quota(rows: &mut dyn Rows, rules: &Rules, user: UserId) -> Ruling<()> {
    let limit = rules.limits.conversations;
    let mut account = known_user(rows, user)?;
    if account.n_conversations < u64::from(limit) {
        return Ok(());
    }
    // The number kept has destroyed ones in it; only who is at the limit pays for the exact one.
    let n_conversations = rows.n_conversations(user)?;
    if n_conversations < u64::from(limit) {
        account.n_conversations = n_conversations;
        return Ok(rows.put_user(account)?);
    }
    let words = format!("a user has at most {limit} conversations");
    Err(Refusal::new(RefusalCode::LimitExceeded, words).into())
}

fn tidy_or_empty(text: Option<&String>) -> String {
    text.map(|text| tidy(text)).unwrap_or_default()
}

/// Checks a title, which has to be there.
pub(super) fn check_title(title: &str, rules: &Rules) -> Result<(), Refusal> {
    if title.trim().is_empty() {
        return Err(Refusal::field("title", "a title is needed"));
    }
    if title.contains('\n') {
        return Err(Refusal::field("title", "a title is one line"));
    }
    check_line("title", title, rules.limits.title)
}

/// Checks a description.
pub(super) fn check_description(text: &str, rules: &Rules) -> Result<(), Refusal> {
    check_line("description", text, rules.limits.description)
}

fn check_line(field: &'static str, text: &str, limit: u32) -> Result<(), Refusal> {
    if text.chars().count() > usize::try_from(limit).unwrap_or(usize::MAX) {
        return Err(Refusal::field(field, format!("over {limit} code points")));
    }
    if text.chars().any(|c| is_unseen(c) && c != '\n') {
        return Err(Refusal::field(field, "has control characters"));
    }
    Ok(())
}

/// Control characters, those that turn the direction of text around, separators of lines, and
/// spaces without width; the joiners belong to scripts and emoji and are none of them.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// What is reserved is refused.
pub(super) fn check_settings(change: &SettingsChange) -> Result<(), Refusal> {
    if change.join == Some(JoinRule::Ask) {
        return Err(Refusal::field("settings", "join by asking is reserved and not served yet"));
    }
    if change.slow_ms.is_some_and(|slow_ms| slow_ms > 0) {
        return Err(Refusal::field("settings", "slow mode is reserved and not served yet"));
    }
    Ok(())
}

/// Checks an alias: spelled as a handle, and free.
pub(super) fn check_alias(rows: &mut dyn Rows, alias: &str) -> Ruling<()> {
    if !crate::account::is_handle(alias) {
        return Err(Refusal::field("alias", crate::account::HANDLE_RULE).into());
    }
    match rows.alias(alias)? {
        None => Ok(()),
        Some(_) => Err(Refusal {
            field: Some("alias"),
            ..Refusal::new(RefusalCode::Conflict, "the alias is taken")
        }
        .into()),
    }
}
