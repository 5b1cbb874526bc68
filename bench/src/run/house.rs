//! What a scenario runs in: seeded data, a server or a yardstick on it, and its clients.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::fill;
use crate::child::Subject;
use crate::conductor::{Cast, Conductor};
use crate::judge::Judged;
use crate::progress::Progress;
use crate::scenario::{Kind, Scenario};
use crate::seed::{self, Seed};
use crate::tls::{self, Certificate};
use crate::yard::epoll::Reach;

/// What a scenario runs in.
pub(crate) struct House<'a> {
    /// Everything of this run is kept here.
    pub(crate) work: &'a Path,
    /// The line that says how it goes.
    pub(crate) progress: &'a mut Progress,
    /// What the judge said since somebody took it.
    pub(crate) judged: Judged,
    seeded: HashSet<usize>,
}

impl<'a> House<'a> {
    pub(crate) fn new(work: &'a Path, progress: &'a mut Progress) -> Self {
        Self { work, progress, judged: Judged::default(), seeded: HashSet::new() }
    }

    /// The folder with so many users, made once.
    pub(crate) fn seeded(&mut self, n_users: usize) -> Result<PathBuf> {
        let folder = self.work.join(format!("seed-{n_users}"));
        if self.seeded.insert(n_users) {
            self.progress.now(&format!("seeding {n_users} users"));
            seed::make(&folder, n_users)?;
        }
        Ok(folder)
    }

    /// A fresh copy of seeded data.
    pub(crate) fn copy(&mut self, from: &Path) -> Result<PathBuf> {
        let to = self.work.join("data");
        if to.exists() {
            fs::remove_dir_all(&to)?;
        }
        fs::create_dir(&to)?;
        for name in ["voodoo.db", "seed.json"] {
            fs::copy(from.join(name), to.join(name)).with_context(|| format!("copying {name}"))?;
            // What the kernel writes back later would hold up the server's own syncs.
            fs::File::open(to.join(name))?.sync_all()?;
        }
        Ok(to)
    }

    /// A folder like this one with so many messages in it, made once.
    pub(crate) fn filled(
        &mut self,
        from: &Path,
        n_pairs: usize,
        n_messages: usize,
    ) -> Result<PathBuf> {
        let name = from.file_name().unwrap_or_default().to_string_lossy();
        let to = self.work.join(format!("{name}-{n_messages}"));
        if !to.exists() {
            self.progress.now(&format!("writing {n_messages} messages"));
            let part = self.copy(from)?;
            fill::fill(&part, n_pairs, n_messages)?;
            fs::rename(part, &to)?;
        }
        Ok(to)
    }

    /// A server on a fresh copy of the data for so many users.
    pub(crate) fn server(&mut self, scenario: &Scenario, n_users: usize) -> Result<Stand> {
        let seeded = self.seeded(n_users.max(scenario.accounts))?;
        let folder = self.copy(&seeded)?;
        let certificate = if scenario.tls { Some(tls::make(self.work)?) } else { None };
        let subject = Subject::server(&folder, certificate.as_ref(), scenario.not_writable_ms)?;
        self.progress.now(&format!("{}: server, {n_users} users", scenario.name));
        Ok(Stand { subject, folder, certificate, is_bare: false })
    }

    /// A server on data as they are.
    pub(crate) fn server_as_is(&mut self, scenario: &Scenario, folder: PathBuf) -> Result<Stand> {
        let subject = Subject::server(&folder, None, None)?;
        self.progress.now(&format!("{}: server, full store", scenario.name));
        Ok(Stand { subject, folder, certificate: None, is_bare: false })
    }

    /// The bare loop, for the same users.
    pub(crate) fn yardstick(
        &mut self,
        scenario: &Scenario,
        n_users: usize,
        reach: Reach,
    ) -> Result<Stand> {
        let folder = self.seeded(n_users.max(scenario.accounts))?;
        let subject = Subject::yardstick(reach, scenario.text_bytes)?;
        self.progress.now(&format!("{}: yardstick, {n_users} users", scenario.name));
        Ok(Stand { subject, folder, certificate: None, is_bare: true })
    }

    /// The clients of a scenario.
    pub(crate) fn clients(
        &mut self,
        scenario: &Scenario,
        n_users: usize,
        stand: &Stand,
    ) -> Result<Conductor<'_>> {
        let are_apart = matches!(scenario.kind, Kind::Mixed | Kind::SlowReaders);
        let cast = Cast {
            users: n_users,
            processes: scenario.processes,
            apart: if are_apart { 2 * scenario.pairs } else { 0 },
            text_bytes: scenario.text_bytes,
            slow: scenario.slow,
            watched: scenario.watched,
            folder: &stand.folder,
            tls_cert: stand.certificate.as_ref().map(|files| files.cert.as_path()),
        };
        Conductor::new(&cast, &stand.subject, stand.is_bare, self.progress, &mut self.judged)
    }
}

/// A server or a yardstick that stands.
pub(crate) struct Stand {
    /// The process.
    pub(crate) subject: Subject,
    /// The data.
    pub(crate) folder: PathBuf,
    certificate: Option<Certificate>,
    is_bare: bool,
}

impl Stand {
    /// What the seed made there.
    pub(crate) fn seed(&self) -> Result<Seed> {
        Seed::read(&Seed::path(&self.folder))
    }
}
