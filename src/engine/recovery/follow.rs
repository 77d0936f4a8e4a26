//! Training towards the unpruned model's soft answers: one loop, for masks that are fixed beforehand as for those chosen on the way.
//!
//! Adam at a fixed step, no weight decay, batch normalisation over the batch; the epoch that comes closest to the soft answers stays. Labels,
//! dropout and dropout of features play a part where [`Options`] and [`Wanted`] say so.

use std::borrow::Cow;

use ndarray::Array2;

use super::reconstruct::never_0;
use super::soft::Wanted;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features};
use crate::engine::kernels::{AttentionInput, Rows};
use crate::engine::model::batch_norm::update_running;
use crate::engine::model::dropout::{self, DropoutSeed};
use crate::engine::model::elementwise::feature_rows;
use crate::engine::model::exec::infer::infer;
use crate::engine::model::exec::policy::{Policy, WeightAt};
use crate::engine::model::exec::tape::{InputTranspose, Tape};
use crate::engine::model::exec::train::train_forward;
use crate::engine::model::passes::given::with_given_coefficients;
use crate::engine::model::{Model, Op, Program};
use crate::engine::sparsify::attention::attend;
use crate::engine::sparsify::decide::masked_model;
use crate::engine::sparsify::pruned_operator::PrunedOperator;
use crate::engine::sparsify::saved::SavedForBackward;
use crate::engine::sparsify::transform::product;
use crate::engine::sparsify::weight_pass::masked;
use crate::engine::sparsify::{Recipe, RecoveryTraining, WeightMask};
use crate::engine::train::optimizer::Adam;

/// Step of the optimiser.
const LEARNING_RATE: f64 = 3e-3;

/// How it is trained.
#[derive(Clone, Copy)]
pub(super) struct Options {
    /// What progress calls it.
    pub(super) stage: &'static str,
    pub(super) n_epochs: usize,
    /// Share of values dropped between layers.
    pub(super) dropout: f64,
    /// Share of the features dropped.
    pub(super) feature_dropout: f64,
}

/// What an epoch is trained over.
pub(super) struct Set {
    /// What every step propagates over, numbered.
    pub(super) entries: Vec<PrunedOperator>,
    /// One per matrix that may be pruned.
    pub(super) masks: Vec<WeightMask>,
    /// What the program starts from, where that is not the features: the embedding of a decoupled family.
    pub(super) input: Option<Features>,
}

/// Says what is trained over.
pub(super) trait Masking {
    /// Whether attention's coefficients are values of the entries; else they are trained, as a softmax over the entries.
    fn has_given_coefficients(&self) -> bool;

    /// What epoch `epoch`, from 0, is trained over, where it is not what the one before was.
    fn before(&mut self, epoch: usize, model: &Model, ctl: &Control) -> Result<Option<Set>, EngineError>;

    /// Whether what epochs are trained over stays from now on.
    fn is_final(&self) -> bool;
}

/// Training over entries and weights that are given: what goes back is known beforehand.
struct Following<'a> {
    saved: SavedForBackward<'a>,
}

impl Policy for Following<'_> {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        _: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let values = match weight.prunable {
            Some((_, idx)) => masked(weight.values, &self.saved.masks[idx]),
            None => weight.values.clone(),
        };
        let out = product(x, &values, ctl)?;
        self.saved.weights[weight.matrix] = values;
        Ok(out)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.saved.entries[step].propagate(x, ctl)
    }

    fn propagate_max(&mut self, _: usize, _: &Array2<f32>, _: &Control) -> Result<Array2<f32>, EngineError> {
        unreachable!("recovery refuses the maximum of neighbours")
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let attended = attend(&self.saved.entries[step], None, input, ctl)?;
        let out = attended.gather(input.source, ctl)?;
        self.saved.attended.truncate(step);
        self.saved.attended.push(attended);
        Ok(out)
    }
}

/// Trains `start` towards `wanted` over what `masking` says. Removed weights of what comes back are 0, the others are not.
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn follow(
    dataset: &Dataset,
    start: &Model,
    recipe: &Recipe,
    wanted: &Wanted<'_>,
    options: &Options,
    masking: &mut dyn Masking,
    ctl: &Control,
) -> Result<(Model, RecoveryTraining), EngineError> {
    let program = program(start, masking.has_given_coefficients(), options.dropout);
    let propagates = program.instructions.iter().any(|i| matches!(i.op, Op::Propagate { .. } | Op::Attention { .. }));
    let transpose = propagates.then(|| dataset.topology().transposed());
    let mut policy = Following { saved: SavedForBackward::new(start, transpose.as_ref()) };
    let momentum = start.architecture.architecture.definition().norm_momentum();
    let quiet = ctl.quiet().recycling();
    let mut input = Cow::Borrowed(dataset.features());
    let mut input_transpose = None;
    let (mut now, mut adam) = (start.clone(), Adam::default());
    let mut best: Option<(RecoveryTraining, Model)> = None;
    let mut n_done = 0;
    for epoch in 0..options.n_epochs {
        ctl.progress_to_keep(options.stage, epoch, options.n_epochs);
        ctl.check()?;
        let is_to_keep = ctl.is_to_keep();
        if is_to_keep && best.is_some() {
            break;
        }
        // Where nothing is there to be kept yet, the masks are chosen that would have been in the end, and one epoch is trained over them.
        let at = if is_to_keep { options.n_epochs } else { epoch };
        if let Some(set) = masking.before(at, &now, &quiet)? {
            (policy.saved.entries, policy.saved.masks) = (set.entries, set.masks);
            if let Some(made) = set.input {
                (input, input_transpose) = (Cow::Owned(made), None);
            }
        }
        let seed = DropoutSeed { seed: recipe.seed, epoch: epoch as u64, layer: u64::MAX };
        let dropped = match options.feature_dropout {
            rate if rate > 0.0 => Some(dropout::of_features(&input, rate, seed, &quiet)?),
            _ => None,
        };
        let seen = dropped.as_ref().unwrap_or(&input);
        if input_transpose.is_none() || dropped.is_some() {
            input_transpose = Some(InputTranspose::of(seen, &quiet)?);
        }
        let Some(features_t) = &input_transpose else { continue };
        let mut tape = Tape::new(recipe.seed, epoch as u64);
        let logits = train_forward(&program, &now, feature_rows(seen), &mut policy, &mut tape, &quiet)?;
        let d_logits = wanted.loss(&logits).1;
        let statistics = std::mem::take(&mut tape.batch_statistics);
        let gradients = tape.backward(d_logits, now.parameters.len(), &policy.saved, features_t, &quiet)?;
        adam.begin_step();
        for (at, (parameter, gradient)) in now.parameters.iter_mut().zip(&gradients).enumerate() {
            if let (Some(gradient), Some(values)) = (gradient, parameter.values.as_slice_mut()) {
                adam.update(at, values, gradient.as_slice().unwrap_or(&[]), LEARNING_RATE, 0.0, &quiet)?;
            }
        }
        for (at, mean, var) in statistics {
            update_running(&mut now.parameters[at + 2].values, &mean, momentum);
            update_running(&mut now.parameters[at + 3].values, &var, momentum);
        }
        // Running statistics follow with a delay, so early epochs say little about where they lead.
        n_done = epoch + 1;
        if masking.is_final() && (epoch % 2 == 1 || n_done == options.n_epochs || is_to_keep) {
            let logits = infer(&program, &now, feature_rows(&input), &mut policy, &quiet)?;
            let divergence = wanted.distance(&logits);
            if !divergence.is_finite() {
                return Err(EngineError::NotFinite {
                    what: format!("distance from the unpruned model while {}", options.stage),
                    found: divergence.to_string(),
                });
            }
            if best.as_ref().is_none_or(|(least, _)| divergence < least.divergence) {
                let uses_labels = wanted.labelled.is_some();
                let training = RecoveryTraining { n_epochs: n_done, best_epoch: n_done, divergence, uses_labels };
                best = Some((training, now.clone()));
            }
        }
    }
    ctl.progress(options.stage, options.n_epochs, options.n_epochs);
    let Some((best, chosen)) = best else {
        return Err(EngineError::recipe("recovery", "at least 1 epoch of training", options.n_epochs));
    };
    let mut chosen = masked_model(&chosen, &policy.saved.masks);
    for (weight, mask) in chosen.weights_mut().zip(&policy.saved.masks) {
        ndarray::Zip::from(&mut weight.values).and(mask).for_each(|w, kept| {
            if *kept {
                *w = never_0(*w);
            }
        });
    }
    Ok((chosen, RecoveryTraining { n_epochs: n_done, ..best }))
}

/// What training runs: the network with dropout at `dropout`, attention as a propagation where its coefficients are given, and products that
/// narrow in front of the propagation: `T̂ (x W)` for `(T̂ x) W`, which lets sparse features stay sparse and propagates fewer columns.
fn program(model: &Model, has_given_coefficients: bool, dropout: f64) -> Program {
    let mut shaped = model.clone();
    shaped.architecture.dropout = dropout;
    let mut program = shaped.program();
    if has_given_coefficients {
        program = with_given_coefficients(&program);
        for instruction in &mut program.instructions {
            if let Op::Attention { step, .. } = instruction.op {
                instruction.op = Op::Propagate { step };
            }
        }
    }
    let n_reads = program.n_reads();
    for propagation in 0..program.instructions.len() {
        let reader = program.instructions.iter().position(|i| i.inputs == [propagation + 1]);
        let (Op::Propagate { .. }, Some(at), 1) =
            (&program.instructions[propagation].op, reader, n_reads[propagation + 1])
        else {
            continue;
        };
        let Op::Matmul { weight, .. } = &program.instructions[at].op else { continue };
        let narrows = model.position(weight).is_some_and(|p| {
            let (from, to) = model.parameters[p].values.dim();
            to <= from
        });
        if narrows {
            let propagate = program.instructions[propagation].op.clone();
            program.instructions[propagation].op = std::mem::replace(&mut program.instructions[at].op, propagate);
        }
    }
    program
}

#[cfg(test)]
mod tests {
    use super::super::distill::{for_new_nodes, train_over};
    use super::super::soft::Labelled;
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::model::{Architecture, Family};
    use crate::engine::sparsify::{EdgeMask, Masks};

    fn ops(program: &Program) -> Vec<String> {
        let of = |op: &Op| match op {
            Op::Matmul { weight, .. } => weight.clone(),
            Op::Propagate { step } => format!("propagate {step}"),
            Op::Attention { step, .. } => format!("attend {step}"),
            Op::Dropout { rate } => format!("drop {rate}"),
            _ => String::new(),
        };
        program.instructions.iter().map(|i| of(&i.op)).filter(|name| !name.is_empty()).collect()
    }

    #[test]
    fn training_multiplies_first_and_takes_given_coefficients_as_values() {
        let of = |family: Family, given: bool, dropout: f64| {
            let shape = Architecture { hidden: 4, dropout: 0.2, ..Architecture::new(family) };
            ops(&program(&Model::init(&shape, 5, 3, 0), given, dropout))
        };
        let sage = of(Family::Sage, true, 0.0);
        assert_eq!(
            sage,
            [
                "convs.0.lin_l.weight",
                "propagate 0",
                "convs.0.lin_r.weight",
                "convs.1.lin_l.weight",
                "propagate 1",
                "convs.1.lin_r.weight"
            ]
        );
        let gat = of(Family::Gat, true, 0.5);
        assert_eq!(gat, ["convs.0.lin_l.weight", "propagate 0", "drop 0.5", "convs.1.lin_l.weight", "propagate 1"]);
        let live = of(Family::Gat, false, 0.0);
        assert!(live.contains(&"attend 1".to_owned()) && live.contains(&"convs.1.lin_r.weight".to_owned()), "{live:?}");
    }

    fn graph(ctl: &Control) -> Dataset {
        let shape = PowerLaw { n_nodes: 150, n_entries: 900, n_features: 30, n_classes: 3, seed: 4 };
        power_law_communities(&shape, ctl).expect("possible")
    }

    fn whole(dataset: &Dataset, model: &Model) -> Masks {
        let edges = EdgeMask::keep_all(dataset.topology().n_entries(), model.architecture.n_graph_steps());
        Masks { edges, weights: model.weights().map(|w| WeightMask::from_elem(w.values.dim(), true)).collect() }
    }

    #[test]
    fn the_epoch_that_comes_closest_stays() {
        let ctl = Control::new(2).expect("workers");
        let dataset = graph(&ctl);
        let shape = Architecture { hidden: 8, ..Architecture::new(Family::Gcn) };
        let (model, recipe) = (Model::init(&shape, 30, 3, 1), Recipe { model: shape, ..Recipe::default() });
        let logits = |model: &Model| {
            let masks = whole(&dataset, model);
            super::super::produced::logits(&dataset, model, &recipe, &masks, &ctl).expect("finite")
        };
        // The model itself is wanted, so that training begins where it should end and can but lead away at first.
        let soft = logits(&model);
        let wanted = Wanted { soft: &soft, nodes: None, is_multi: false, labelled: None };
        let of = |n_epochs: usize| {
            let options = Options { stage: "testing", n_epochs, dropout: 0.0, feature_dropout: 0.0 };
            let trained = train_over(&dataset, &model, &recipe, &whole(&dataset, &model), &wanted, &options, &ctl);
            trained.expect("finite").0
        };
        let distances: Vec<f64> = (1..=20).map(|n| wanted.distance(&logits(&of(2 * n)))).collect();
        assert!(distances.windows(2).all(|pair| pair[1] <= pair[0]), "{distances:?}");
        // What the last epoch alone would give is farther somewhere.
        let options = Options { stage: "testing", n_epochs: 40, dropout: 0.0, feature_dropout: 0.0 };
        let far = Array2::from_shape_fn(soft.dim(), |(u, j)| ((u * 7 + j * 3) as f32).sin());
        let labels = dataset.labels().expect("drawn");
        let nodes: Vec<u32> = (0..dataset.n_nodes() as u32).collect();
        let labelled = Some(Labelled { labels, nodes: &nodes, share: 1.0 });
        // Labels alone are trained on, and the distance from something else decides: it falls and rises again.
        let wanted = Wanted { soft: &far, nodes: None, is_multi: false, labelled };
        let of = |n_epochs: usize| {
            let options = Options { n_epochs, ..options };
            let trained = train_over(&dataset, &model, &recipe, &whole(&dataset, &model), &wanted, &options, &ctl);
            wanted.distance(&logits(&trained.expect("finite").0))
        };
        let distances: Vec<f64> = (1..=20).map(|n| of(2 * n)).collect();
        assert!(distances.windows(2).all(|pair| pair[1] <= pair[0]), "{distances:?}");
    }

    #[test]
    fn for_new_nodes_labels_and_soft_answers_of_known_nodes_are_learnt_with_dropout() {
        let dataset = graph(&Control::new(1).expect("a worker"));
        let labels = dataset.labels().expect("drawn");
        let split = dataset.splits()[0].clone();
        let known: Vec<u32> = [split.train.as_slice(), split.val.as_slice()].concat();
        for family in [Family::Gcn, Family::Sage, Family::Sgc] {
            let mut shape = Architecture { hidden: 16, ..Architecture::new(family) };
            shape.hops = shape.hops.min(2);
            let (model, recipe) = (Model::init(&shape, 30, 3, 1), Recipe { model: shape, ..Recipe::default() });
            let mut masks = whole(&dataset, &model);
            masks.weights[0].indexed_iter_mut().for_each(|((i, j), kept)| *kept = (i + j) % 3 != 0);
            let soft = Array2::from_shape_fn((dataset.n_nodes(), 3), |(u, j)| if u % 3 == j { 2.0 } else { 0.0 });
            let train = |n_threads: usize, known: &[u32], soft: &Array2<f32>| {
                let labelled = Some(Labelled { labels, nodes: &split.train, share: 0.5 });
                let wanted = Wanted { soft, nodes: Some(known), is_multi: false, labelled };
                let ctl = Control::new(n_threads).expect("workers");
                let trained = train_over(&dataset, &model, &recipe, &masks, &wanted, &for_new_nodes(60), &ctl);
                let (trained, _) = trained.expect("finite");
                let logits = super::super::produced::logits(&dataset, &trained, &recipe, &masks, &ctl).expect("finite");
                (wanted.loss(&logits).0, trained)
            };
            let (before, _) = {
                let labelled = Some(Labelled { labels, nodes: &split.train, share: 0.5 });
                let wanted = Wanted { soft: &soft, nodes: Some(&known), is_multi: false, labelled };
                let ctl = Control::new(1).expect("a worker");
                wanted.loss(&super::super::produced::logits(&dataset, &model, &recipe, &masks, &ctl).expect("finite"))
            };
            let (after, trained) = train(1, &known, &soft);
            assert!(after < before, "{family:?}: {after} of {before}");
            for n_threads in [2, 4] {
                assert_eq!(train(n_threads, &known, &soft).1, trained, "{family:?}: the same bits");
            }
            // What is said of other nodes plays no part.
            let mut other = soft.clone();
            for u in &split.test {
                other.row_mut(*u as usize).fill(9.0);
            }
            assert_eq!(train(2, &known, &other).1, trained, "{family:?}");
            let kept = trained.weights().next().map(|w| w.values.mapv(|w| w != 0.0));
            assert_eq!(kept.as_ref(), Some(&masks.weights[0]), "{family:?}");
        }
    }
}
