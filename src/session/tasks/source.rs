//! The graph that a task works on: one that is open, or one that the task reads first; and the model that a bundle was made of.

use std::path::Path;
use std::sync::Arc;

use super::TaskError;
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, ReadOptions};
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::io::bundle::{Bundle, hash_of_given};
use crate::io::{LoadError, LoadReport, MemoryBudget, files_outside, folder_of, read_graph_within, read_model};

/// Where the graph comes from.
#[derive(Debug)]
pub(crate) enum GraphSource {
    /// It is open.
    Open(Arc<Dataset>),
    /// It is read first.
    Read {
        /// A path, or `sample:NAME`.
        spec: String,
        /// How its file is read.
        options: Box<ReadOptions>,
        /// What reading may take.
        memory: MemoryBudget,
    },
}

impl GraphSource {
    /// What to call it before it is read.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Open(dataset) => dataset.name(),
            Self::Read { spec, .. } => spec,
        }
    }

    /// The graph, and what reading it had to say.
    ///
    /// # Errors
    /// As [`read_graph_within`].
    pub(crate) fn get(self, ctl: &Control) -> Result<(Arc<Dataset>, Option<LoadReport>), TaskError> {
        match self {
            Self::Open(dataset) => Ok((dataset, None)),
            Self::Read { spec, options, memory } => {
                ctl.progress("reading the graph", 0, 0);
                let (dataset, report) = read_graph_within(&spec, &options, memory, ctl)?;
                Ok((dataset.shared(), Some(report)))
            }
        }
    }
}

/// Refuses a recipe that names files outside its own folder, that of the graph and the working one: it could make a graph out of anything that the
/// user may read. `file` is where the recipe lies, or the bundle that it is in; `way_out` says how the files can be read all the same.
///
/// # Errors
/// [`TaskError::Nothing`] naming the first such file.
pub(crate) fn check_named_files(
    recipe: &Recipe,
    file: &Path,
    graph: Option<&str>,
    way_out: &str,
) -> Result<(), TaskError> {
    let mut trusted = vec![Path::new(".")];
    trusted.extend(graph.map(Path::new).map(|graph| if graph.is_dir() { graph } else { folder_of(graph) }));
    let outside = files_outside(recipe, file, &trusted);
    let Some((key, found)) = outside.first() else { return Ok(()) };
    Err(TaskError::Nothing(format!(
        "recipe, {key}: expected a file in the folder of the recipe, of the graph or the working one, found {found:?}; {way_out}, or say \
         --trust-recipe where you know who wrote the recipe: {}",
        file.display()
    )))
}

/// The model that a bundle was made of, read from where it is named.
///
/// # Errors
/// [`LoadError::Content`] for another model than that of the bundle's manifest, and as [`read_model`].
pub(crate) fn unpruned_model(bundle: &Bundle, spec: &str) -> Result<Model, TaskError> {
    let (mut model, _) = read_model(spec)?;
    let (expected, found) = (&bundle.manifest.model.given_sha256, hash_of_given(&model));
    if found != *expected {
        let expected = format!("the model that was pruned, with SHA-256 {expected}");
        return Err(LoadError::content(spec.as_ref(), "tensors", expected, found).into());
    }
    // The same tensors; how they are used, files often leave open.
    model.architecture = bundle.recipe.model.clone();
    Ok(model)
}
