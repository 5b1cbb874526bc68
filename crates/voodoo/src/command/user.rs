//! `voodoo user`: accounts.

use std::io::{BufRead as _, Read as _, stdin};

use voodoo_proto::object::{ServerRole, UserKind};

use super::{Format, block_on, output};
use crate::admin::{AccountSeen, Add, Answer, Ask, Handle, List, Way};
use crate::config::Config;
use crate::exit::{Exit, Failure};

/// More than any password that is taken.
const MAX_LINE_BYTES: u64 = 4_096;

#[derive(Debug, clap::Subcommand)]
pub(super) enum UserCommand {
    /// Make an account. Without --password-stdin it prints a link by which the person sets a
    /// password; for a bot, a token.
    Add(AddArguments),
    /// List all accounts.
    List(Format),
    /// End all log-ins and the password of an account, and print a link that sets a new one.
    Reset(Whose),
    /// Shut an account: its sessions end at once, and nobody gets in.
    Disable(Whose),
    /// Open a shut account again.
    Enable(Whose),
}

#[derive(Debug, clap::Args)]
pub(super) struct AddArguments {
    /// 2 to 32 of a-z 0-9 . _ -, a letter first.
    handle: String,
    /// The name that people read.
    #[arg(long)]
    name: String,
    /// Read the password from the first line of standard input.
    #[arg(long, conflicts_with = "bot")]
    password_stdin: bool,
    /// Make an admin of the server; the first one owns it, and its set-up link ends.
    #[arg(long, conflicts_with = "bot")]
    admin: bool,
    /// Make an account for a program.
    #[arg(long)]
    bot: bool,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct Whose {
    /// The handle of the account.
    handle: String,
    #[command(flatten)]
    format: Format,
}

/// Does what was said.
pub(super) fn run(command: UserCommand, config: &Config) -> Result<(), Failure> {
    match command {
        UserCommand::Add(wanted) => add(wanted, config),
        UserCommand::List(format) => list(format, config),
        UserCommand::Reset(whose) => {
            let seen = one(config, Ask::Reset(Handle { handle: whose.handle }))?;
            let words = format!("{} is logged out everywhere.\n", seen.handle);
            print(&seen, whose.format, &words)
        }
        UserCommand::Disable(whose) => {
            let seen = one(config, Ask::Disable(Handle { handle: whose.handle }))?;
            print(&seen, whose.format, &format!("{} is disabled.\n", seen.handle))
        }
        UserCommand::Enable(whose) => {
            let seen = one(config, Ask::Enable(Handle { handle: whose.handle }))?;
            print(&seen, whose.format, &format!("{} is enabled.\n", seen.handle))
        }
    }
}

fn add(wanted: AddArguments, config: &Config) -> Result<(), Failure> {
    let AddArguments { handle, name, password_stdin, admin, bot, format } = wanted;
    let password = if password_stdin { Some(password()?) } else { None };
    let kind = if bot { UserKind::Bot } else { UserKind::Human };
    let role = if admin { ServerRole::Admin } else { ServerRole::Member };
    let ask = Ask::Add(Add { handle, name, kind, role, password });
    let answer = block_on(async {
        let way = Way::find_or_make(config).await?;
        finish(way, ask).await
    })?;
    let seen = account(answer)?;
    let words = format!("{} is added as {}.\n", seen.handle, described(&seen));
    print(&seen, format, &words)
}

/// The first line of standard input.
fn password() -> Result<String, Failure> {
    let mut line = String::new();
    let read = stdin().lock().take(MAX_LINE_BYTES).read_line(&mut line);
    let words = "reading the password from standard input";
    read.map_err(|error| Failure::new(Exit::BadData, anyhow::Error::new(error).context(words)))?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn list(format: Format, config: &Config) -> Result<(), Failure> {
    let accounts = block_on(async {
        let way = Way::find(config).await?;
        let listed = all(&way).await;
        way.close().await;
        listed
    })?;
    if format.json {
        return output::json(&accounts);
    }
    let rows: Vec<_> = accounts
        .iter()
        .map(|seen| {
            let state = if seen.disabled { "disabled" } else { "active" };
            [seen.handle.as_str(), described(seen), state, &seen.name].map(str::to_owned)
        })
        .collect();
    output::text(&output::table(["handle", "is", "state", "name"], &rows))
}

async fn all(way: &Way) -> Result<Vec<AccountSeen>, Failure> {
    let (mut accounts, mut after) = (Vec::new(), None);
    loop {
        let Answer::Accounts(page) = way.ask(Ask::List(List { after })).await? else {
            return Err(strange());
        };
        accounts.extend(page.accounts);
        if !page.more {
            return Ok(accounts);
        }
        after = accounts.last().map(|seen| seen.handle.clone());
    }
}

/// Asks something about one account.
fn one(config: &Config, ask: Ask) -> Result<AccountSeen, Failure> {
    let answer = block_on(async {
        let way = Way::find(config).await?;
        finish(way, ask).await
    })?;
    account(answer)
}

/// Asks one thing.
pub(super) async fn finish(way: Way, ask: Ask) -> Result<Answer, Failure> {
    let answer = way.ask(ask).await;
    way.close().await;
    answer
}

fn account(answer: Answer) -> Result<AccountSeen, Failure> {
    match answer {
        Answer::Account(seen) => Ok(seen),
        Answer::Accounts(_) | Answer::Invited(_) | Answer::Refused(_) => Err(strange()),
    }
}

/// An answer to another question.
pub(super) fn strange() -> Failure {
    Failure::new(Exit::Internal, anyhow::anyhow!("the server answered another question"))
}

fn described(seen: &AccountSeen) -> &'static str {
    match (seen.kind, seen.role) {
        (UserKind::Bot, _) => "bot",
        (UserKind::Human, ServerRole::Admin) => "admin",
        (UserKind::Human, ServerRole::Member) => "member",
    }
}

fn print(seen: &AccountSeen, format: Format, words: &str) -> Result<(), Failure> {
    if format.json {
        return output::json(seen);
    }
    let mut text = words.to_owned();
    if let Some(link) = &seen.link {
        text += "This link sets the password; it works once and not for long:\n\n";
        text += &format!("  {link}\n\n");
    }
    if let Some(token) = &seen.token {
        text += &format!("Its token, shown this once:\n\n  {token}\n\n");
    }
    output::text(&text)
}
