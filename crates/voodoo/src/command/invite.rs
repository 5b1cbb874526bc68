//! `voodoo invite`: links that let people in.

use voodoo_proto::ConversationId;

use super::user::{finish, strange};
use super::{Format, block_on, output};
use crate::admin::{Answer, Ask, Invite, Way};
use crate::config::Config;
use crate::exit::Failure;

#[derive(Debug, clap::Subcommand)]
pub(super) enum InviteCommand {
    /// Make an invite into the server, or into a conversation on it, and print its link.
    Create(CreateArguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct CreateArguments {
    /// Into this conversation; its id begins with c_.
    #[arg(long, value_name = "CONVERSATION")]
    conversation: Option<ConversationId>,
    /// How often it can be used [default: without limit].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    uses: Option<u32>,
    /// For how many seconds it is good [default: timers.invite_ttl_ms].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    ttl_s: Option<u64>,
    /// In whose name; into a conversation, one of its admins [default: the first admin].
    #[arg(long, value_name = "HANDLE")]
    by: Option<String>,
    #[command(flatten)]
    format: Format,
}

/// Does what was said.
pub(super) fn run(command: InviteCommand, config: &Config) -> Result<(), Failure> {
    let InviteCommand::Create(wanted) = command;
    let CreateArguments { conversation, uses, ttl_s, by, format } = wanted;
    let ask = Ask::Invite(Invite { by, conversation, uses, ttl_s });
    let answer = block_on(async {
        let way = Way::find(config).await?;
        finish(way, ask).await
    })?;
    let Answer::Invited(invited) = answer else { return Err(strange()) };
    if format.json {
        return output::json(&invited);
    }
    output::text(&format!("{}\n", invited.url))
}
