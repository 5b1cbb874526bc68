//! The judge of a run: what the watched clients of all processes recorded is put together, and
//! judged as the proof's histories are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use voodoo_history::{History, Kind, Place, Said, Sight, check};

/// What the watched clients of one process recorded, or of all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Recording {
    /// What there was room for.
    pub(crate) history: History,
    /// Messages that were never answered, over connections that never broke.
    pub(crate) n_unanswered: u64,
    /// Attempts and sights for which there was no room.
    pub(crate) n_beyond: u64,
    /// Conversations of which something is beyond: its first message, as far as it is known.
    pub(crate) cuts: Vec<(Place, u64)>,
}

/// How much was judged, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Judged {
    /// Watched clients.
    pub(crate) clients: u64,
    /// Messages on their way out.
    pub(crate) attempts: u64,
    /// Answers to these.
    pub(crate) answers: u64,
    /// Messages and changes that came by themselves.
    pub(crate) sights: u64,
    /// Messages read at the end, by all readers together.
    pub(crate) read: u64,
    /// Attempts, answers and sights that were not judged: memory is bounded.
    pub(crate) beyond: u64,
    /// What is wrong, by its kind.
    pub(crate) anomalies: BTreeMap<Kind, u64>,
}

impl Judged {
    /// Adds what another run came to.
    pub(crate) fn add(&mut self, other: &Self) {
        self.clients += other.clients;
        self.attempts += other.attempts;
        self.answers += other.answers;
        self.sights += other.sights;
        self.read += other.read;
        self.beyond += other.beyond;
        for (kind, n) in &other.anomalies {
            *self.anomalies.entry(*kind).or_default() += n;
        }
    }

    /// In words, as the table has it.
    pub(crate) fn words(&self) -> String {
        let Self { clients, attempts, answers, sights, read, beyond, anomalies } = self;
        let n_anomalies: u64 = anomalies.values().sum();
        let beyond = match beyond {
            0 => String::new(),
            n => format!(" ({n} records beyond the bound were not judged)"),
        };
        format!(
            "of {clients} watched clients {attempts} messages sent, {answers} answered, \
             {sights} seen, {read} read at the end: {n_anomalies} anomalies{beyond}"
        )
    }
}

impl Recording {
    /// Reads what a process has written.
    fn read(file: &Path) -> Result<Self> {
        let words = || format!("the history in {}", file.display());
        serde_json::from_slice(&fs::read(file).with_context(words)?).with_context(words)
    }

    /// Writes it for the conductor.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let words = || format!("writing {}", file.display());
        let mut writer = BufWriter::new(File::create(file).with_context(words)?);
        serde_json::to_writer(&mut writer, self).with_context(words)?;
        writer.flush().with_context(words)
    }

    fn absorb(&mut self, other: Self) {
        self.history.absorb(other.history);
        self.n_unanswered += other.n_unanswered;
        self.n_beyond += other.n_beyond;
        self.cuts.extend(other.cuts);
    }

    /// How many attempts, answers and sights there are.
    fn counts(&self) -> [u64; 3] {
        let sights = self.history.lines.iter().flat_map(|line| &line.sights);
        let seen = sights.filter(|sight| !matches!(sight, Sight::Stand { .. }));
        [self.history.attempts.len(), self.history.answers.len(), seen.count()].map(|n| n as u64)
    }

    /// Takes out, of each conversation, everything from the first message on that somebody had no
    /// room for.
    fn cut(&mut self) {
        if self.cuts.is_empty() {
            return;
        }
        let before: u64 = self.counts().iter().sum();
        let history = &mut self.history;
        let place_of: HashMap<_, _> =
            history.attempts.iter().map(|one| (one.name, one.place)).collect();
        let mut cuts: HashMap<Place, u64> = HashMap::new();
        for (place, seq) in self.cuts.drain(..) {
            let cut = cuts.entry(place).or_insert(seq);
            *cut = seq.min(*cut);
        }
        for reading in &history.readings {
            let Some(cut) = cuts.get_mut(&reading.place) else { continue };
            // An attempt beyond is known by its message alone.
            let unknown = reading.messages.iter().find(|one| !place_of.contains_key(&one.name));
            *cut = unknown.map_or(*cut, |shown| shown.seq.min(*cut));
        }
        let is_beyond = |place: Place, seq: u64| cuts.get(&place).is_some_and(|cut| seq >= *cut);
        let mut beyond = HashSet::new();
        history.answers.retain(|answer| {
            let Said::Kept { seq, .. } = answer.said else { return true };
            let is_out = place_of.get(&answer.name).is_some_and(|place| is_beyond(*place, seq));
            if is_out {
                beyond.insert(answer.name);
            }
            !is_out
        });
        history.attempts.retain(|attempt| !beyond.contains(&attempt.name));
        for line in &mut history.lines {
            line.sights.retain(|sight| match sight {
                Sight::Live { place, shown, .. } => !is_beyond(*place, shown.seq),
                Sight::Change { place, .. } => !cuts.contains_key(place),
                Sight::Stand { .. } | Sight::Page { .. } | Sight::Mark { .. } => true,
            });
        }
        for reading in &mut history.readings {
            reading.messages.retain(|shown| !is_beyond(reading.place, shown.seq));
            if let Some(cut) = cuts.get(&reading.place) {
                reading.last_seq = reading.last_seq.min(cut - 1);
            }
        }
        self.n_beyond += before - self.counts().iter().sum::<u64>();
    }

    /// Judges it, and gives an example of what is wrong.
    pub(crate) fn judge(&mut self) -> (Judged, Option<String>) {
        self.cut();
        let anomalies = check(&self.history);
        let [attempts, answers, sights] = self.counts();
        let readings = self.history.readings.iter();
        let mut judged = Judged {
            clients: self.history.lines.len() as u64,
            attempts,
            answers,
            sights,
            read: readings.map(|reading| reading.messages.len() as u64).sum(),
            beyond: self.n_beyond,
            anomalies: BTreeMap::new(),
        };
        for anomaly in &anomalies {
            *judged.anomalies.entry(anomaly.kind).or_default() += 1;
        }
        (judged, anomalies.first().map(ToString::to_string))
    }
}

/// Judges what all processes have written, adds it to what was judged before, and refuses it if
/// anything is wrong.
///
/// # Errors
///
/// If something is, or a file cannot be read.
pub(crate) fn judge(files: &[impl AsRef<Path>], all: &mut Judged) -> Result<()> {
    let mut whole = Recording::default();
    for file in files {
        whole.absorb(Recording::read(file.as_ref())?);
        fs::remove_file(file)?;
    }
    let (judged, example) = whole.judge();
    all.add(&judged);
    let example = example.as_deref().unwrap_or("-");
    let kinds = judged.anomalies.iter().map(|(kind, n)| format!("{n} × {kind:?}"));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    ensure!(judged.anomalies.is_empty(), "the judge found {kinds}; for example: {example}");
    let n_open = whole.n_unanswered;
    ensure!(n_open == 0, "{n_open} of {} watched messages were never answered", judged.attempts);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use uuid::Uuid;
    use voodoo_history::{
        Answer, Attempt, Client, Connected, Line, Reading, Shown, Spell, Text, Who,
    };

    use super::*;

    const HALL: Place = Place(1);

    fn recording(number: u32, sights: Vec<Sight>) -> Recording {
        let who = Who(number);
        let line = Connected { line: Line(number), who, client: Client(number), sights };
        let spell = Spell { who, place: HALL, from_seq: 1, join_rev: 0, end_rev: None };
        let messages = vec![shown()];
        let reading = Reading { who, place: HALL, last_seq: 1, read_seq: 0, messages };
        let history = History {
            lines: vec![line],
            spells: vec![spell],
            readings: vec![reading],
            ..History::default()
        };
        Recording { history, ..Recording::default() }
    }

    fn shown() -> Shown {
        Shown { seq: 1, rev: 1, name: Uuid::from_u128(1), from: Who(0), text: Text(u64::MAX) }
    }

    /// Of one process the sender is watched, of the other the receiver.
    fn sent_and_seen(sights: Vec<Sight>) -> [Recording; 2] {
        let mut sent = recording(0, Vec::new());
        let Shown { seq, rev, name, text, .. } = shown();
        let attempt = Attempt { at_us: 1, line: Line(0), place: HALL, name, text };
        let said = Said::Kept { seq, rev, is_repeat: false };
        sent.history.attempts.push(attempt);
        sent.history.answers.push(Answer { at_us: 3, line: Line(0), name, said });
        [sent, recording(1, sights)]
    }

    /// Judges it as the conductor does, through files of this name.
    fn judged(name: &str, recordings: &[Recording]) -> (Judged, Result<()>) {
        let folder = std::env::temp_dir();
        let file = |n| folder.join(format!("voodoo-judge-{}-{name}-{n}", std::process::id()));
        let files: Vec<PathBuf> = (0..recordings.len()).map(file).collect();
        files.iter().zip(recordings).for_each(|(file, one)| one.write(file).unwrap());
        let mut all = Judged::default();
        let said = judge(&files, &mut all);
        assert!(files.iter().all(|file| !file.exists()));
        (all, said)
    }

    #[test]
    fn what_two_processes_have_written_is_judged_together() {
        let seen = vec![Sight::Live { at_us: 2, place: HALL, shown: shown() }];
        let (all, said) = judged("right", &sent_and_seen(seen));
        said.unwrap();
        let Judged { clients, attempts, answers, sights, read, .. } = all;
        assert_eq!((clients, attempts, answers, sights, read), (2, 1, 1, 1, 2));
        assert!(all.words().ends_with("1 seen, 2 read at the end: 0 anomalies"), "{}", all.words());
    }

    #[test]
    fn an_anomaly_is_told_with_its_kind_and_an_example_and_fails_the_run() {
        let (all, said) = judged("lost", &sent_and_seen(Vec::new()));
        let words = said.unwrap_err().to_string();
        assert!(
            words.contains("1 × MemberMisses; for example: MemberMisses: Client(1)"),
            "{words}"
        );
        assert_eq!(all.anomalies, BTreeMap::from([(Kind::MemberMisses, 1)]));
    }

    #[test]
    fn a_message_that_nobody_answered_fails_the_run() {
        let [mut sent, seen] =
            sent_and_seen(vec![Sight::Live { at_us: 2, place: HALL, shown: shown() }]);
        sent.history.answers.clear();
        sent.n_unanswered = 1;
        let words = judged("open", &[sent, seen]).1.unwrap_err().to_string();
        assert_eq!(words, "1 of 1 watched messages were never answered");
    }
}
