//! Training under masks: weights learn to say what the unpruned model says while entries and weights go, little by little, and then without
//! them (gradual pruning, Zhu and Gupta 2017; soft answers, Hinton et al. 2015).
//!
//! Masks are chosen as the model stands, every few epochs, until all that is to be removed is removed; then they stay. Entries go by the
//! rank of their message within its row, so that every node keeps its strongest ones; kept rows have the sum they had, which for attention
//! is the softmax over what is kept. Weights go by their product with their input. No label is looked at. Attention is trained as it is; at
//! the end its coefficients are stored as values of the entries, so that what is stored is what was computed.

use std::sync::Arc;

use ndarray::Array2;

use super::follow::{Masking, Options, Set, follow};
use super::lockstep::spread;
use super::plan::Plan;
use super::produced::logits;
use super::reconstruct::lowest;
use super::side::Side;
use super::soft::Wanted;
use super::step::{ChosenStep, choose};
use super::units::{Form, Part, units};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features};
use crate::engine::kernels::{AttentionInput, Panels, Rows, column_norms, frobenius};
use crate::engine::model::elementwise::feature_rows;
use crate::engine::model::exec::hops::hops;
use crate::engine::model::exec::infer::{forward, infer};
use crate::engine::model::exec::operations::weight_at;
use crate::engine::model::exec::policy::{Policy, WeightAt};
use crate::engine::model::{Model, Op, Program, StepKind};
use crate::engine::sparsify::attention::attend;
use crate::engine::sparsify::baselines::Ramp;
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::pruned_operator::PrunedOperator;
use crate::engine::sparsify::trace_writer::{TraceWriter, relative_distance};
use crate::engine::sparsify::transform::product;
use crate::engine::sparsify::weight_pass::masked;
use crate::engine::sparsify::weights::trace_of;
use crate::engine::sparsify::{
    EdgeMask, EdgeTrace, EntryChoice, EntryValues, Masks, Pruned, Recipe, RecoveryRule, StepTrace, ValueRule,
    WeightMask, WeightTrace,
};

/// The part of all epochs in which what is removed grows.
const RAMP: f64 = 0.4;
/// Epochs from one choice of masks to the next, meanwhile.
const CHOOSE_EVERY: usize = 5;

/// What masks keep.
struct Chosen {
    steps: Vec<ChosenStep>,
    /// The same, to be propagated over.
    entries: Vec<PrunedOperator>,
    /// One per matrix that may be pruned.
    masks: Vec<WeightMask>,
}

/// Masks that grow with the epochs.
struct Gradual<'a> {
    dataset: &'a Dataset,
    recipe: &'a Recipe,
    rule: RecoveryRule,
    plan: &'a Plan,
    n_epochs: usize,
    program: Program,
    operators: OperatorSource,
    everything: PrunedOperator,
    /// For every matrix that may be pruned the step whose propagation it follows: its weights meet the input of that propagation.
    propagated_before: Vec<Option<usize>>,
    /// Matrices that nothing but attention's scores needs, by their place among all.
    is_for_scores: Vec<bool>,
    chosen: Option<Chosen>,
    is_final: bool,
}

/// Of what is to be removed, the share that is removed in epoch `epoch`, from 0, of `n_epochs`: `1 - (1 - t)³`, `t` the part of the ramp that
/// is over.
fn removed_share(epoch: usize, n_epochs: usize) -> f64 {
    // Whole epochs, so that even one epoch is trained over masks that stay.
    let ramp = (RAMP * n_epochs as f64).floor();
    if ramp > 0.0 { Ramp::Cubic.share(epoch as f64 / ramp) } else { 1.0 }
}

impl<'a> Gradual<'a> {
    fn new(
        dataset: &'a Dataset,
        model: &Model,
        recipe: &'a Recipe,
        rule: &RecoveryRule,
        plan: &'a Plan,
    ) -> Result<Self, EngineError> {
        let program = model.program().inference();
        let units = units(&program);
        let mut propagated_before = vec![None; model.weights().count()];
        let mut is_for_scores = vec![false; model.parameters.iter().filter(|p| p.is_matrix()).count()];
        for (at, instruction) in program.instructions.iter().enumerate() {
            let Op::Matmul { weight, .. } = &instruction.op else { continue };
            let weight = weight_at(model, weight)?.1;
            is_for_scores[weight.matrix] = units.parts[at] == Part::TargetOnly;
            let follows = units.list.iter().find(|unit| match unit.form {
                Form::PropagateFirst { matmul, .. } => matmul == at,
                _ => false,
            });
            if let (Some((_, idx)), Some(unit)) = (weight.prunable, follows) {
                propagated_before[idx] = Some(unit.step);
            }
        }
        let operators = OperatorSource::new(dataset, recipe);
        let everything = operators.all()?;
        Ok(Self {
            dataset,
            recipe,
            rule: while_trained(rule),
            plan,
            n_epochs: rule.train_epochs,
            program,
            operators,
            everything,
            propagated_before,
            is_for_scores,
            chosen: None,
            is_final: false,
        })
    }

    /// Chooses masks for `model` as it stands, with `share` of what is to be removed taken out.
    fn choose(&mut self, model: &Model, share: f64, ctl: &Control) -> Result<Set, EngineError> {
        let topology = self.dataset.topology();
        let n_removable = topology.n_entries() - topology.n_self_loops();
        let part = |n: usize| (share * n as f64).round() as usize;
        let plan = Plan {
            n_keep: self.plan.n_keep.iter().map(|n| n_removable - part(n_removable - n)).collect(),
            n_removed: self.plan.n_removed.iter().map(|n| part(*n)).collect(),
            masks: None,
            decided: None,
            channels: None,
            exempt: self.plan.exempt.clone(),
            nodes: None,
        };
        let masks = model.weights().map(|w| WeightMask::from_elem(w.values.dim(), true)).collect();
        let chosen = Chosen { steps: Vec::new(), entries: Vec::new(), masks };
        let mut choosing = Choosing { of: self, plan, norms_of_steps: Vec::new(), chosen };
        let input = if model.architecture.is_decoupled() {
            let mut embedding = hops(self.dataset.features(), &model.architecture, &mut choosing, ctl)?;
            if let Some(scaler) = &model.scaler {
                scaler.apply(&mut embedding, ctl)?;
            }
            Some(Features::Dense(embedding))
        } else {
            None
        };
        let rows = feature_rows(input.as_ref().unwrap_or_else(|| self.dataset.features()));
        infer(&self.program, model, rows, &mut choosing, ctl)?;
        let chosen = choosing.chosen;
        let set = Set { entries: chosen.entries.clone(), masks: chosen.masks.clone(), input };
        self.chosen = Some(chosen);
        Ok(set)
    }
}

/// While weights are trained there is no output to reconstruct: entries that would be chosen by it go by their rank, values that would be
/// fitted keep the sum of their row.
fn while_trained(rule: &RecoveryRule) -> RecoveryRule {
    let mut rule = rule.clone();
    if rule.entries == EntryChoice::Omp {
        rule.entries = EntryChoice::PerNode;
    }
    if rule.values == ValueRule::Ridge {
        rule.values = ValueRule::RowSum;
    }
    rule
}

impl Masking for Gradual<'_> {
    fn has_given_coefficients(&self) -> bool {
        false
    }

    fn before(&mut self, epoch: usize, model: &Model, ctl: &Control) -> Result<Option<Set>, EngineError> {
        let share = removed_share(epoch, self.n_epochs);
        let is_whole = share >= 1.0;
        if self.is_final || !(is_whole || epoch.is_multiple_of(CHOOSE_EVERY)) {
            return Ok(None);
        }
        self.is_final = is_whole;
        self.choose(model, share, ctl).map(Some)
    }

    fn is_final(&self) -> bool {
        self.is_final
    }
}

/// A forward pass in which every step and every matrix chooses what it keeps.
struct Choosing<'a> {
    of: &'a Gradual<'a>,
    /// How much stays and goes now.
    plan: Plan,
    /// Norms of the columns of what every step propagated.
    norms_of_steps: Vec<Vec<f32>>,
    chosen: Chosen,
}

impl Choosing<'_> {
    fn step(&mut self, step: usize, side: &Side<'_>, ctl: &Control) -> Result<&PrunedOperator, EngineError> {
        let of = self.of;
        self.norms_of_steps.push(column_norms(Rows::Dense(side.candidates.view()), ctl)?);
        let before = self.chosen.steps.last().map(|step| step.kept.as_slice());
        let chosen = choose(side, step, before, of.recipe, &of.rule, &self.plan, ctl)?;
        let operator = of.operators.select(true, |_| true, |_, k| chosen.kept[k])?.with_values(&chosen.values)?;
        self.chosen.steps.push(chosen);
        self.chosen.entries.push(operator);
        Ok(&self.chosen.entries[step])
    }
}

impl Policy for Choosing<'_> {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        _: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let Some((_, idx)) = weight.prunable else { return product(x, weight.values, ctl) };
        let n_removed = self.plan.n_removed[idx];
        if n_removed == 0 {
            return product(x, weight.values, ctl);
        }
        let norms = match self.of.propagated_before[idx] {
            Some(step) => self.norms_of_steps[step].clone(),
            None => column_norms(x.reborrow(), ctl)?,
        };
        let mut scores = weight.values.mapv(f32::abs);
        for (mut row, norm) in scores.rows_mut().into_iter().zip(norms) {
            row.mapv_inplace(|w| w * norm);
        }
        self.chosen.masks[idx] = lowest(&scores, n_removed).mapv(|is_removed| !is_removed);
        product(x, &masked(weight.values, &self.chosen.masks[idx]), ctl)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let of = self.of;
        let (topology, values) = (of.dataset.topology(), of.everything.values());
        let side = Side { topology, candidates: x, targets: x, values, heads: 1 };
        self.step(step, &side, ctl)?.propagate(x, ctl)
    }

    fn propagate_max(&mut self, _: usize, _: &Array2<f32>, _: &Control) -> Result<Array2<f32>, EngineError> {
        unreachable!("recovery refuses the maximum of neighbours")
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let of = self.of;
        let all = attend(&of.everything, None, input, ctl)?.coefficients;
        let Some(values) = all.as_slice() else { unreachable!("coefficients lie row by row") };
        let topology = of.dataset.topology();
        let side = Side { topology, candidates: input.source, targets: input.source, values, heads: input.heads() };
        self.step(step, &side, ctl)?.propagate(input.source, ctl)
    }
}

/// A forward pass over what was chosen that traces what happens, with attention's coefficients as they are now.
struct Tracing<'a> {
    of: &'a Gradual<'a>,
    chosen: &'a Chosen,
    /// What the kept entries of every step are multiplied with.
    values: Vec<Array2<f32>>,
    writer: TraceWriter<'a>,
}

impl Tracing<'_> {
    fn step(&mut self, step: usize, values: Array2<f32>, is_attention: bool) {
        let ChosenStep { kept, trace, .. } = &self.chosen.steps[step];
        let coefficients = is_attention.then(|| Arc::new(spread(kept, &values)));
        self.writer.edges(EdgeTrace { coefficients, ..trace.clone().of_width(trace.width, is_attention) });
        self.values.push(values);
    }
}

impl Policy for Tracing<'_> {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        _: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let n_macs = (x.n_stored() * weight.values.ncols()) as u64;
        match weight.prunable {
            _ if self.of.is_for_scores[weight.matrix] => self.writer.left_out(n_macs),
            Some((layer, idx)) => {
                let requested = self.of.recipe.delta_w(layer);
                let trace = trace_of(weight.values, &self.chosen.masks[idx], x.reborrow(), requested);
                self.writer.weights(WeightTrace { idx, name: weight.name.to_owned(), ..trace });
            }
            None => self.writer.unpruned_product(n_macs),
        }
        product(x, weight.values, ctl)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.step(step, self.chosen.steps[step].values.clone(), false);
        self.chosen.entries[step].propagate(x, ctl)
    }

    fn propagate_max(&mut self, _: usize, _: &Array2<f32>, _: &Control) -> Result<Array2<f32>, EngineError> {
        unreachable!("recovery refuses the maximum of neighbours")
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let attended = attend(&self.chosen.entries[step], None, input, ctl)?;
        let out = attended.gather(input.source, ctl)?;
        self.step(step, attended.coefficients, true);
        Ok(out)
    }

    fn finished(&mut self, kind: StepKind, idx: usize, output: &Array2<f32>) {
        let relative_error = self.writer.reference().map(|unpruned| relative_distance(output, unpruned));
        self.writer.finish_step(kind, idx, output.ncols(), relative_error, frobenius(output));
    }

    fn finished_hop(&mut self, idx: usize, output: &Panels, ctl: &Control) -> Result<(), EngineError> {
        let output = output.to_rows(None, ctl)?;
        self.finished(StepKind::Hop, idx, &output);
        Ok(())
    }
}

/// Trains `model` under masks for as many epochs as `rule` says, towards `unpruned`, and decides the masks on the way.
/// `unpruned: [n, n_classes]`
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn train(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    rule: &RecoveryRule,
    plan: &Plan,
    unpruned: &Array2<f32>,
    ctl: &Control,
) -> Result<Pruned, EngineError> {
    let is_multi = dataset.labels().is_some_and(|labels| labels.tags().is_some());
    let wanted = Wanted { soft: unpruned, nodes: plan.nodes.as_deref(), is_multi, labelled: None };
    let (n_epochs, stage) = (rule.train_epochs, "training under masks");
    let options = Options { stage, n_epochs, dropout: 0.0, feature_dropout: 0.0 };
    let mut gradual = Gradual::new(dataset, model, recipe, rule, plan)?;
    let (trained, training) = follow(dataset, model, recipe, &wanted, &options, &mut gradual, ctl)?;
    let quiet = ctl.quiet();
    let Some(chosen) = gradual.chosen.take() else { unreachable!("masks were chosen before the first epoch") };
    let (values, steps) = traced(&gradual, &chosen, model, &trained, &quiet)?;
    let kept = chosen.steps.into_iter().map(|step| step.kept).collect();
    let edges = EdgeMask::of_steps(kept, Some(EntryValues { steps: values }), dataset.topology())?;
    let masks = Masks { edges, weights: chosen.masks };
    let model = Arc::new(trained);
    let logits = logits(dataset, &model, recipe, &masks, &quiet)?;
    Ok(Pruned {
        masks,
        model,
        logits,
        steps,
        embedding: None,
        arrivals: None,
        training: Some(training),
        channels: Vec::new(),
    })
}

/// Values of the kept entries, and what happened in every step, against the unpruned `model`.
fn traced(
    gradual: &Gradual<'_>,
    chosen: &Chosen,
    model: &Model,
    trained: &Model,
    ctl: &Control,
) -> Result<(Vec<Array2<f32>>, Vec<StepTrace>), EngineError> {
    let features = gradual.dataset.features();
    let mut unpruned = MaskedInference::unpruned(gradual.dataset, gradual.recipe, ctl)?;
    unpruned.outputs = Some(Vec::new());
    forward(&gradual.program, model, features, &mut unpruned, ctl)?;
    let reference = unpruned.outputs.unwrap_or_default();
    let writer = TraceWriter::new(Some(&reference));
    let mut tracing = Tracing { of: gradual, chosen, values: Vec::new(), writer };
    forward(&gradual.program, trained, features, &mut tracing, ctl)?;
    Ok((tracing.values, tracing.writer.into_steps()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities, resolve_split};
    use crate::engine::model::{Architecture, Family};
    use crate::engine::sparsify::{EdgeMode, WeightMode};

    #[test]
    fn the_removed_share_grows_as_a_cube_over_the_first_two_fifths() {
        for (epoch, expected) in [(0, 0.0), (50, 1.0 - 0.125), (75, 1.0 - 0.015_625), (99, 1.0 - 1e-6), (100, 1.0)] {
            assert!((removed_share(epoch, 250) - expected).abs() < 1e-12, "{epoch}: {}", removed_share(epoch, 250));
        }
        assert!(removed_share(2, 250) > 0.0 && removed_share(249, 250) >= 1.0);
        assert!(removed_share(1, 1) >= 1.0 && removed_share(0, 0) >= 1.0);
    }

    /// A drawn graph, a GraphSAGE, and what training for `n_epochs` is to keep where `entries` of the entries and half of the weights go.
    fn setting(
        shape: &PowerLaw,
        n_epochs: usize,
        entries: f64,
    ) -> (Arc<Dataset>, Arc<Model>, RecoveryRule, Recipe, Plan) {
        let ctl = Control::new(1).expect("a worker");
        let dataset = power_law_communities(shape, &ctl).expect("possible").shared();
        let network = Architecture { hidden: 8, ..Architecture::new(Family::Sage) };
        let model = Arc::new(Model::init(&network, shape.n_features, shape.n_classes, 1));
        let rule = RecoveryRule { train_epochs: n_epochs, ..RecoveryRule::default() };
        let mut recipe = Recipe { model: network, recovery: Some(rule.clone()), ..Recipe::default() };
        (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![entries]);
        (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.5]);
        let split = resolve_split(&dataset, &recipe.split, 1).expect("a split");
        let plan = Plan::of(&dataset, &model, &recipe, &rule, &split, &ctl).expect("a plan");
        (dataset, model, rule, recipe, plan)
    }

    #[test]
    fn masks_are_chosen_every_five_epochs_as_the_share_grows_and_stay_once_all_is_removed() {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 120, n_entries: 900, n_features: 20, n_classes: 3, seed: 5 };
        let (dataset, model, rule, recipe, plan) = setting(&shape, 30, 0.5);
        let mut gradual = Gradual::new(&dataset, &model, &recipe, &rule, &plan).expect("a network that is known");
        let mut chosen_at = Vec::new();
        for epoch in 0..30 {
            let set = gradual.before(epoch, &model, &ctl).expect("finite");
            let Some(set) = set else { continue };
            let share = removed_share(epoch, 30);
            let topology = dataset.topology();
            let n_removable = topology.n_entries() - topology.n_self_loops();
            for (entries, n_keep) in set.entries.iter().zip(&plan.n_keep) {
                let expected = (share * (n_removable - n_keep) as f64).round() as usize;
                assert_eq!(topology.n_entries() - entries.n_active_entries(), expected, "epoch {epoch}");
                // Kept rows have the sum they had: 1.
                for ends in entries.structure().indptr.windows(2) {
                    let sum: f32 = entries.values()[ends[0]..ends[1]].iter().sum();
                    assert!((sum - 1.0).abs() < 1e-5, "epoch {epoch}: {sum}");
                }
            }
            for (mask, n_removed) in set.masks.iter().zip(&plan.n_removed) {
                let found = mask.iter().filter(|kept| !**kept).count();
                assert_eq!(found, (share * *n_removed as f64).round() as usize, "epoch {epoch}");
            }
            assert_eq!(gradual.is_final(), epoch >= 12, "epoch {epoch}");
            chosen_at.push(epoch);
        }
        assert_eq!(chosen_at, [0, 5, 10, 12]);
    }

    /// By the slow way: every entry of a row by its message, every weight by its product with the layer's input.
    #[test]
    fn entries_go_by_their_rank_in_the_row_and_weights_by_the_norm_of_the_layers_input() {
        let ctl = Control::new(1).expect("a worker");
        let shape = PowerLaw { n_nodes: 60, n_entries: 500, n_features: 12, n_classes: 3, seed: 2 };
        let (dataset, model, rule, recipe, plan) = setting(&shape, 1, 0.6);
        let mut gradual = Gradual::new(&dataset, &model, &recipe, &rule, &plan).expect("a network that is known");
        let set = gradual.before(0, &model, &ctl).expect("finite").expect("chosen at once");
        let (topology, x) = (dataset.topology(), dataset.features().to_dense());
        let norm = |v: u32| x.row(v as usize).dot(&x.row(v as usize)).sqrt();
        let mut ranked = Vec::new();
        for u in 0..topology.n_nodes() {
            let mut row: Vec<(usize, f32)> = topology
                .row_range(u)
                .filter(|k| topology.indices()[*k] as usize != u)
                .map(|k| (k, norm(topology.indices()[k])))
                .collect();
            row.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            ranked.extend(row.into_iter().enumerate().map(|(rank, (k, _))| (rank, k)));
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        let last = ranked[plan.n_keep[0]].0;
        let kept: Vec<usize> = set.entries[0].entries().map(|k| k as usize).collect();
        for (rank, k) in &ranked {
            if *rank != last {
                assert_eq!(kept.contains(k), *rank < last, "entry {k} of rank {rank}");
            }
        }
        // Both matrices of the first layer meet the features, whatever was propagated.
        for (idx, weight) in model.weights().enumerate().take(2) {
            let norms: Vec<f32> = x.columns().into_iter().map(|c| c.dot(&c).sqrt()).collect();
            let mut scores: Vec<f32> = weight.values.indexed_iter().map(|((j, _), w)| w.abs() * norms[j]).collect();
            let of = scores.clone();
            scores.sort_by(f32::total_cmp);
            let cut = scores[plan.n_removed[idx] - 1];
            assert!(set.masks[idx].iter().zip(&of).all(|(kept, score)| *kept == (*score > cut)), "matrix {idx}");
        }
    }
}
