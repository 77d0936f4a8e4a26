//! What the operating system leaves: free memory, the process's own limits, and those of its container.
//!
//! Every figure is of this moment. Where a system does not say one, there is no such limit.

use std::fs;
use std::path::{Path, PathBuf};

/// Memory that the process has now, its code and stacks included, bytes.
pub fn process_memory() -> Option<u64> {
    status("VmRSS:")
}

/// How much memory can be taken without slowing the machine down or being ended for it, bytes.
pub fn free_memory() -> Option<u64> {
    let limits = [available(), left_of_container(), left_of_address_space(), left_of_data()];
    limits.into_iter().flatten().min().filter(|left| *left > 0)
}

/// What the machine has free.
pub(super) fn available() -> Option<u64> {
    if let Ok(text) = fs::read_to_string("/proc/meminfo") {
        return kibibytes(&text, "MemAvailable:");
    }
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    Some(system.available_memory()).filter(|free| *free > 0)
}

/// What `ulimit -v` leaves.
pub(super) fn left_of_address_space() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let limit = rustix::process::getrlimit(rustix::process::Resource::As).current?;
        Some(usable(limit.saturating_sub(status("VmSize:")?)))
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// What `ulimit -d` leaves.
pub(super) fn left_of_data() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Data).current?;
        Some(usable(limit.saturating_sub(status("VmData:")?)))
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// What of a process's own limit can be given out. One thing comes either out of what is still to be had from the system, or out of what
/// the allocator has set aside and nobody has written to. It is taken in pieces, and a sixteenth is lost between them.
#[cfg(target_os = "linux")]
fn usable(left: u64) -> u64 {
    const STACK: u64 = 2 << 20;
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |key: &str| kibibytes(&text, key).unwrap_or(0);
    let stacks = STACK * of("Threads:") / 1024;
    let set_aside = of("VmData:").saturating_sub(of("RssAnon:")).saturating_sub(stacks);
    let most = left.max(set_aside);
    most - most / 16
}

/// What the limits of the process's cgroup, and of those around it, leave.
pub(super) fn left_of_container() -> Option<u64> {
    left_of_cgroups(&fs::read_to_string("/proc/self/cgroup").ok()?, Path::new("/sys/fs/cgroup"))
}

/// As [`left_of_container`], for the text of `/proc/self/cgroup` and the folder where cgroups are mounted.
fn left_of_cgroups(text: &str, mount: &Path) -> Option<u64> {
    let mut least: Option<u64> = None;
    for line in text.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let left = if controllers.is_empty() {
            // Version 2 alone is mounted at the top, beside version 1 in a folder of its own.
            [mount.to_owned(), mount.join("unified")].iter().find_map(|top| left_along(top, path, left_of_v2))
        } else if controllers.split(',').any(|name| name == "memory") {
            left_along(&mount.join("memory"), path, left_of_v1)
        } else {
            None
        };
        least = [least, left].into_iter().flatten().min();
    }
    least
}

/// The least that a cgroup and those around it leave. Within a container, the path may be one of the machine outside.
fn left_along(top: &Path, path: &str, left_of: fn(&Path) -> Option<u64>) -> Option<u64> {
    let inner = top.join(path.trim_start_matches('/'));
    let all: Vec<PathBuf> =
        inner.ancestors().take_while(|folder| folder.starts_with(top)).map(Path::to_path_buf).collect();
    all.iter().filter_map(|folder| left_of(folder)).min()
}

fn left_of_v2(folder: &Path) -> Option<u64> {
    let limits = ["memory.max", "memory.high"].into_iter().filter_map(|name| number_in(&folder.join(name)));
    let taken = number_in(&folder.join("memory.current"))?.saturating_sub(reclaimable(folder, "inactive_file"));
    Some(limits.min()?.saturating_sub(taken))
}

fn left_of_v1(folder: &Path) -> Option<u64> {
    /// "No limit" is a number near the largest, a multiple of the page size.
    const NO_LIMIT: u64 = 1 << 60;
    let limit = number_in(&folder.join("memory.limit_in_bytes")).filter(|limit| *limit < NO_LIMIT)?;
    let taken = number_in(&folder.join("memory.usage_in_bytes"))?;
    Some(limit.saturating_sub(taken.saturating_sub(reclaimable(folder, "total_inactive_file"))))
}

/// A file with one number in it; `max` is none.
fn number_in(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// What has been read of files and is given back when it is needed.
fn reclaimable(folder: &Path, key: &str) -> u64 {
    let text = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok()).unwrap_or(0)
}

/// A line of `/proc/self/status`, bytes.
fn status(key: &str) -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/self/status").ok()?, key)
}

/// The number behind `key`, which counts KiB, in bytes.
fn kibibytes(text: &str, key: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(key))?;
    value.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::atomic::write_atomic;

    fn put(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        write_atomic(path, text.as_bytes()).expect("written");
    }

    #[test]
    fn cgroups_of_both_versions_leave_what_their_tightest_one_leaves() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        assert_eq!(left_of_cgroups("0::/a/b\n", root), None);
        // Version 2: the outer one is the tighter; what was read of files is given back.
        put(root, "a/b/memory.max", "max\n");
        put(root, "a/b/memory.high", "900\n");
        put(root, "a/b/memory.current", "300\n");
        put(root, "a/memory.max", "500\n");
        put(root, "a/memory.current", "400\n");
        put(root, "a/memory.stat", "anon 100\ninactive_file 150\n");
        assert_eq!(left_of_cgroups("0::/a/b\n", root), Some(250));
        put(root, "a/b/memory.high", "310\n");
        assert_eq!(left_of_cgroups("0::/a/b\n", root), Some(10));
        // Version 1; without a limit it says so by a number near the largest.
        put(root, "memory/x/memory.limit_in_bytes", "1000\n");
        put(root, "memory/x/memory.usage_in_bytes", "700\n");
        put(root, "memory/x/memory.stat", "inactive_file 1\ntotal_inactive_file 50\n");
        put(root, "memory/memory.limit_in_bytes", "9223372036854771712\n");
        put(root, "memory/memory.usage_in_bytes", "700\n");
        assert_eq!(left_of_cgroups("5:cpu:/\n4:cpuset,memory:/x\n", root), Some(350));
        // Inside a container the path may be the machine's: then what is mounted at the top counts.
        put(root, "memory/memory.limit_in_bytes", "800\n");
        assert_eq!(left_of_cgroups("4:memory:/docker/0123\n", root), Some(100));
        assert_eq!(left_of_cgroups("rubbish\n", root), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_memory_and_leaves_some() {
        assert!(process_memory().is_some_and(|taken| taken > 1 << 20));
        assert!(free_memory().is_some_and(|left| left > 1 << 20));
    }
}
