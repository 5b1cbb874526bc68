//! `voodoo backup` and `voodoo restore`.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use voodoo_core::{Clock as _, SystemClock};
use voodoo_store::{Backup, BackupError, Listed, Manifest, space};

use super::verify::{findings, holding};
use super::{Format, output, step_aside};
use crate::admin::no_data;
use crate::config::Config;
use crate::exit::{Exit, Failure, of_open_error};

#[derive(Debug, clap::Subcommand)]
pub(super) enum BackupCommand {
    /// Make a backup of the data, while the server runs or while it does not, and check it.
    Create(CreateArguments),
    /// Check a backup: its files, and what is in them.
    Verify(VerifyArguments),
    /// List the backups in a folder, the oldest first.
    List(ListArguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct CreateArguments {
    /// The folder in which the backup gets a folder of its own.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArguments {
    /// The folder of the backup.
    path: PathBuf,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArguments {
    /// The folder with backups.
    dir: PathBuf,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct RestoreArguments {
    /// The folder of the backup.
    path: PathBuf,
    /// The data folder to make; it has to be empty or not there yet.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// Restore although the check of the backup finds something wrong in its rows.
    #[arg(long)]
    accept_findings: bool,
    #[command(flatten)]
    format: Format,
}

/// Does what was said.
pub(super) fn run(
    command: BackupCommand,
    config: impl FnOnce() -> Result<Config, Failure>,
) -> Result<(), Failure> {
    crate::log::begin_quietly().map_err(Failure::with(Exit::Config))?;
    match command {
        BackupCommand::Create(wanted) => create(&wanted, &config()?),
        BackupCommand::Verify(wanted) => verify(&wanted),
        BackupCommand::List(wanted) => list(&wanted),
    }
}

fn create(wanted: &CreateArguments, config: &Config) -> Result<(), Failure> {
    no_data(&config.data)?;
    ensure_room(&wanted.to, config)?;
    step_aside();
    let made = voodoo_store::create_backup(&config.data, &wanted.to, SystemClock.now_ms());
    let made = made.map_err(|error| failure(error, &wanted.to))?;
    told(&made, wanted.format)
}

/// Refuses a backup for which there is no room; where it shares the disk with the data, also one
/// after which room there would be low.
fn ensure_room(to: &Path, config: &Config) -> Result<(), Failure> {
    // Folders that are not there yet are made where the nearest one that is there stands.
    let Some(at) = to.ancestors().find(|at| at.exists()) else { return Ok(()) };
    // Where the system does not say, the copy itself finds out.
    let (Ok(space), Ok(of_data), Ok(of_backup)) =
        (space(at), config.data.metadata(), at.metadata())
    else {
        return Ok(());
    };
    let n_bytes = |name: &str| config.data.join(name).metadata().map_or(0, |found| found.len());
    let needed = n_bytes("voodoo.db") + n_bytes("voodoo.db-wal");
    let marks = config.marks().map_err(Failure::with(Exit::Config))?;
    let kept = match of_data.dev() == of_backup.dev() {
        true => marks.low.of(space.total_bytes),
        false => 0,
    };
    if needed.saturating_add(kept) <= space.free_bytes {
        return Ok(());
    }
    let mib = |n_bytes: u64| n_bytes.div_ceil(1 << 20);
    let words = format!(
        "no room for a backup at {}: it takes up to {} MiB, {} MiB are to stay free on the disk of the data (disk.low_percent, disk.low_mib), and {} MiB are free",
        to.display(),
        mib(needed),
        mib(kept),
        space.free_bytes >> 20
    );
    Err(Failure::new(Exit::CannotCreate, anyhow::anyhow!(words)))
}

fn verify(wanted: &VerifyArguments) -> Result<(), Failure> {
    step_aside();
    let found = voodoo_store::verify_backup(&wanted.path);
    told(&found.map_err(|error| failure(error, &wanted.path))?, wanted.format)
}

/// Prints a backup that was checked; findings are the failure of the command.
fn told(backup: &Backup, format: Format) -> Result<(), Failure> {
    let Backup { path, manifest, report } = backup;
    let found = report.as_ref().map(|report| report.findings.as_slice()).unwrap_or_default();
    if format.json {
        output::json(&json!({"path": path, "manifest": manifest, "findings": found}))?;
    } else {
        let text = format!(
            "{}\nmade {} by voodoo {}, {}\n{}\n{}",
            path.display(),
            manifest.created,
            manifest.version,
            size(manifest),
            holding(&manifest.holds),
            findings(found)
        );
        output::text(&text)?;
    }
    if found.is_empty() {
        return Ok(());
    }
    let words = "the backup is whole, but what it holds is not as it has to be";
    Err(Failure::new(Exit::BadData, anyhow::anyhow!(words)))
}

fn list(wanted: &ListArguments) -> Result<(), Failure> {
    let listed = voodoo_store::list_backups(&wanted.dir);
    let listed = listed.map_err(|error| failure(error, &wanted.dir))?;
    if wanted.format.json {
        let entry = |one: &Listed| -> Value {
            match &one.manifest {
                Ok(manifest) => json!({"path": one.path, "manifest": manifest}),
                Err(why) => json!({"path": one.path, "unusable": why}),
            }
        };
        return output::json(&listed.iter().map(entry).collect::<Vec<_>>());
    }
    let rows: Vec<_> = listed.iter().map(row).collect();
    output::text(&output::table(["backup", "made", "schema", "messages", "size"], &rows))
}

fn row(listed: &Listed) -> [String; 5] {
    let name = listed.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match &listed.manifest {
        Ok(manifest) => [
            name,
            manifest.created.clone(),
            manifest.holds.schema.to_string(),
            manifest.holds.messages.to_string(),
            size(manifest),
        ],
        Err(why) => [name, why.clone(), String::new(), String::new(), String::new()],
    }
}

fn size(manifest: &Manifest) -> String {
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let tenths = bytes / 104_857;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// Restores, and prints what was restored.
pub(super) fn restore(wanted: &RestoreArguments) -> Result<(), Failure> {
    crate::log::begin_quietly().map_err(Failure::with(Exit::Config))?;
    let restored = voodoo_store::restore(&wanted.path, &wanted.into, wanted.accept_findings);
    let restored = restored.map_err(|error| failure(error, &wanted.path))?;
    let manifest = &restored.manifest;
    if wanted.format.json {
        return output::json(&json!({"into": wanted.into, "epoch": restored.epoch,
            "manifest": manifest, "findings": restored.report.findings}));
    }
    let text = format!(
        "{} is restored as of {}\n{}\n{}Its new epoch is {}: clients drop what they know beyond it.\n",
        wanted.into.display(),
        manifest.created,
        holding(&manifest.holds),
        findings(&restored.report.findings),
        restored.epoch
    );
    output::text(&text)
}

fn failure(error: BackupError, path: &Path) -> Failure {
    let exit = match &error {
        BackupError::Open(error) => of_open_error(error),
        BackupError::File(..) | BackupError::NotEmpty(_) => Exit::CannotCreate,
        BackupError::NoBackup(_)
        | BackupError::NewerForm { .. }
        | BackupError::Damaged(_)
        | BackupError::Findings(_) => Exit::BadData,
    };
    let words = format!("backup at {}", path.display());
    Failure::new(exit, anyhow::Error::new(error).context(words))
}
