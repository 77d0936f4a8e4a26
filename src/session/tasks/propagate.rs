//! Propagates the features of a graph, and sparsifies it as it goes: what can be done without labels and without a model.
//!
//! Window and terminal run the same task. A graph that was read is propagated in memory, a stored one block by block from the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{dataset_bytes, follow};
use crate::engine::graph::{Dataset, resolve_split};
use crate::engine::out_of_core::{GraphSize, MemoryPlan, Storage as _, StoredPropagation, propagate_stored, sums_hops};
use crate::engine::sparsify::{Recipe, propagate};
use crate::io::out_of_core::{DiskStorage, OutOfCoreWriter};
use crate::io::results::{Elapsed, PropagationMetrics, PropagationWriter};
use crate::io::stored::StoredGraph;

/// Writes the embedding, the counts and the recipe into a folder.
#[derive(Debug)]
pub(crate) struct Propagate {
    pub(crate) dataset: Arc<Dataset>,
    /// Of a decoupled network.
    pub(crate) recipe: Recipe,
    /// Whether times are written, too; without them the same call writes the same bytes.
    pub(crate) is_timed: bool,
}

/// What it did.
#[derive(Debug)]
pub(crate) struct PropagatedFolder {
    pub(crate) folder: PathBuf,
    /// Removed share of the entries, `0..=1`.
    pub(crate) edge_sparsity: f64,
}

impl Propagate {
    /// The memory it takes beside the graph.
    pub(crate) fn memory(&self) -> Need {
        let size = GraphSize::of(&self.dataset);
        let there = size.structure_bytes() + size.embedding_bytes();
        Need {
            takes: "propagating takes",
            held: dataset_bytes(&self.dataset),
            needed: size.in_memory_bytes(sums_hops(&self.recipe)).saturating_sub(there),
            way_out: "unifews store GRAPH -o DIR writes a folder that is propagated from the disk",
        }
    }

    /// Propagates into the folder of `writer`.
    ///
    /// # Errors
    /// As the engine and the writer; the folder is then as it was.
    pub(crate) fn run_into(&self, writer: PropagationWriter, ctl: &Control) -> Result<PropagationMetrics, TaskError> {
        let Self { dataset, recipe, is_timed } = self;
        recipe.check_without_recovery(NO_MODEL)?;
        let split = resolve_split(dataset, &recipe.split, recipe.seed)?;
        let began = Instant::now();
        let propagated = propagate(dataset, recipe, &split, None, ctl)?;
        let elapsed = elapsed(*is_timed, began.elapsed().as_secs_f64(), ctl);
        let mut metrics = PropagationMetrics::of(dataset, &propagated, elapsed);
        if !recipe.propagation.is_default() {
            let mut followed = follow(dataset, recipe, &propagated, ctl)?;
            followed.times = followed.times.filter(|_| *is_timed);
            metrics.followed = Some(followed);
        }
        writer.write(recipe, &propagated, &metrics, ctl)?;
        Ok(metrics)
    }
}

/// What propagation alone expects of a recipe that recovers accuracy.
const NO_MODEL: &str = "none where features are propagated without a model (--recover none, or Recover accuracy off)";

/// Times, where they are wanted.
fn elapsed(is_timed: bool, elapsed_secs: f64, ctl: &Control) -> Option<Elapsed> {
    is_timed.then(|| Elapsed { elapsed_secs, n_threads: ctl.n_threads() })
}

/// [`Propagate`] into a folder, in the background.
#[derive(Debug)]
pub(crate) struct PropagateInto {
    pub(crate) task: Propagate,
    pub(crate) folder: PathBuf,
}

impl Task for PropagateInto {
    type Point = ();
    type Output = PropagatedFolder;

    fn label(&self) -> String {
        format!("Propagate {}", self.task.dataset.name())
    }

    fn memory(&self) -> Option<Need> {
        Some(self.task.memory())
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<PropagatedFolder, TaskError> {
        let Self { task, folder } = self;
        let writer = PropagationWriter::begin(&folder, ctl)?;
        let metrics = task.run_into(writer, ctl)?;
        Ok(PropagatedFolder { folder, edge_sparsity: metrics.edge_sparsity })
    }
}

/// A stored graph that is about to be propagated from the disk.
#[derive(Debug)]
pub(crate) struct PropagateStored<'a> {
    graph: &'a StoredGraph,
    /// What metrics call the graph.
    source: String,
    recipe: &'a Recipe,
    locked: Option<Vec<bool>>,
    writer: OutOfCoreWriter,
    storage: DiskStorage<'a>,
    plan: MemoryPlan,
}

impl<'a> PropagateStored<'a> {
    /// Plans the work for so many bytes of memory and opens its folder beside the output; what was begun there goes on.
    ///
    /// # Errors
    /// Where there is too little memory, or the folder is of other work.
    pub(crate) fn begin(
        (source, graph): (&str, &'a StoredGraph),
        recipe: &'a Recipe,
        locked: Option<Vec<bool>>,
        memory: u64,
        writer: PropagationWriter,
    ) -> Result<Self, TaskError> {
        recipe.check_without_recovery(NO_MODEL)?;
        let writer = OutOfCoreWriter::beside(writer);
        let size = graph.size();
        let mut plan = size.plan(memory, sums_hops(recipe))?;
        if let Some(width) = DiskStorage::width_of(writer.work()).filter(|width| *width < plan.block_width) {
            // What was begun with less memory goes on with as little.
            plan = size.plan_of_width(width, sums_hops(recipe));
        }
        let storage = DiskStorage::open(graph, recipe, plan, writer.work())?;
        Ok(Self { graph, source: source.to_owned(), recipe, locked, writer, storage, plan })
    }

    /// How it goes about it.
    pub(crate) fn plan(&self) -> MemoryPlan {
        self.plan
    }

    /// Where what is made on the way lies.
    pub(crate) fn work(&self) -> &Path {
        self.writer.work()
    }

    /// The hop and the block of columns that interrupted work goes on with, from 0.
    ///
    /// # Errors
    /// Where what lies in the work folder cannot be gone on with.
    pub(crate) fn resumes_at(&self) -> Result<Option<(usize, usize)>, TaskError> {
        let state = self.storage.load_state()?.filter(|state| !state.is_finished);
        Ok(state.map(|state| (state.hop, state.n_blocks_done)))
    }

    /// Propagates, and puts the result into place.
    ///
    /// # Errors
    /// As the engine and the writer; what is done stays in the work folder.
    pub(crate) fn run(self, is_timed: bool, ctl: &Control) -> Result<PropagationMetrics, TaskError> {
        let Self { graph, source, recipe, locked, writer, storage, plan } = self;
        let job = StoredPropagation { storage: &storage, size: graph.size(), recipe, locked: locked.as_deref(), plan };
        let state = propagate_stored(&job, ctl)?;
        let n_features = graph.size().n_features;
        let steps: Vec<_> =
            state.records.iter().map(|record| record.to_trace(n_features, recipe.counts_self_loops())).collect();
        let elapsed = elapsed(is_timed, state.records.iter().map(|record| record.secs).sum(), ctl);
        let metrics = PropagationMetrics::of_steps(&source, &steps, elapsed);
        writer.finish(storage, recipe, &metrics, ctl)?;
        Ok(metrics)
    }
}
