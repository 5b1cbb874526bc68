//! What the kernel knows of a process and of its sockets.

use std::fs;

use anyhow::{Context as _, Result};
use serde::Serialize;

/// A process at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Footprint {
    /// Resident memory, in KiB.
    pub(crate) rss_kib: u64,
    /// Its share of shared pages counted in part, in KiB.
    pub(crate) pss_kib: u64,
    /// Memory of all TCP sockets of this machine, both ends, in KiB.
    pub(crate) tcp_kib: u64,
}

/// Looks at a process.
///
/// # Errors
///
/// If it has ended, or this is no Linux.
pub(crate) fn footprint(pid: u32) -> Result<Footprint> {
    let rollup = read(&format!("/proc/{pid}/smaps_rollup"))?;
    let sockets = read("/proc/net/sockstat")?;
    Ok(Footprint {
        rss_kib: after(&rollup, "Rss:")?,
        pss_kib: after(&rollup, "Pss:")?,
        tcp_kib: tcp_pages(&sockets) * rustix::param::page_size() as u64 / 1_024,
    })
}

/// Processor time that a process has used, in milliseconds.
///
/// # Errors
///
/// If it has ended.
pub(crate) fn cpu_ms(pid: u32) -> Result<u64> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    let ticks = cpu_ticks(&stat).context("the kernel's words on a process")?;
    Ok(ticks * 1_000 / rustix::param::clock_ticks_per_second())
}

/// The name in it may contain blanks and ends with the last bracket.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn tcp_pages(sockstat: &str) -> u64 {
    let line = sockstat.lines().find(|line| line.starts_with("TCP:"));
    let words: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
    let at = words.iter().position(|word| *word == "mem");
    at.and_then(|at| words.get(at + 1)?.parse().ok()).unwrap_or(0)
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {path}"))
}

fn after(text: &str, name: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).with_context(|| format!("no {name} there"))
}

/// The machine, in words for a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Machine {
    /// The processor as it calls itself.
    pub(crate) processor: String,
    /// How many can run at once.
    pub(crate) n_processors: usize,
    /// Memory, in GiB.
    pub(crate) memory_gib: u64,
    /// The kernel.
    pub(crate) kernel: String,
    /// What else ran: the load of the last minute when the run began.
    pub(crate) load_before: String,
}

/// Describes this machine.
pub(crate) fn describe() -> Machine {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = text("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let memory_kib = after(&text("/proc/meminfo"), "MemTotal:").unwrap_or(0);
    Machine {
        processor: model.map_or("unknown", |(_, name)| name).to_owned(),
        n_processors: std::thread::available_parallelism().map_or(1, usize::from),
        memory_gib: memory_kib.div_ceil(1 << 20),
        kernel: version(&text("/proc/sys/kernel/osrelease")).to_owned(),
        load_before: text("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
    }
}

/// The number alone, without what a build was called.
fn version(release: &str) -> &str {
    let end = release.find(|one: char| !one.is_ascii_digit() && one != '.');
    &release[..end.unwrap_or(release.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_kernel_the_number_is_said() {
        assert_eq!(version("6.1.0-18-amd64\n"), "6.1.0");
        assert_eq!(version("6.18"), "6.18");
    }

    #[test]
    fn processor_time_is_found_behind_a_name_with_blanks_and_brackets() {
        let stat = "7 (a) b) (c)) S 1 7 7 0 -1 4194304 9 0 0 0 120 34 0 0 20 0 8 0 5 6 7";
        assert_eq!(cpu_ticks(stat), Some(154));
        assert_eq!(cpu_ticks("nonsense"), None);
    }

    #[test]
    fn pages_of_tcp_sockets_are_found() {
        let text =
            "sockets: used 9\nTCP: inuse 5 orphan 0 tw 2 alloc 8 mem 321\nUDP: inuse 0 mem 4\n";
        assert_eq!(tcp_pages(text), 321);
    }

    #[test]
    fn this_process_has_a_footprint() {
        let own = footprint(std::process::id()).unwrap();
        assert!(own.rss_kib >= own.pss_kib && own.pss_kib > 100, "{own:?}");
        cpu_ms(std::process::id()).unwrap();
    }
}
