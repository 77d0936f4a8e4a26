//! What machine and system the program runs on, as far as a report of a fault needs it.
//!
//! What is never here: what is free at the moment; `memory` has that.

/// The system with its version, for example `Linux (Debian GNU/Linux 12)`, and the kernel's, where the system says them.
pub fn system_version() -> String {
    let known = |part: Option<String>| part.filter(|part| !part.trim().is_empty());
    let name = known(sysinfo::System::long_os_version().ok()).unwrap_or_else(|| std::env::consts::OS.to_owned());
    let kernel = known(sysinfo::System::kernel_version().ok()).map(|kernel| format!(", kernel {kernel}"));
    format!("{name}, {}{}", std::env::consts::ARCH, kernel.unwrap_or_default())
}

/// Memory that the machine has, bytes.
pub fn total_memory() -> Option<u64> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    Some(system.total_memory()).filter(|total| *total > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_system_and_memory() {
        assert!(system_version().contains(std::env::consts::ARCH), "{}", system_version());
        assert!(total_memory().is_some_and(|total| total > 1 << 28));
    }
}
