//! How much memory there is for reading and for runs, and refusing what would take more: one budget for every reader and every job.
//!
//! A [`MemoryBudget`] is asked *before* anything grows with a number that a file claims, with the bytes that are about to be taken. It
//! looks at what is left at that moment: free memory, the limits of the process (`ulimit -v`, `ulimit -d`) and of its container
//! (cgroups, both versions), and what the user allowed (`--max-memory`). Inside a reader it is asked through
//! [`reading::ask`](super::reading::ask).
//!
//! What is never here: knowledge of a format.

mod system;

use std::path::Path;

use super::report::LoadError;

pub use system::{free_memory, process_memory};

/// What memory may be taken, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryBudget {
    /// Bytes that the whole process may have, its code and stacks included.
    process: Option<u64>,
    /// Bytes that one thing alone may take.
    each: Option<u64>,
}

/// The limit that leaves least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Free,
    Given,
    Process,
    AddressSpace,
    Data,
    Container,
}

impl Limit {
    fn words(self) -> &'static str {
        match self {
            Self::Free => "what is free",
            Self::Given => "what is free, or the limit that was given",
            Self::Process => "what --max-memory leaves beside what the program has",
            Self::AddressSpace => "what the process's address space has left, ulimit -v",
            Self::Data => "what the process's data segment has left, ulimit -d",
            Self::Container => "what the limit of the process's cgroup leaves",
        }
    }
}

/// What is left, and which limit says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLeft {
    /// Bytes that can still be taken.
    pub n_bytes: u64,
    limit: Limit,
}

impl MemoryLeft {
    /// The limit in words: `what is free`.
    pub fn limit(&self) -> &'static str {
        self.limit.words()
    }
}

impl MemoryBudget {
    /// All that the system, the container and the process's own limits leave.
    pub const SYSTEM: Self = Self { process: None, each: None };

    /// At most `n_bytes` for the whole process, and no more than [`MemoryBudget::SYSTEM`] has.
    #[must_use]
    pub const fn of_process(n_bytes: u64) -> Self {
        Self { process: Some(n_bytes), each: None }
    }

    /// At most `n_bytes` for any one thing that is read, and no more than [`MemoryBudget::SYSTEM`] has.
    #[must_use]
    pub const fn of_each(n_bytes: u64) -> Self {
        Self { process: None, each: Some(n_bytes) }
    }

    /// Bytes that the process as a whole may have, where the user said so.
    pub const fn process_limit(self) -> Option<u64> {
        self.process
    }

    /// What can be taken now.
    pub fn left(self) -> MemoryLeft {
        let mut left = MemoryLeft { n_bytes: u64::MAX, limit: Limit::Free };
        let mut at_most = |n_bytes: Option<u64>, limit: Limit| {
            if let Some(n_bytes) = n_bytes.filter(|n| *n < left.n_bytes) {
                left = MemoryLeft { n_bytes, limit };
            }
        };
        at_most(system::available(), Limit::Free);
        at_most(system::left_of_container(), Limit::Container);
        at_most(system::left_of_address_space(), Limit::AddressSpace);
        at_most(system::left_of_data(), Limit::Data);
        at_most(self.process.map(|most| most.saturating_sub(process_memory().unwrap_or(0))), Limit::Process);
        at_most(self.each, Limit::Given);
        left
    }

    /// Refuses what would take more than is left. `basis` says what the bytes are for: `20000 nodes and 500000 edges`.
    ///
    /// # Errors
    /// [`LoadError::TooLarge`] with both numbers and the way out.
    pub fn ask(self, n_bytes: u64, path: &Path, basis: impl FnOnce() -> String) -> Result<(), LoadError> {
        /// Less than this is given without a look: looking takes longer.
        const SMALL: u64 = 1 << 20;
        if n_bytes < SMALL && self.each.is_none_or(|most| n_bytes <= most) {
            return Ok(());
        }
        self.ask_always(n_bytes, path, basis)
    }

    /// As [`MemoryBudget::ask`], however little it is: for a graph as a whole.
    ///
    /// # Errors
    /// As [`MemoryBudget::ask`].
    pub(crate) fn ask_always(self, n_bytes: u64, path: &Path, basis: impl FnOnce() -> String) -> Result<(), LoadError> {
        let left = self.left();
        if n_bytes <= left.n_bytes {
            return Ok(());
        }
        Err(LoadError::TooLarge {
            path: path.to_owned(),
            needed: bytes(n_bytes),
            basis: basis(),
            limit: format!("{} ({})", bytes(left.n_bytes), left.limit()),
        })
    }
}

impl From<u64> for MemoryBudget {
    /// As [`MemoryBudget::of_each`].
    fn from(n_bytes: u64) -> Self {
        Self::of_each(n_bytes)
    }
}

/// A number of bytes, for people.
pub(crate) fn bytes(n_bytes: u64) -> String {
    let mebibytes = n_bytes as f64 / f64::from(1u32 << 20);
    if mebibytes < 1024.0 { format!("{mebibytes:.1} MiB") } else { format!("{:.1} GiB", mebibytes / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_that_leaves_least_is_named() {
        let path = Path::new("x.npz");
        let refusal = |budget: MemoryBudget, n_bytes: u64| {
            budget.ask(n_bytes, path, || "3 nodes".to_owned()).unwrap_err().to_string()
        };
        let each = refusal(MemoryBudget::of_each(1 << 20), 3 << 20);
        let expected = "memory: expected at most 1.0 MiB (what is free, or the limit that was given), found about 3.0 MiB for 3 nodes";
        assert!(each.starts_with(expected), "{each}");
        let whole = refusal(MemoryBudget::of_process(1 << 20), 3 << 20);
        assert!(whole.contains("0.0 MiB (what --max-memory leaves"), "{whole}");
        let free = refusal(MemoryBudget::SYSTEM, u64::MAX - 1);
        assert!(free.contains("--max-memory") && free.contains("GiB for 3 nodes"), "{free}");
        assert!(MemoryBudget::SYSTEM.ask(1 << 10, path, String::new).is_ok());
    }
}
