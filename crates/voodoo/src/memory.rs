//! The budget of memory: how much the machine gives, and how much is used, looked at by a timer.
//!
//! What the allocator frees goes back to the system within a second (`.cargo/config.toml`), so that
//! what is resident is what is used.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use voodoo_server::http::Door;
use voodoo_server::memory::Turn;

use crate::config::Config;

/// What a machine, or the part of it that this process gets, has of memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// How much.
    pub(crate) bytes: u64,
    /// What says so.
    pub(crate) origin: String,
}

/// The least that holds for this process: of the machine, and of the control groups (version 2)
/// that it is in, each of which may have a limit. `None` where the system says neither.
pub(crate) fn available() -> Option<Found> {
    available_under(Path::new("/"))
}

fn available_under(root: &Path) -> Option<Found> {
    let machine = fs::read_to_string(root.join("proc/meminfo")).ok();
    let machine = machine.as_deref().and_then(total_bytes);
    let machine = machine.map(|bytes| Found { bytes, origin: "the machine".to_owned() });
    let least = limits(root).into_iter().min_by_key(|found| found.bytes);
    // Of equals the machine is named.
    machine.into_iter().chain(least).min_by_key(|found| found.bytes)
}

fn total_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Limits of the control group of this process and of those around it.
fn limits(root: &Path) -> Vec<Found> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let Some(group) = groups.lines().find_map(|line| line.strip_prefix("0::/")) else {
        return Vec::new();
    };
    let groups = Path::new(group).ancestors();
    let limit = |group: &Path| {
        let said = fs::read_to_string(root.join("sys/fs/cgroup").join(group).join("memory.max"));
        // Those without a limit say `max`.
        let bytes = said.ok()?.trim().parse().ok()?;
        Some(Found { bytes, origin: format!("the control group /{}", group.display()) })
    };
    groups.filter_map(limit).collect()
}

/// What is resident of this process; `None` where the system does not say.
fn resident_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    resident_pages(&statm)?.checked_mul(rustix::param::page_size() as u64)
}

fn resident_pages(statm: &str) -> Option<u64> {
    statm.split_whitespace().nth(1)?.parse().ok()
}

/// Looks for the first time, and says what there is.
pub(crate) fn begin(config: &Config, door: &Door) -> anyhow::Result<()> {
    let (_, origin) = config.memory()?;
    match door.memory.budget_bytes() {
        Some(budget_bytes) => tracing::info!(budget_bytes, origin, "budget of memory"),
        None => tracing::info!(origin, "no budget of memory"),
    }
    look(door);
    Ok(())
}

fn look(door: &Door) {
    let Some(resident_bytes) = resident_bytes() else { return };
    let budget_bytes = door.memory.budget_bytes();
    match door.memory.note(resident_bytes) {
        Some(Turn::Refuses) => tracing::warn!(
            resident_bytes,
            budget_bytes,
            "short of memory: new sockets and log-ins are refused, those who are there go on"
        ),
        Some(Turn::Admits) => tracing::warn!(
            resident_bytes,
            budget_bytes,
            "there is memory again: new sockets and log-ins are let in"
        ),
        None => {}
    }
}

/// Looks again and again.
pub(crate) async fn keep_looking(door: Arc<Door>, every: Duration) {
    let mut timer = tokio::time::interval(every);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        look(&door);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system that says what these files say.
    fn found(name: &str, files: &[(&str, &str)]) -> Option<(u64, String)> {
        let root =
            std::env::temp_dir().join(format!("voodoo-memory-{name}-{}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = available_under(&root);
        if root.exists() {
            fs::remove_dir_all(root).unwrap();
        }
        found.map(|found| (found.bytes, found.origin))
    }

    const MEMINFO: (&str, &str) =
        ("proc/meminfo", "MemTotal:        2048 kB\nMemFree:          100 kB\n");
    const GROUP: (&str, &str) = ("proc/self/cgroup", "1:name=systemd:/x\n0::/a/b\n");

    #[test]
    fn the_least_of_the_machine_and_its_groups_holds() {
        const MACHINE: &str = "the machine";
        let file = |group, text| (group, text);
        let own = "sys/fs/cgroup/a/b/memory.max";
        let around = "sys/fs/cgroup/a/memory.max";
        let top = "sys/fs/cgroup/memory.max";
        for (name, files, expect) in [
            ("nothing", vec![], None),
            ("machine", vec![MEMINFO], Some((2_097_152, MACHINE))),
            ("no-limit", vec![MEMINFO, GROUP, file(own, "max\n")], Some((2_097_152, MACHINE))),
            (
                "own",
                vec![MEMINFO, GROUP, file(own, "4096\n")],
                Some((4_096, "the control group /a/b")),
            ),
            (
                "around",
                vec![MEMINFO, GROUP, file(own, "max\n"), file(around, "8192\n")],
                Some((8_192, "the control group /a")),
            ),
            (
                "least",
                vec![
                    MEMINFO,
                    GROUP,
                    file(own, "9000\n"),
                    file(around, "8192\n"),
                    file(top, "9999\n"),
                ],
                Some((8_192, "the control group /a")),
            ),
            (
                "inside-a-container",
                vec![MEMINFO, ("proc/self/cgroup", "0::/\n"), file(top, "7000\n")],
                Some((7_000, "the control group /")),
            ),
            (
                "more-than-there-is",
                vec![MEMINFO, GROUP, file(own, "9999999\n")],
                Some((2_097_152, MACHINE)),
            ),
            (
                "nonsense",
                vec![("proc/meminfo", "MemTotal: many\n"), GROUP, file(own, "few\n")],
                None,
            ),
        ] {
            let expect = expect.map(|(bytes, origin): (u64, &str)| (bytes, origin.to_owned()));
            assert_eq!(found(name, &files), expect, "{name}");
        }
    }

    #[test]
    fn this_process_uses_memory_and_this_machine_has_some() {
        assert_eq!(resident_pages("900 77 3 1 0 5 0\n"), Some(77));
        let (resident_bytes, found) = (resident_bytes().unwrap(), available().unwrap());
        assert!(resident_bytes > 1024 * 1024, "{resident_bytes}");
        assert!(found.bytes > resident_bytes, "{found:?}");
    }
}
