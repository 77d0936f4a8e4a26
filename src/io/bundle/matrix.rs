//! The matrix that a layer or hop multiplies with, as it stands in an edge file, and back to a mask.

use std::borrow::Cow;
use std::path::Path;

use ndarray::{Array2, Axis};

use crate::engine::experiment::Run;
use crate::engine::graph::Topology;
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::{EdgeMask, EdgeTrace, EntryValues, Identity};
use crate::io::report::LoadError;

/// One step's matrix: the kept entries of `T`, with the identity form on the diagonal.
///
/// # Invariants
/// Those of [`Topology`] for its structure; one value per entry.
#[derive(Debug, Clone, PartialEq)]
pub struct StepMatrix {
    /// Row = target, column = source.
    pub structure: Topology,
    /// `T[u,v]`; on the diagonal what the identity form says.
    pub values: Vec<f32>,
    /// Mass mode only: the share of the features that were pushed over the entry.
    pub pushed_share: Option<Vec<f32>>,
    /// Attention only: the coefficient of every head; `values` holds their mean. `[entries, heads]`
    pub coefficients: Option<Array2<f32>>,
}

/// What some steps store of an entry beside its value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extras<'a> {
    pub(super) pushed_share: Option<&'a [f32]>,
    pub(super) coefficients: Option<&'a Array2<f32>>,
}

impl StepMatrix {
    /// The matrix of step `step` of a run, whose trace is `trace`; `operators` are made as the run made them.
    pub(crate) fn of_run(run: &Run, operators: &OperatorSource, step: usize, trace: &EdgeTrace) -> Self {
        let mask = &run.pruned.masks.edges;
        // Attention has a coefficient per head; their mean stands for them as a matrix.
        let values = match &trace.coefficients {
            Some(all) => {
                Cow::Owned(all.rows().into_iter().map(|of_entry| of_entry.mean().unwrap_or(0.0)).collect::<Vec<f32>>())
            }
            None => operators.values(mask, step),
        };
        let extras = Extras {
            pushed_share: trace.pushed_share.as_ref().map(|s| s.as_slice()),
            coefficients: trace.coefficients.as_deref(),
        };
        Self::of_mask(run.dataset.topology(), &values, mask, step, run.recipe.edges.identity, extras)
    }

    /// The matrix of step `step`: what `mask` keeps of `diffusion`, whose values stand in the entry order of `topology`.
    pub(super) fn of_mask(
        topology: &Topology,
        diffusion: &[f32],
        mask: &EdgeMask,
        step: usize,
        identity: Identity,
        extras: Extras<'_>,
    ) -> Self {
        let n = topology.n_nodes();
        let capacity = mask.n_kept(step) + if identity == Identity::SelfLoop { 0 } else { n };
        let (mut indices, mut values) = (Vec::with_capacity(capacity), Vec::with_capacity(capacity));
        let mut entries = Vec::new();
        let is_numbered = extras.pushed_share.is_some() || extras.coefficients.is_some();
        let mut push = |column: u32, value: f32, entry: Option<usize>| {
            indices.push(column);
            values.push(value);
            if is_numbered {
                entries.push(entry);
            }
            indices.len()
        };
        let mut indptr = Vec::with_capacity(n + 1);
        indptr.push(0);
        let mut n_pushed = 0;
        for u in 0..n {
            // The diagonal that an identity form adds where the graph has no self-loop.
            let mut own = (identity != Identity::SelfLoop).then_some(u as u32);
            for k in topology.row_range(u) {
                let v = topology.indices()[k];
                if let Some(diagonal) = own.take_if(|diagonal| *diagonal < v) {
                    n_pushed = push(diagonal, 1.0, None);
                }
                let is_own = own.take_if(|diagonal| *diagonal == v).is_some() || v as usize == u;
                if !is_own && !mask.is_kept(k, step) {
                    continue;
                }
                let value = match identity {
                    Identity::Residual if is_own => 1.0,
                    Identity::ResidualLoop if is_own => diffusion[k] + 1.0,
                    _ => diffusion[k],
                };
                n_pushed = push(v, value, Some(k));
            }
            if let Some(diagonal) = own {
                n_pushed = push(diagonal, 1.0, None);
            }
            indptr.push(n_pushed);
        }
        let of_entry = |share: &[f32]| entries.iter().map(|entry| entry.map_or(1.0, |k| share[k])).collect();
        let pushed_share = extras.pushed_share.map(of_entry);
        let coefficients = extras.coefficients.map(|all| {
            let rows: Vec<usize> = entries.iter().flatten().copied().collect();
            all.select(Axis(0), &rows)
        });
        match Topology::try_new(indptr, indices) {
            Ok(structure) => Self { structure, values, pushed_share, coefficients },
            Err(error) => unreachable!("rows built in ascending order: {error}"),
        }
    }

    /// Marks in `kept` which entries of `topology` this matrix holds. The diagonal is never removed, so it marks nothing.
    ///
    /// # Errors
    /// [`LoadError::Content`] naming the first entry that `topology` lacks.
    pub(super) fn mark_kept(
        &self,
        topology: &Topology,
        kept: &mut [bool],
        path: &Path,
        file: &str,
    ) -> Result<(), LoadError> {
        for (u, v) in self.structure.entries() {
            match topology.find(u as usize, v as usize) {
                Some(k) => kept[k] = true,
                None if u == v => {}
                None => {
                    return Err(LoadError::content(path, file, "entries of the graph", format!("row {u}, column {v}")));
                }
            }
        }
        Ok(())
    }
}

fn check_nodes(matrix: &StepMatrix, topology: &Topology, path: &Path, file: &str) -> Result<(), LoadError> {
    if matrix.structure.n_nodes() == topology.n_nodes() {
        return Ok(());
    }
    Err(LoadError::content(path, file, format!("{} nodes", topology.n_nodes()), matrix.structure.n_nodes()))
}

/// The mask behind the matrices of all steps. With `has_own_values` every step stands for itself, and its values are the mask's; else what
/// a step removed is gone in the later ones.
///
/// # Errors
/// [`LoadError::Content`] naming the first entry that is not the graph's, or that comes back after it was removed.
pub(crate) fn mask_of(
    matrices: &[StepMatrix],
    files: &[String],
    topology: &Topology,
    has_own_values: bool,
    path: &Path,
) -> Result<EdgeMask, LoadError> {
    let n_steps = matrices.len();
    if has_own_values {
        let (mut kept, mut steps) = (Vec::new(), Vec::new());
        for (matrix, file) in matrices.iter().zip(files) {
            check_nodes(matrix, topology, path, file)?;
            let mut flags = vec![false; topology.n_entries()];
            matrix.mark_kept(topology, &mut flags, path, file)?;
            kept.push(flags);
            steps.push(match &matrix.coefficients {
                Some(coefficients) => coefficients.clone(),
                None => ndarray::Array1::from_vec(matrix.values.clone()).insert_axis(Axis(1)),
            });
        }
        let mask = EdgeMask::of_steps(kept, Some(EntryValues { steps }), topology);
        return mask.map_err(|error| LoadError::invalid(path, error));
    }
    let mut removed_at = vec![n_steps as u8; topology.n_entries()];
    for (step, (matrix, file)) in matrices.iter().zip(files).enumerate() {
        check_nodes(matrix, topology, path, file)?;
        let mut kept = vec![false; topology.n_entries()];
        matrix.mark_kept(topology, &mut kept, path, file)?;
        for (k, (u, v)) in topology.entries().enumerate() {
            let was_removed = (removed_at[k] as usize) < step;
            match (kept[k] || u == v, was_removed) {
                (false, false) => removed_at[k] = step as u8,
                (true, true) => {
                    let found = format!("row {u}, column {v}, which was removed in step {}", removed_at[k] + 1);
                    return Err(LoadError::content(path, file, "entries of the step before", found));
                }
                _ => {}
            }
        }
    }
    EdgeMask::try_new(removed_at, n_steps, topology).map_err(|error| LoadError::invalid(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{Direction, SelfLoops};

    /// Three nodes in a row; node 2 has no self-loop. Entries: (0,0) (0,1) (1,0) (1,1) (1,2) (2,1).
    fn path_graph() -> Topology {
        let pairs = [(0, 0), (1, 1), (0, 1), (1, 2)];
        Topology::from_edges(3, &pairs, Direction::Symmetrised, SelfLoops::AsStored).expect("valid pairs").0
    }

    #[test]
    fn the_identity_form_stands_on_the_diagonal() {
        let topology = path_graph();
        let diffusion = [0.5, 0.4, 0.4, 0.3, 0.2, 0.2];
        let mask = EdgeMask::try_new(vec![2, 2, 0, 2, 1, 2], 2, &topology).expect("steps");
        let check = |identity, step, entries: &[(u32, u32, f32)]| {
            let m = StepMatrix::of_mask(&topology, &diffusion, &mask, step, identity, Extras::default());
            let found: Vec<_> = m.structure.entries().zip(&m.values).map(|((u, v), x)| (u, v, *x)).collect();
            assert_eq!(found, entries, "{identity:?}, step {step}");
        };
        check(Identity::SelfLoop, 0, &[(0, 0, 0.5), (0, 1, 0.4), (1, 1, 0.3), (1, 2, 0.2), (2, 1, 0.2)]);
        check(Identity::SelfLoop, 1, &[(0, 0, 0.5), (0, 1, 0.4), (1, 1, 0.3), (2, 1, 0.2)]);
        check(Identity::Residual, 1, &[(0, 0, 1.0), (0, 1, 0.4), (1, 1, 1.0), (2, 1, 0.2), (2, 2, 1.0)]);
        check(Identity::ResidualLoop, 1, &[(0, 0, 1.5), (0, 1, 0.4), (1, 1, 1.3), (2, 1, 0.2), (2, 2, 1.0)]);
    }

    #[test]
    fn a_mask_comes_back_from_its_matrices() {
        let topology = path_graph();
        let mask = EdgeMask::try_new(vec![2, 2, 0, 2, 1, 2], 2, &topology).expect("steps");
        for identity in [Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop] {
            let matrices: Vec<_> = (0..2)
                .map(|step| StepMatrix::of_mask(&topology, &[0.5; 6], &mask, step, identity, Extras::default()))
                .collect();
            let files = ["a".to_owned(), "b".to_owned()];
            assert_eq!(mask_of(&matrices, &files, &topology, false, Path::new("bundle")).expect("the graph's"), mask);
            let turned = [matrices[1].clone(), matrices[0].clone()];
            let error = mask_of(&turned, &files, &topology, false, Path::new("bundle")).unwrap_err().to_string();
            assert_eq!(
                error,
                "b: expected entries of the step before, found row 1, column 2, which was removed in step 1: bundle"
            );
        }
    }

    #[test]
    fn an_entry_of_another_graph_is_named() {
        let topology = path_graph();
        let mask = EdgeMask::keep_all(6, 1);
        let matrix = StepMatrix::of_mask(&topology, &[0.5; 6], &mask, 0, Identity::SelfLoop, Extras::default());
        let other = Topology::from_edges(3, &[(0, 1)], Direction::Symmetrised, SelfLoops::Added).expect("pairs").0;
        let error = mask_of(&[matrix], &["a".to_owned()], &other, false, Path::new("bundle")).unwrap_err();
        assert_eq!(error.to_string(), "a: expected entries of the graph, found row 1, column 2: bundle");
    }
}
