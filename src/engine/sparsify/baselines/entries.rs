//! Iterating over the entries of a graph that can be removed.

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Direction, SelfLoops, Topology};

/// The structure with every edge in both directions and without self-loops.
pub(super) fn undirected(topology: &Topology) -> Result<Topology, EngineError> {
    let pairs: Vec<(u32, u32)> = topology.entries().filter(|(u, v)| u != v).collect();
    Ok(Topology::from_edges(topology.n_nodes(), &pairs, Direction::Symmetrised, SelfLoops::AsStored)?.0)
}

/// `importance(k, u, v)` of every entry `k = (u, v)`; infinite for self-loops.
pub(super) fn each_entry(
    topology: &Topology,
    ctl: &Control,
    importance: impl Fn(usize, usize, usize) -> f32 + Send + Sync,
) -> Result<Vec<f32>, EngineError> {
    let mut out = vec![f32::INFINITY; topology.n_entries()];
    update_entries(topology, &mut out, ctl, |value, k, u, v| *value = importance(k, u, v))?;
    Ok(out)
}

/// Calls `update(value, k, u, v)` for every entry `k = (u, v)` that is no self-loop.
pub(super) fn update_entries<T: Send>(
    topology: &Topology,
    out: &mut [T],
    ctl: &Control,
    update: impl Fn(&mut T, usize, usize, usize) + Send + Sync,
) -> Result<(), EngineError> {
    const ENTRIES: usize = 2048;
    let (indptr, indices) = (topology.indptr(), topology.indices());
    ctl.for_row_blocks(out, 1, ENTRIES, |first, values| {
        let mut u = indptr.partition_point(|start| *start <= first) - 1;
        for (value, k) in values.iter_mut().zip(first..) {
            while k >= indptr[u + 1] {
                u += 1;
            }
            let v = indices[k] as usize;
            if u != v {
                update(value, k, u, v);
            }
        }
    })
}
