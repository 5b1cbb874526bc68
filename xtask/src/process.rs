//! Running other programs, and speaking to the person in front of the terminal.

use std::env;
use std::fmt::Display;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::repo;

/// Prints one line.
#[expect(clippy::print_stdout, reason = "the terminal is this tool's user interface")]
pub(crate) fn say(text: impl Display) {
    println!("{text}");
}

/// Prints one line that tells what went wrong.
#[expect(clippy::print_stderr, reason = "the terminal is this tool's user interface")]
pub(crate) fn complain(text: impl Display) {
    eprintln!("{text}");
}

/// A cargo command in the checkout.
pub(crate) fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repo::root()).args(args);
    command
}

/// An npm command in the web client's folder.
pub(crate) fn npm<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(repo::web()).args(args);
    command
}

/// Runs a command to its end, with its output on the terminal.
///
/// # Errors
///
/// If it cannot be started or ends with another code than 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = announce(command);
    let status = command.status().with_context(|| format!("starting `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Runs a command to its end and hands over what it printed; its errors go to the terminal.
///
/// # Errors
///
/// If it cannot be started, fails, or prints something else than UTF-8.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = words(command);
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("starting `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed: {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of `{line}`"))
}

/// Runs a command to its end; each line it prints goes to the terminal and to `each`.
///
/// # Errors
///
/// If it cannot be started or its output breaks off.
pub(crate) fn tee(command: &mut Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    let line = announce(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("starting `{line}`"))?;
    let stdout = child.stdout.take().expect("stdout is piped");
    for printed in BufReader::new(stdout).split(b'\n') {
        let printed = printed.with_context(|| format!("output of `{line}`"))?;
        let printed = String::from_utf8_lossy(&printed);
        say(&printed);
        each(&printed);
    }
    child.wait().with_context(|| format!("waiting for `{line}`"))
}

/// Whether a command runs and ends well; its output is thrown away.
pub(crate) fn works(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The first of `names` that is a program on the search path.
pub(crate) fn find_program(names: &[&str]) -> Option<PathBuf> {
    let dirs: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let candidates = names.iter().flat_map(|name| dirs.iter().map(move |dir| dir.join(name)));
    candidates.into_iter().find(|path| path.is_file())
}

fn announce(command: &Command) -> String {
    let line = words(command);
    say(format!("$ {line}"));
    line
}

/// The command as a person would type it, without the folder of the program.
fn words(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let all = std::iter::once(program).chain(command.get_args());
    all.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
