//! The folder of a job: written from a bundle, read by its workers.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::EngineError;
use crate::engine::cluster::ClusterJob;
use crate::engine::control::Control;
use crate::engine::experiment::Run;
use crate::engine::graph::{Direction, Metric, SelfLoops};
use crate::engine::model::Model;
use crate::engine::sparsify::{Recipe, WeightMask};
use crate::io::atomic::AtomicFolder;
use crate::io::bundle::{Bundle, ProgramNote, encode_masks, masks_from_bytes};
use crate::io::file::{read_text, read_whole};
use crate::io::model::{encode_model, read_model_bytes};
use crate::io::recipe::{recipe_from_toml, recipe_to_toml};
use crate::io::report::{ExportError, LoadError};
use crate::io::text::escaped_markdown;

/// Name and version of a job's folder.
pub const CLUSTER_FORMAT: &str = "unifews-cluster-job/1";
const NOTE: &str = "job.json";
const RECIPE: &str = "recipe.toml";
const MODEL: &str = "model.safetensors";
const MASKS: &str = "masks.safetensors";
const JOB_PY: &str = include_str!("job.py");
const README: &str = include_str!("README.md");
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// Larger notes, recipes are not read, bytes.
const MAX_TEXT: u64 = 1 << 24;
/// Larger models are not read, bytes.
const MAX_MODEL: u64 = 1 << 40;

/// What `job.json` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobNote {
    /// [`CLUSTER_FORMAT`]; a reader refuses any other.
    pub format: String,
    /// What wrote it; its workers have to be of the same version.
    pub program: ProgramNote,
    /// The model, for people.
    pub model: String,
    /// The graph that the bundle was made from.
    pub graph: String,
    /// Its nodes; the job's graph may have others.
    pub n_nodes: usize,
    /// Features per node.
    pub n_features: usize,
    /// Names of the classes, in the order of the logits; empty where they have none.
    pub class_names: Vec<String>,
    /// Number of classes.
    pub n_classes: usize,
    /// Whether a node has one class at most, so that accuracy can be counted.
    pub is_single: bool,
    /// Which way messages go.
    pub direction: Direction,
    /// What to do about self-loops.
    pub self_loops: SelfLoops,
    /// Whether weights of edges count; absent: where the edges have some.
    pub weights: Option<bool>,
    /// The effective thresholds of the bundle's steps.
    pub thresholds: Vec<f64>,
}

/// A stage, for the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageNote {
    /// For people.
    pub title: String,
    /// The part of other blocks that it takes.
    pub receives: Option<String>,
}

/// The place of a job's folder.
#[derive(Debug)]
pub struct JobWriter(AtomicFolder);

impl JobWriter {
    /// Opens the place: a new folder, an empty one, or a job as it was written.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(target: impl AsRef<Path>, ctl: &Control) -> Result<Self, ExportError> {
        AtomicFolder::begin(target, "cluster-job", ctl).map(Self)
    }

    /// Writes the job and moves the folder into place.
    ///
    /// # Errors
    /// [`ExportError`]; what was there before is then still there.
    pub fn write(self, parts: &JobParts<'_>, ctl: &Control) -> Result<JobNote, ExportError> {
        let folder = self.0.part();
        let note = parts.note();
        let written = serde_json::to_vec_pretty(&note);
        let mut text = written.map_err(|error| ExportError::io("write", &folder.shown().join(NOTE), error.into()))?;
        text.push(b'\n');
        folder.write(NOTE, &text)?;
        folder.write(RECIPE, recipe_to_toml(parts.recipe).as_bytes())?;
        folder.write(MODEL, &encode_model(parts.model, self.0.target())?)?;
        folder.write(MASKS, &encode_masks(parts.model, parts.masks))?;
        folder.write("job.py", JOB_PY.as_bytes())?;
        folder.write("requirements.txt", REQUIREMENTS.as_bytes())?;
        let readme = README
            .replace("{model}", &escaped_markdown(&note.model))
            .replace("{graph}", &escaped_markdown(&note.graph))
            .replace("{version}", &note.program.version);
        folder.write("README.md", readme.as_bytes())?;
        self.0.commit(ctl)?;
        Ok(note)
    }
}

/// What a job is made of: a run's, or a bundle's.
#[derive(Debug)]
pub struct JobParts<'a> {
    recipe: &'a Recipe,
    /// Removed weights are 0.
    model: &'a Model,
    masks: &'a [WeightMask],
    graph: String,
    n_nodes: usize,
    class_names: Vec<String>,
    is_single: bool,
    thresholds: Vec<f64>,
}

impl<'a> JobParts<'a> {
    /// Those of a bundle.
    ///
    /// # Errors
    /// [`EngineError`] for what cannot be done block by block, with the way out.
    pub fn of_bundle(bundle: &'a Bundle) -> Result<Self, EngineError> {
        let graph = &bundle.manifest.graph;
        let steps = bundle.metrics.steps.iter().filter_map(|step| step.edges.as_ref());
        Self {
            recipe: &bundle.recipe,
            model: &bundle.model,
            masks: &bundle.weight_masks,
            graph: graph.name.clone(),
            n_nodes: graph.n_nodes,
            class_names: graph.class_names.clone(),
            is_single: bundle.metrics.scores.as_ref().is_none_or(|scores| scores.metric != Metric::MicroF1),
            thresholds: steps.filter_map(|edges| edges.delta_used).collect(),
        }
        .checked()
    }

    /// Those of a finished run.
    ///
    /// # Errors
    /// [`EngineError`] for what cannot be done block by block, with the way out.
    pub fn of_run(run: &'a Run) -> Result<Self, EngineError> {
        let labels = run.dataset.labels();
        Self {
            recipe: &run.recipe,
            model: &run.pruned.model,
            masks: &run.pruned.masks.weights,
            graph: run.dataset.name().to_owned(),
            n_nodes: run.dataset.n_nodes(),
            class_names: labels.map(|labels| labels.names.clone()).unwrap_or_default(),
            is_single: labels.is_none_or(|labels| labels.tags().is_none()),
            thresholds: run.pruned.steps.iter().filter_map(|step| Some(step.edges.as_ref()?.delta)).collect(),
        }
        .checked()
    }

    fn checked(self) -> Result<Self, EngineError> {
        ClusterJob::check(self.recipe).map(|()| self)
    }

    fn note(&self) -> JobNote {
        let read = &self.recipe.graph;
        JobNote {
            format: CLUSTER_FORMAT.to_owned(),
            program: ProgramNote {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            model: self.model.title(),
            graph: self.graph.clone(),
            n_nodes: self.n_nodes,
            n_features: self.model.d_in(),
            class_names: self.class_names.clone(),
            n_classes: self.model.n_classes(),
            is_single: self.is_single,
            direction: read.direction.unwrap_or(Direction::Symmetrised),
            self_loops: read.self_loops.unwrap_or(SelfLoops::Added),
            weights: read.weights,
            thresholds: self.thresholds.clone(),
        }
    }
}

/// A job as its workers read it.
#[derive(Debug)]
pub struct JobFolder {
    /// What it says about itself.
    pub note: JobNote,
    /// What is computed.
    pub job: ClusterJob,
}

impl JobFolder {
    /// Reads a job. With `fixed_thresholds` entries go below the thresholds that the bundle's run found, not as the recipe says.
    ///
    /// # Errors
    /// [`LoadError`]; another version of the program or format by name.
    pub fn read(folder: &Path, fixed_thresholds: bool) -> Result<Self, LoadError> {
        let path = folder.join(NOTE);
        let text = read_text(&path, MAX_TEXT)?;
        let found: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| LoadError::content(&path, "whole file", "JSON", error))?;
        if found["format"] != CLUSTER_FORMAT {
            return Err(LoadError::content(&path, "format", format!("{CLUSTER_FORMAT:?}"), &found["format"]));
        }
        let note: JobNote = serde_json::from_value(found)
            .map_err(|error| LoadError::content(&path, "whole file", "what a job is", error))?;
        let own = env!("CARGO_PKG_VERSION");
        if note.program.version != own {
            let expected = format!("version {own}, which this worker has (write the job again: unifews cluster)");
            return Err(LoadError::content(&path, "program", expected, &note.program.version));
        }
        let recipe_path = folder.join(RECIPE);
        let recipe = recipe_from_toml(&read_text(&recipe_path, MAX_TEXT)?, &recipe_path)?;
        let bytes = |name: &str| -> Result<(PathBuf, Vec<u8>), LoadError> {
            let path = folder.join(name);
            let bytes = read_whole(&path, MAX_MODEL)?;
            Ok((path, bytes))
        };
        let (model_path, model) = bytes(MODEL)?;
        let (model, _) = read_model_bytes(&model, &model_path)?;
        let (masks_path, masks) = bytes(MASKS)?;
        let masks = masks_from_bytes(&masks, &model, &masks_path)?;
        let thresholds = fixed_thresholds.then_some(note.thresholds.as_slice());
        let job = ClusterJob::try_new(recipe, model, masks, thresholds);
        Ok(Self { note, job: job.map_err(|error| LoadError::invalid(folder, error))? })
    }

    /// The stages of the job.
    pub fn stages(&self) -> Vec<StageNote> {
        let stages = self.job.stages().into_iter();
        stages.map(|stage| StageNote { title: stage.title, receives: stage.receives }).collect()
    }
}
