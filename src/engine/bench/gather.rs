//! What gathering one row of a panel takes, by how much memory the rows lie in: what a hop's time is made of.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::Serialize;

use super::repeat::seconds_of;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{Csr, Panels, Precision};

/// Columns of a row that is gathered: those of a narrow panel.
pub const GATHERED_COLUMNS: usize = 32;

/// Rows gathered in no order, added up as a hop does it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GatherSpeed {
    /// Memory that the rows lie in, bytes.
    pub size_bytes: usize,
    /// All threads together, seconds for each row.
    pub secs_per_row: f64,
}

/// From memory of each of these sizes about `n_gathered` rows, one size after the other; medians of `n_repeats`.
pub(super) fn gathers(
    sizes: &[usize],
    n_gathered: usize,
    n_repeats: usize,
    ctl: &Control,
) -> Result<Vec<GatherSpeed>, EngineError> {
    sizes.iter().map(|bytes| gather(*bytes, n_gathered, n_repeats, ctl)).collect()
}

fn gather(size_bytes: usize, n_gathered: usize, n_repeats: usize, ctl: &Control) -> Result<GatherSpeed, EngineError> {
    /// What is written counts, too; so that it counts little, every row is a sum of so many at least.
    const FEWEST_PER_ROW: usize = 8;
    let n = (size_bytes / (size_of::<f32>() * GATHERED_COLUMNS)).max(1);
    let per_row = (n_gathered / n).max(FEWEST_PER_ROW);
    let mut rng = StdRng::seed_from_u64(7);
    let indices: Vec<u32> = (0..n * per_row).map(|_| rng.random_range(0..n as u32)).collect();
    let values = vec![1.0 / per_row as f32; indices.len()];
    let indptr: Vec<usize> = (0..=n).map(|u| u * per_row).collect();
    let a = Csr { indptr: &indptr, indices: &indices, values: &values };
    let new = || Panels::zeros(n, GATHERED_COLUMNS, Precision::F32);
    let (x, mut out) = (new(), new());
    let secs = seconds_of(n_repeats, || x.propagate(a, false, &mut out, &mut [], ctl))?;
    Ok(GatherSpeed { size_bytes, secs_per_row: secs / indices.len() as f64 })
}
