//! What the processor says about its caches.

use std::sync::OnceLock;

/// Bytes of the largest cache, as the processor reports it; where it cannot be asked, [`UNKNOWN`]. Decides how values lie in memory,
/// never a result. A virtual machine may report a cache that it shares with others.
pub(crate) fn largest_cache() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| reported().unwrap_or(UNKNOWN))
}

/// What is assumed of a processor that says nothing: 16 MiB.
const UNKNOWN: usize = 16 << 20;

#[cfg(target_arch = "x86_64")]
fn reported() -> Option<usize> {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    /// AMD's leaf of cache parameters, and the one of others; both are laid out alike.
    const LEAVES: [u32; 2] = [0x8000_001d, 4];
    /// More caches than any processor has.
    const MAX_CACHES: u32 = 16;
    let exists = |leaf: u32| __cpuid(leaf & 0x8000_0000).eax >= leaf;
    let size_of = |leaf: u32, at: u32| {
        let told = __cpuid_count(leaf, at);
        let has_data = matches!(told.eax & 0x1f, 1 | 3);
        let field = |from: u32, bits: u32| ((told.ebx >> from) & ((1 << bits) - 1)) as usize + 1;
        let bytes = field(0, 12) * field(12, 10) * field(22, 10) * (told.ecx as usize + 1);
        has_data.then_some(bytes)
    };
    LEAVES
        .into_iter()
        .filter(|leaf| exists(*leaf))
        .find_map(|leaf| (0..MAX_CACHES).filter_map(|at| size_of(leaf, at)).max())
}

#[cfg(not(target_arch = "x86_64"))]
fn reported() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_has_a_likely_size() {
        let size = largest_cache();
        assert!((64 << 10..4 << 30).contains(&size), "{size}");
    }
}
