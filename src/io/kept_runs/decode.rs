//! Runs out of a file, as if it were hostile.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array1, Array2};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorInfo};
use sha2::{Digest as _, Sha256};

use super::encode::{inputs_of, with_zeros};
use super::numbers::{Arrays, Content, Numbers, array_name, from_bits, line_of, of_split};
use super::{KEPT_RUNS_FORMAT, KeptRun, MOST_KEPT_BYTES};
use crate::engine::certify::Certificate;
use crate::engine::experiment::{Bounds, ModelSize, Run, Timing, ValueType};
use crate::engine::graph::{Dataset, resolve_split};
use crate::engine::model::{Model, Scaler};
use crate::engine::sparsify::{EdgeMask, EntryValues, Masks, Pruned, Recipe, StepTrace, WeightMask};
use crate::io::file::read_whole;
use crate::io::recipe::settle_recipe;
use crate::io::report::LoadError;
use crate::io::text::shortened;
use crate::io::{entrance, reading, sha256};

/// Headers are no larger: the container's own limit, bytes.
const MOST_HEADER_BYTES: u64 = 100_000_000;

/// The runs that were asked for.
#[derive(Debug, Default)]
pub struct KeptRuns {
    /// For every recipe its run, or why there is none.
    pub runs: Vec<Result<KeptRun, LoadError>>,
    /// The preview, if one was kept.
    pub preview: Option<KeptRun>,
}

/// Reads the runs of `recipes` and the preview of `shown` on a graph with a model.
///
/// # Errors
/// [`LoadError::Content`] for a file that is broken or changed, and for one of other inputs or of another version of the program.
pub fn read_kept_runs(
    path: &Path,
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    recipes: &[Recipe],
) -> Result<KeptRuns, LoadError> {
    entrance::enter(|| read(path, dataset, model, recipes))
}

fn read(path: &Path, dataset: &Arc<Dataset>, model: &Arc<Model>, recipes: &[Recipe]) -> Result<KeptRuns, LoadError> {
    let bytes = read_whole(path, MOST_KEPT_BYTES + MOST_HEADER_BYTES)?;
    let fault = |place: &str, expected: &str, found: String| LoadError::content(path, place, expected, found);
    let broken = |error: safetensors::SafeTensorError| {
        fault("whole file", "results of runs (safetensors)", shortened(&error.to_string()))
    };
    let file = SafeTensors::deserialize(&bytes).map_err(broken)?;
    let (n_header, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
    let metadata = header.metadata().as_ref();
    let text = |key: &str| metadata.and_then(|metadata| metadata.get(key)).map_or("", String::as_str);
    if text("format") != KEPT_RUNS_FORMAT {
        return Err(fault("metadata format", KEPT_RUNS_FORMAT, shortened(text("format"))));
    }
    let mut sum = Sha256::new();
    sum.update(text("runs").as_bytes());
    sum.update(bytes.get(8 + n_header..).unwrap_or_default());
    let line = |(name, info): (String, &TensorInfo)| line_of(&name, format!("{:?}", info.dtype), &info.shape);
    let mut lines: Vec<String> = header.tensors().into_iter().map(line).collect();
    lines.sort();
    sum.update(lines.concat());
    if sha256::hexadecimal(&sum.finalize()) != text("sha256") {
        return Err(fault(
            "whole file",
            "the SHA-256 that it names",
            "another: the file was changed or is broken".to_owned(),
        ));
    }
    let content: Content = serde_json::from_str(text("runs"))
        .map_err(|error| fault("metadata runs", "runs in JSON", shortened(&error.to_string())))?;
    if content.program != env!("CARGO_PKG_VERSION") {
        let found = format!("version {}", shortened(&content.program));
        return Err(fault("metadata runs", concat!("version ", env!("CARGO_PKG_VERSION"), " of this program"), found));
    }
    if content.inputs != inputs_of(dataset, model) {
        return Err(fault(
            "metadata runs",
            "results of the graph and the model that are open",
            "those of others".to_owned(),
        ));
    }
    reading::check()?;
    let mut numbers: Vec<Result<Numbers, LoadError>> = Vec::new();
    for value in content.runs {
        let read = serde_json::from_value::<Numbers>(value);
        let read = read.map_err(|error| fault("metadata runs", "a run", shortened(&error.to_string())));
        numbers.push(read.and_then(|mut run| {
            settle_recipe(&mut run.recipe).map_err(|error| LoadError::invalid(path, error))?;
            Ok(run)
        }));
    }
    let decoder = Decoder { path, file, dataset, model };
    let mut take = |is_wanted: &dyn Fn(&Numbers) -> bool| {
        let at = numbers.iter().position(|run| run.as_ref().is_ok_and(is_wanted))?;
        Some(numbers.remove(at).and_then(|run| decoder.run(run)))
    };
    let preview = take(&|run| run.is_preview).and_then(Result::ok);
    let missing =
        || fault("metadata runs", "a run of this recipe", "none: it was left out, or cannot be read".to_owned());
    let mut runs = Vec::with_capacity(recipes.len());
    for recipe in recipes {
        reading::check()?;
        let run = take(&|run| !run.is_preview && run.recipe == *recipe);
        runs.push(run.unwrap_or_else(|| Err(missing())));
    }
    Ok(KeptRuns { runs, preview })
}

struct Decoder<'a> {
    path: &'a Path,
    file: SafeTensors<'a>,
    dataset: &'a Arc<Dataset>,
    model: &'a Arc<Model>,
}

impl<'a> Decoder<'a> {
    fn fault(&self, place: &str, expected: impl ToString, found: impl ToString) -> LoadError {
        LoadError::content(self.path, place, expected, found)
    }

    /// Refuses what is not as it must be.
    fn check(&self, is_right: bool, place: &str, expected: impl ToString) -> Result<(), LoadError> {
        if is_right { Ok(()) } else { Err(self.fault(place, expected, "something else")) }
    }

    fn bytes(&self, nth: usize, dtype: Dtype, shape: &[usize]) -> Result<&'a [u8], LoadError> {
        let name = array_name(nth);
        let Ok(view) = self.file.tensor(&name) else { return Err(self.fault(&name, "this array", "none")) };
        if view.dtype() != dtype || view.shape() != shape {
            let found = format!("{:?} of shape {:?}", view.dtype(), view.shape());
            return Err(self.fault(&name, format!("{dtype:?} of shape {shape:?}"), found));
        }
        Ok(view.data())
    }

    fn floats(&self, nth: usize, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
        let bytes = self.bytes(nth, Dtype::F32, shape)?;
        reading::ask_values(self.path, &array_name(nth), bytes.len() / 4, 4)?;
        let (values, _) = bytes.as_chunks::<4>();
        Ok(values.iter().map(|value| f32::from_le_bytes(*value)).collect())
    }

    fn matrix(&self, nth: usize, (rows, columns): (usize, usize)) -> Result<Array2<f32>, LoadError> {
        let values = self.floats(nth, &[rows, columns])?;
        Array2::from_shape_vec((rows, columns), values).map_err(|error| self.fault(&array_name(nth), "a matrix", error))
    }

    /// A matrix with as many columns as it says.
    fn wide_matrix(&self, nth: usize, rows: usize) -> Result<Array2<f32>, LoadError> {
        let columns = self.file.tensor(&array_name(nth)).ok().and_then(|view| view.shape().get(1).copied());
        self.matrix(nth, (rows, columns.unwrap_or(0)))
    }

    fn bits(&self, nth: usize, n: usize) -> Result<Vec<bool>, LoadError> {
        let bytes = self.bytes(nth, Dtype::U8, &[n.div_ceil(8)])?;
        reading::ask_values(self.path, &array_name(nth), n, 1)?;
        from_bits(bytes, n).ok_or_else(|| self.fault(&array_name(nth), format!("{n} bits"), "others"))
    }

    fn run(&self, numbers: Numbers) -> Result<KeptRun, LoadError> {
        let (dataset, model) = (self.dataset, self.model);
        self.check(numbers.recipe.model == model.architecture, "recipe.model", "the network of the open model")?;
        let split = resolve_split(dataset, &numbers.recipe.split, numbers.recipe.seed);
        let split = split.map_err(|error| LoadError::invalid(self.path, error))?;
        self.check(of_split(&split) == numbers.split, "split", "the split of the open graph")?;
        self.check_numbers(&numbers)?;
        let Numbers { recipe, is_preview, elapsed_secs, evaluation, bounds, hidden, channels, .. } = numbers;
        let Numbers { steps, arrivals, training, timing, certificate, arrays, .. } = numbers;
        let weights = self.weight_masks(&arrays)?;
        let masks = Masks { edges: self.edge_mask(&arrays, &recipe)?, weights };
        let pruned_model = Arc::new(self.pruned_model(&arrays, &masks.weights)?);
        let steps = self.steps(steps, &arrays, &masks)?;
        let (n_nodes, n_classes) = (dataset.n_nodes(), model.n_classes());
        let logits = self.matrix(arrays.logits, (n_nodes, n_classes))?;
        let baseline_logits = Arc::new(self.matrix(arrays.baseline, (n_nodes, n_classes))?);
        let embedding = arrays.embedding.map(|nth| self.matrix(nth, (n_nodes, dataset.features().width())));
        let embedding = embedding.transpose()?.map(Arc::new);
        let (size, certificate) = (ModelSize::of(&pruned_model, ValueType::F32), certificate.map(Arc::new));
        let pruned = Pruned { masks, model: pruned_model, logits, steps, embedding, arrivals, training, channels };
        let run = Run {
            recipe,
            dataset: Arc::clone(dataset),
            model: Arc::clone(model),
            split,
            pruned,
            baseline_logits,
            evaluation,
            timing,
            bounds: bounds.into_iter().map(Into::into).collect(),
            size,
            hidden,
            certificate: certificate.clone(),
        };
        Ok(KeptRun { run: Arc::new(run), certificate, elapsed_secs, is_preview })
    }

    /// Refuses numbers that do not fit each other, the graph or the network.
    fn check_numbers(&self, numbers: &Numbers) -> Result<(), LoadError> {
        let Numbers { steps, bounds, channels, timing, certificate, elapsed_secs, .. } = numbers;
        let are_bounds = bounds.iter().all(|bounds| Bounds::from(*bounds).step < steps.len());
        self.check(are_bounds, "bounds", "bounds of steps")?;
        let are_channels = channels.iter().all(|c| {
            let has_all = c.errors.len() == c.order.len() && c.order.iter().all(|at| (*at as usize) < c.n_channels);
            has_all && c.n_removed <= c.order.len() && c.order.len() <= c.n_channels
        });
        self.check(are_channels, "channels", "channels of the network")?;
        let n_matrices = self.model.parameters.iter().filter(|p| p.is_matrix()).count();
        let is_timed = timing.as_ref().is_none_or(|timing| is_timing(timing, (steps.len(), n_matrices)));
        self.check(is_timed, "timing", "times of every step")?;
        let is_certified = certificate.as_ref().is_none_or(|c| is_certificate(c, self.dataset.n_nodes()));
        self.check(is_certified, "certificate", "a certificate of this graph")?;
        self.check(elapsed_secs.is_finite() && *elapsed_secs >= 0.0, "elapsed_secs", "seconds")
    }

    fn weight_masks(&self, arrays: &Arrays) -> Result<Vec<WeightMask>, LoadError> {
        self.check(arrays.weights.len() == self.model.weights().count(), "weights", "one mask per matrix")?;
        let masks = self.model.weights().zip(&arrays.weights).map(|(weight, nth)| {
            let flags = self.bits(*nth, weight.values.len())?;
            WeightMask::from_shape_vec(weight.values.dim(), flags)
                .map_err(|error| self.fault(&array_name(*nth), "a mask", error))
        });
        masks.collect()
    }

    fn edge_mask(&self, arrays: &Arrays, recipe: &Recipe) -> Result<EdgeMask, LoadError> {
        let topology = self.dataset.topology();
        let (n_entries, n_steps) = (topology.n_entries(), recipe.model.n_graph_steps());
        let invalid = |error| LoadError::invalid(self.path, error);
        let mask = if let Some(nth) = arrays.removed_at {
            let steps = self.bytes(nth, Dtype::U8, &[n_entries])?;
            reading::ask_values(self.path, "removing steps", n_entries, 1)?;
            EdgeMask::try_new(steps.to_vec(), n_steps, topology).map_err(invalid)?
        } else {
            self.check(arrays.kept.len() == n_steps, "kept", format!("{n_steps} steps"))?;
            let kept = arrays.kept.iter().map(|nth| self.bits(*nth, n_entries)).collect::<Result<_, _>>()?;
            EdgeMask::of_steps(kept, None, topology).map_err(invalid)?
        };
        let Some(values) = &arrays.entry_values else { return Ok(mask) };
        self.check(values.len() == n_steps, "entry_values", format!("{n_steps} steps"))?;
        let steps = values.iter().enumerate().map(|(step, nth)| self.wide_matrix(*nth, mask.n_kept(step)));
        let values = EntryValues { steps: steps.collect::<Result<_, _>>()? };
        mask.with_values(values).map_err(invalid)
    }

    fn pruned_model(&self, arrays: &Arrays, masks: &[WeightMask]) -> Result<Model, LoadError> {
        let Some(parameters) = &arrays.parameters else {
            let model = with_zeros(self.model, masks);
            return model.ok_or_else(|| self.fault("weights", "masks of the model's weights", "others"));
        };
        let mut model = Model::clone(self.model);
        self.check(parameters.len() == model.parameters.len(), "parameters", "those of the open model")?;
        for (parameter, nth) in model.parameters.iter_mut().zip(parameters) {
            parameter.values = self.matrix(*nth, parameter.values.dim())?;
        }
        model.scaler = match arrays.scaler {
            None => None,
            Some([mean, scale]) => {
                let part = |nth| self.floats(nth, &[model.d_in()]).map(Array1::from_vec);
                Some(Scaler { mean: part(mean)?, scale: part(scale)? })
            }
        };
        Ok(model)
    }

    /// The steps with their lists again.
    fn steps(&self, mut steps: Vec<StepTrace>, arrays: &Arrays, masks: &Masks) -> Result<Vec<StepTrace>, LoadError> {
        let (n_nodes, n_entries) = (self.dataset.n_nodes(), self.dataset.topology().n_entries());
        let n_graph_steps = steps.iter().filter(|step| step.edges.is_some()).count();
        self.check(n_graph_steps == masks.edges.n_steps(), "steps", format!("{} steps", masks.edges.n_steps()))?;
        let n_lists = (arrays.edges.len(), arrays.matrices.len());
        self.check(n_lists == (steps.len(), steps.len()), "arrays", "lists of every step")?;
        let mut lists: BTreeMap<usize, Arc<Vec<f32>>> = BTreeMap::new();
        let mut list = |nth: usize, n: usize| {
            if let Some(known) = lists.get(&nth).filter(|known| known.len() == n) {
                return Ok(Arc::clone(known));
            }
            let values = Arc::new(self.floats(nth, &[n])?);
            lists.insert(nth, Arc::clone(&values));
            Ok::<_, LoadError>(values)
        };
        for ((step, of_edges), of_weights) in steps.iter_mut().zip(&arrays.edges).zip(&arrays.matrices) {
            self.check(step.edges.is_some() == of_edges.is_some(), "steps", "lists of every step")?;
            if let (Some(edges), Some(places)) = (&mut step.edges, of_edges) {
                let is_right =
                    edges.n_entries == n_entries && edges.n_before <= n_entries && edges.n_after <= n_entries;
                self.check(is_right && edges.n_self_loops <= n_entries, "steps", "counts of the open graph")?;
                edges.source_norms = list(places.source_norms, n_nodes)?;
                edges.scores = places.scores.map(|nth| list(nth, n_entries)).transpose()?;
                edges.pushed_share = places.pushed_share.map(|nth| list(nth, n_entries)).transpose()?;
                let coefficients = places.coefficients.map(|nth| self.wide_matrix(nth, n_entries));
                edges.coefficients = coefficients.transpose()?.map(Arc::new);
            }
            self.check(step.weights.len() == of_weights.len(), "steps", "lists of every matrix")?;
            for (weights, [thresholds, norms]) in step.weights.iter_mut().zip(of_weights) {
                let shape = masks.weights.get(weights.idx).map(WeightMask::dim);
                let is_right = shape == Some((weights.d_in, weights.d_out)) && weights.n_after <= weights.n_weights;
                self.check(is_right, "steps", "the matrices of the open model")?;
                let n = if weights.is_by_output { weights.d_out } else { weights.d_in };
                weights.thresholds = list(*thresholds, n)?;
                weights.column_norms = list(*norms, n)?;
            }
        }
        Ok(steps)
    }
}

/// Whether times are of so many steps and matrices, and as many turns of every way.
fn is_timing(timing: &Timing, (n_steps, n_matrices): (usize, usize)) -> bool {
    let n_turns = timing.samples.n_turns();
    let ways = &timing.samples.ways;
    let has_low = timing.low.is_some();
    let is_measured = ways.len() == 2 + usize::from(has_low) && n_turns > 0;
    let are_requests = timing.requests.iter().all(|requests| {
        let n = requests.samples.n_turns();
        let has_ways = requests.samples.ways.len() == 2 && requests.samples.ways.iter().all(|way| way.len() == n);
        n > 0 && has_ways && requests.fields.iter().all(|fields| fields.len() == n)
    });
    let per_step = [&timing.baseline_step_secs, &timing.pruned_step_secs];
    is_measured
        && ways.iter().all(|way| way.len() == n_turns)
        && per_step.iter().all(|secs| secs.len() == n_steps)
        && timing.products.len() == n_matrices
        && are_requests
}

/// Whether a certificate speaks of a graph of so many nodes, and of as many models everywhere.
fn is_certificate(certificate: &Certificate, n_nodes: usize) -> bool {
    let n_models = certificate.path.len();
    certificate.nodes.iter().all(|node| (*node as usize) < n_nodes)
        && certificate.degrees.len() == certificate.nodes.len()
        && certificate.overall.points.len() == n_models
        && certificate.overall.certified.is_none_or(|at| at < n_models)
        && certificate.exported.is_none_or(|at| at < n_models)
}
