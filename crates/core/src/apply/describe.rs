//! What a conversation says of itself, and its end.

use voodoo_proto::event::{ConversationGone, GoneWhy, HistoryEvent, ServerFrame, Updated};
use voodoo_proto::object::{Role, SettingsChange};
use voodoo_proto::{ConversationId, UserId};

use super::create::{changed, check_alias, check_description, check_settings, check_title};
use super::membership::not_direct;
use super::{Applied, Effect, Inside, Reply, Rules, Ruling};
use crate::account::tidy;
use crate::error::Refusal;
use crate::rows::Rows;

/// What is to be changed; an empty text clears, what is absent stays.
#[derive(Debug, Clone)]
pub struct Update {
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub by: UserId,
    /// The title.
    pub title: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// A unique name by which it is found.
    pub alias: Option<String>,
    /// Its rules.
    pub settings: Option<SettingsChange>,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

/// The end of a conversation for everyone.
#[derive(Debug, Clone)]
pub struct Destroy {
    /// Which.
    pub conversation: ConversationId,
    /// By whom.
    pub by: UserId,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

impl Update {
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        let mut inside = Inside::enter(rows, self.conversation, self.by)?;
        inside.must_lead("only admins change a conversation")?;
        let mut event = self.difference(&inside);
        self.check(rows, rules, &event)?;
        let is_same = event.title.is_none()
            && event.description.is_none()
            && event.alias.is_none()
            && event.settings.is_none();
        if is_same {
            return Ok(Applied::unchanged(Reply::Done));
        }
        let rev = inside.take_rev(self.at_ms);
        event.rev = rev;
        let row = &mut inside.conversation;
        row.info_rev = rev;
        let cleared = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        if let Some(title) = &event.title {
            row.title = cleared(title);
        }
        if let Some(description) = &event.description {
            row.description = cleared(description);
        }
        if let Some(alias) = &event.alias {
            row.alias = cleared(alias);
        }
        if let Some(settings) = &event.settings {
            row.settings = settings.clone();
        }
        rows.insert_event(self.conversation, HistoryEvent::Updated(event.clone()))?;
        let effect = inside.event(rev, None, ServerFrame::Updated(event), true);
        rows.put_conversation(inside.conversation)?;
        Ok(Applied { reply: Reply::Done, effects: vec![effect] })
    }

    /// The event without its `rev`: only what differs from what is.
    fn difference(&self, inside: &Inside) -> Updated {
        let row = &inside.conversation;
        let differs = |new: &Option<String>, old: &Option<String>| {
            new.clone().filter(|new| new != old.as_deref().unwrap_or_default())
        };
        let settings = self.settings.as_ref().map(|change| changed(&row.settings, change));
        Updated {
            conversation: self.conversation,
            rev: 0,
            at_ms: self.at_ms,
            by: inside.by(self.by),
            title: differs(&self.title.as_deref().map(tidy), &row.title),
            description: differs(&self.description.as_deref().map(tidy), &row.description),
            avatar: None,
            alias: differs(&self.alias, &row.alias),
            settings: settings.filter(|settings| *settings != row.settings),
        }
    }

    fn check(&self, rows: &mut dyn Rows, rules: &Rules, event: &Updated) -> Ruling<()> {
        if let Some(title) = &event.title {
            check_title(title, rules)?;
        }
        if let Some(description) = &event.description {
            check_description(description, rules)?;
        }
        if let Some(change) = &self.settings {
            check_settings(change)?;
        }
        match &event.alias {
            Some(alias) if !alias.is_empty() => check_alias(rows, alias),
            _ => Ok(()),
        }
    }
}

impl Destroy {
    /// Takes neither a `rev` nor anybody's `user_rev`: one shared event, whatever the size.
    pub(super) fn apply(&self, rows: &mut dyn Rows) -> Ruling {
        let mut inside = Inside::enter(rows, self.conversation, self.by)?;
        not_direct(&inside.conversation)?;
        if inside.member.role < Role::Owner {
            return Err(Refusal::forbidden("only owners destroy a conversation").into());
        }
        inside.conversation.destroyed_ms = Some(self.at_ms);
        inside.conversation.change_ms = inside.conversation.change_ms.max(self.at_ms);
        inside.conversation.alias = None;
        rows.put_conversation(inside.conversation)?;
        let conversation = self.conversation;
        let gone = ConversationGone { conversation, user_rev: None, why: GoneWhy::Destroyed };
        let frame = ServerFrame::ConversationGone(gone);
        let effects = vec![Effect::Destroyed { conversation, frame }];
        Ok(Applied { reply: Reply::Done, effects })
    }
}
