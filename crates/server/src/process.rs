//! What the system knows of this process; read from `/proc`, where there is one.

use std::fs;

/// What the process uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Time on processors, in seconds.
    pub(crate) cpu_s: f64,
    /// Memory that is resident.
    pub(crate) resident_bytes: u64,
    /// Open file descriptors.
    pub(crate) n_open_files: u64,
    /// File descriptors that may be open at once; the greatest number where there is no limit.
    pub(crate) max_open_files: u64,
    /// Threads.
    pub(crate) n_threads: u64,
}

/// Of the kernel's clock, as it tells times of processes to every program.
const TICKS_PER_S: f64 = 100.0;

/// What this process uses now; `None` where the system does not say.
pub(crate) fn usage() -> Option<Usage> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let n_open_files = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let resident_kib: u64 = field(&status, "VmRSS:")?;
    Some(Usage {
        cpu_s: cpu_ticks(&stat)? / TICKS_PER_S,
        resident_bytes: resident_kib * 1024,
        n_open_files,
        max_open_files: field(&limits, "Max open files").unwrap_or(u64::MAX),
        n_threads: field(&status, "Threads:")?,
    })
}

/// User and system time: the 14th and 15th field, counted after the name, which may hold spaces.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_whitespace().skip(11).map(str::parse::<f64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

/// The first number of the line that begins with a name.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4 9 0 0 0 12 30 0 0 20 0 1 0 5";
        assert_eq!(cpu_ticks(stat), Some(42.0));
        let limits = "Max processes   7  9  processes\nMax open files     1024    20000    files\n";
        assert_eq!(field(limits, "Max open files"), Some(1_024));
        assert_eq!(field("Max open files   unlimited unlimited files", "Max open files"), None);
        assert_eq!(field("Threads:\t12\nVmRSS:\t  77 kB\n", "VmRSS:"), Some(77));
    }
}
