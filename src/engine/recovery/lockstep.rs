//! The unpruned and the pruned network side by side, operation by operation: where they part, the pruned one is fitted.

use std::sync::Arc;

use ndarray::{Array2, Axis, s};

use super::gram::{FitRows, rows_of};
use super::plan::Plan;
use super::reconstruct::{self, Removal};
use super::side::Side;
use super::step::choose;
use super::units::{Form, Part, Unit, Units, units};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::kernels::{AttentionInput, Rows, frobenius};
use crate::engine::model::batch_norm::EPS;
use crate::engine::model::elementwise::dense_rows;
use crate::engine::model::exec::operations::{of_rows, weight_at};
use crate::engine::model::lookup::{number, parameter};
use crate::engine::model::{Model, Op, Program, StepKind};
use crate::engine::sparsify::attention::attend;
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::pruned_operator::PrunedOperator;
use crate::engine::sparsify::trace::count_macs;
use crate::engine::sparsify::trace_writer::relative_distance;
use crate::engine::sparsify::transform::product;
use crate::engine::sparsify::weight_pass::masked;
use crate::engine::sparsify::weights::trace_of;
use crate::engine::sparsify::{EdgeTrace, Recipe, RecoveryRule, StepTrace, WeightMask, WeightRecovery, WeightTrace};

/// What both networks begin with. `[n, d_in]`
pub(super) struct Inputs<'a> {
    pub(super) unpruned: Rows<'a>,
    pub(super) pruned: Rows<'a>,
    /// Whether they are the same.
    pub(super) is_same: bool,
}

/// What a run of both gives.
pub(super) struct Done {
    /// The model with what was fitted.
    pub(super) model: Model,
    pub(super) masks: Vec<WeightMask>,
    /// For every step which entries it keeps, and their values.
    pub(super) kept: Vec<Vec<bool>>,
    pub(super) values: Vec<Array2<f32>>,
    pub(super) steps: Vec<StepTrace>,
}

/// A value of either network; the input stands for itself.
type Slot = Option<Arc<Array2<f32>>>;

/// Both networks, on their way.
pub(super) struct Lockstep<'a> {
    dataset: &'a Dataset,
    /// As given.
    model: &'a Model,
    recipe: &'a Recipe,
    rule: &'a RecoveryRule,
    plan: &'a Plan,
    inputs: Inputs<'a>,
    program: Program,
    units: Units,
    operators: OperatorSource,
    everything: PrunedOperator,
    unpruned: Vec<Slot>,
    pruned: Vec<Slot>,
    n_reads: Vec<usize>,
    done: Done,
    pending_edges: Option<EdgeTrace>,
    pending_weights: Vec<WeightTrace>,
    pending_macs: u64,
    /// Operations that the unpruned network alone needs.
    pending_left_out: u64,
}

impl<'a> Lockstep<'a> {
    pub(super) fn new(
        dataset: &'a Dataset,
        model: &'a Model,
        recipe: &'a Recipe,
        rule: &'a RecoveryRule,
        plan: &'a Plan,
        inputs: Inputs<'a>,
    ) -> Result<Self, EngineError> {
        let program = model.program().inference();
        let units = units(&program);
        let operators = OperatorSource::new(dataset, recipe);
        let everything = operators.all()?;
        let mut n_reads = program.n_reads();
        // The input of a product that waits for its propagation stays until then.
        for unit in &units.list {
            if let Form::TransformFirst { matmul, .. } = unit.form {
                n_reads[program.instructions[matmul].inputs[0]] += 1;
            }
            let waits = match unit.form {
                Form::PropagateFirst { .. } | Form::TransformFirst { .. } => None,
                Form::Mixed { sum, .. } => Some(sum),
                Form::Alone { sum } => sum,
            };
            if let Some(sum) = waits {
                n_reads[program.instructions[sum].inputs[1]] += 1;
            }
        }
        // Without the channels that go as a whole, whatever else is removed.
        let (start, masks) = match &plan.channels {
            Some(channels) => (channels.start.clone(), channels.open.clone()),
            None => (model.clone(), model.weights().map(|p| WeightMask::from_elem(p.values.dim(), true)).collect()),
        };
        let n_values = program.n_values();
        Ok(Self {
            dataset,
            model,
            recipe,
            rule,
            plan,
            inputs,
            program,
            units,
            operators,
            everything,
            unpruned: vec![None; n_values],
            pruned: vec![None; n_values],
            n_reads,
            done: Done { model: start, masks, kept: Vec::new(), values: Vec::new(), steps: Vec::new() },
            pending_edges: None,
            pending_weights: Vec::new(),
            pending_macs: 0,
            pending_left_out: 0,
        })
    }

    /// Runs both to the end.
    ///
    /// # Errors
    /// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
    pub(super) fn run(mut self, ctl: &Control) -> Result<Done, EngineError> {
        let n = self.program.instructions.len();
        let mut next_layer = 0;
        for at in 0..n {
            ctl.check()?;
            ctl.progress("recovering", at, n);
            match self.units.parts[at] {
                Part::Propagation(unit) => self.propagate_unit(self.units.list[unit], ctl)?,
                Part::BeforePropagation | Part::TargetOnly => {
                    let value = self.apply(at, false, ctl)?;
                    if let (Part::TargetOnly, Op::Matmul { .. }) =
                        (self.units.parts[at], &self.program.instructions[at].op)
                    {
                        let n_stored = self.rows(self.input(at, 0), false).n_stored();
                        self.pending_left_out += (n_stored * value.ncols()) as u64;
                    }
                    self.unpruned[at + 1] = Some(Arc::new(value));
                }
                Part::Plain => self.plain(at, ctl)?,
                Part::Fitted | Part::FittedBias => self.both(at, ctl)?,
            }
            for value in self.program.instructions[at].inputs.clone() {
                self.release(value);
            }
            while let Some(end) = self.program.layers.get(next_layer).copied().filter(|end| end.after == at + 1) {
                self.end_layer(end.kind, next_layer, end.value);
                next_layer += 1;
            }
        }
        Ok(self.done)
    }

    fn release(&mut self, value: usize) {
        self.n_reads[value] = self.n_reads[value].saturating_sub(1);
        if self.n_reads[value] == 0 {
            (self.unpruned[value], self.pruned[value]) = (None, None);
        }
    }

    /// A value as it is stored.
    fn rows(&self, value: usize, is_pruned: bool) -> Rows<'_> {
        let (slots, input) =
            if is_pruned { (&self.pruned, &self.inputs.pruned) } else { (&self.unpruned, &self.inputs.unpruned) };
        match &slots[value] {
            Some(value) => Rows::Dense(value.view()),
            None => input.reborrow(),
        }
    }

    fn dense(&self, value: usize, is_pruned: bool) -> Array2<f32> {
        dense_rows(&self.rows(value, is_pruned))
    }

    fn input(&self, at: usize, nth: usize) -> usize {
        self.program.instructions[at].inputs.get(nth).copied().unwrap_or(Program::INPUT)
    }

    /// What instruction `at` gives in one of the networks, propagations left out.
    fn apply(&self, at: usize, is_pruned: bool, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let model = if is_pruned { &self.done.model } else { self.model };
        let x = self.input(at, 0);
        match &self.program.instructions[at].op {
            Op::Matmul { weight, .. } => product(self.rows(x, is_pruned), &parameter(model, weight)?.1.values, ctl),
            op => {
                let inputs = self.program.instructions[at].inputs.iter();
                of_rows(model, op, inputs.map(|part| Arc::new(self.dense(*part, is_pruned))).collect(), ctl)
            }
        }
    }

    /// Runs an instruction in both networks as they are.
    fn both(&mut self, at: usize, ctl: &Control) -> Result<(), EngineError> {
        let unpruned = self.apply(at, false, ctl)?;
        let pruned = self.apply(at, true, ctl)?;
        (self.unpruned[at + 1], self.pruned[at + 1]) = (Some(Arc::new(unpruned)), Some(Arc::new(pruned)));
        Ok(())
    }

    /// An instruction that no propagation takes along: products are fitted, bias and normalisation moved.
    fn plain(&mut self, at: usize, ctl: &Control) -> Result<(), EngineError> {
        let x = self.input(at, 0);
        match self.program.instructions[at].op.clone() {
            Op::Matmul { weight, .. } => {
                let target = self.apply(at, false, ctl)?;
                let rows = FitRows::of(self.rows(x, true));
                let is_same = x == Program::INPUT && self.inputs.is_same;
                self.fit(&[&weight], &rows, &target, is_same, ctl)?;
                let measured = self.rows(x, true);
                let measured = FitRows::of(measured);
                self.note_product(&weight, &measured)?;
                self.unpruned[at + 1] = Some(Arc::new(target));
                let pruned = self.apply(at, true, ctl)?;
                self.pruned[at + 1] = Some(Arc::new(pruned));
                return Ok(());
            }
            Op::Bias { bias } if self.rule.moments => {
                let shift = self.mean_difference(&self.dense(x, false), &self.dense(x, true));
                self.shift_bias(&bias, &shift)?;
            }
            Op::BatchNorm { name } if self.rule.moments => {
                let (unpruned, pruned) = (self.dense(x, false), self.dense(x, true));
                self.match_moments(&name, &unpruned, &pruned)?;
            }
            _ => {}
        }
        self.both(at, ctl)
    }

    fn picked(&self, x: &Array2<f32>) -> Array2<f32> {
        match &self.plan.nodes {
            Some(nodes) => rows_of(x.view(), nodes),
            None => x.clone(),
        }
    }

    /// Column means of `a - b` over the nodes that are looked at.
    fn mean_difference(&self, a: &Array2<f32>, b: &Array2<f32>) -> Vec<f64> {
        let (a, b) = (moments(&self.picked(a)).0, moments(&self.picked(b)).0);
        a.iter().zip(&b).map(|(a, b)| a - b).collect()
    }

    fn shift_bias(&mut self, name: &str, shift: &[f64]) -> Result<(), EngineError> {
        let at = parameter(&self.done.model, name)?.0;
        let values = &mut self.done.model.parameters[at].values;
        values.iter_mut().zip(shift).for_each(|(b, shift)| *b = (f64::from(*b) + shift) as f32);
        Ok(())
    }

    /// Changes running statistics so that what is normalised has the mean and variance of the unpruned network.
    fn match_moments(&mut self, name: &str, unpruned: &Array2<f32>, pruned: &Array2<f32>) -> Result<(), EngineError> {
        let (mean, variance) = moments(&self.picked(unpruned));
        let (found, spread) = moments(&self.picked(pruned));
        let model = &mut self.done.model;
        let mean_at = parameter(model, &format!("{name}.running_mean"))?.0;
        let var_at = parameter(model, &format!("{name}.running_var"))?.0;
        for c in 0..mean.len() {
            let scale = if spread[c] > 1e-12 && variance[c] > 0.0 { (variance[c] / spread[c]).sqrt() } else { 1.0 };
            let running = f64::from(model.parameters[mean_at].values[[0, c]]);
            model.parameters[mean_at].values[[0, c]] = ((running - mean[c] + scale * found[c]) / scale) as f32;
            let running = f64::from(model.parameters[var_at].values[[0, c]]);
            let eps = f64::from(EPS);
            model.parameters[var_at].values[[0, c]] = ((running + eps) / (scale * scale) - eps).max(0.0) as f32;
        }
        Ok(())
    }

    /// Fits matrices that stand on top of one another, `rows` being their inputs side by side, so that they give `target`. `is_exact` where
    /// the inputs are the unpruned network's, so that only what is removed needs to be made up for.
    fn fit(
        &mut self,
        names: &[&str],
        rows: &FitRows,
        target: &Array2<f32>,
        is_exact: bool,
        ctl: &Control,
    ) -> Result<(), EngineError> {
        if self.rule.weights == WeightRecovery::AsIs {
            return names.iter().try_for_each(|name| self.mask_as_planned(name));
        }
        let mut sizes = Vec::new();
        let (mut n_removed, mut stacked, mut masks, mut open) = (0, Vec::new(), Vec::new(), Vec::new());
        for name in names {
            let (_, weight) = weight_at(&self.done.model, name)?;
            let idx = weight.prunable.map(|(_, idx)| idx);
            sizes.push((idx, weight.values.nrows()));
            n_removed += idx.map_or(0, |idx| self.plan.n_removed[idx]);
            stacked.push(weight.values.view());
            let whole = || WeightMask::from_elem(weight.values.dim(), true);
            if self.plan.decided.is_some() {
                let decided = idx.and_then(|idx| self.plan.decided_weights(idx)).cloned();
                masks.push(decided.unwrap_or_else(whole));
            }
            if let Some(channels) = &self.plan.channels {
                open.push(idx.map_or_else(whole, |idx| channels.open[idx].clone()));
            }
        }
        if is_exact && n_removed == 0 {
            return Ok(());
        }
        let stacked = ndarray::concatenate(Axis(0), &stacked).unwrap_or_default().as_standard_layout().into_owned();
        let rows = rows.clone().of_nodes(self.plan.nodes.as_deref());
        let masks: Vec<_> = masks.iter().map(|mask| mask.view()).collect();
        let mask = (!masks.is_empty()).then(|| ndarray::concatenate(Axis(0), &masks).unwrap_or_default());
        let removal = mask.as_ref().map_or(Removal::Number(n_removed), Removal::Mask);
        let open: Vec<_> = open.iter().map(|mask| mask.view()).collect();
        let fitted = if open.is_empty() {
            reconstruct::fit(&rows, &self.picked(target), &stacked, removal, ctl)?
        } else {
            let open = ndarray::concatenate(Axis(0), &open).unwrap_or_default();
            reconstruct::fit_open(&rows, &self.picked(target), &stacked, removal, &open, ctl)?
        };
        let mut first = 0;
        for (name, (prunable, height)) in names.iter().zip(sizes) {
            let at = parameter(self.model, name)?.0;
            let part = s![first..first + height, ..];
            self.done.model.parameters[at].values.assign(&fitted.weight.slice(part));
            if let Some(idx) = prunable {
                self.done.masks[idx].assign(&fitted.mask.slice(part));
            }
            first += height;
        }
        Ok(())
    }

    /// The mask that the recipe's own rule decided, values as they are.
    fn mask_as_planned(&mut self, name: &str) -> Result<(), EngineError> {
        let (at, weight) = weight_at(&self.done.model, name)?;
        let Some((_, idx)) = weight.prunable else { return Ok(()) };
        let is_whole = self.rule.last_matrix_whole && self.plan.n_removed[idx] == 0;
        let Some(mask) = self.plan.masks.as_ref().map(|masks| &masks.weights[idx]).filter(|_| !is_whole) else {
            return Ok(());
        };
        let mask = match &self.plan.channels {
            Some(channels) => mask & &channels.open[idx],
            None => mask.clone(),
        };
        self.done.model.parameters[at].values = masked(weight.values, &mask);
        self.done.masks[idx] = mask;
        Ok(())
    }

    /// Traces what became of a matrix that met `x`.
    fn note_product(&mut self, name: &str, x: &FitRows) -> Result<(), EngineError> {
        let (_, weight) = weight_at(&self.done.model, name)?;
        let Some((layer, idx)) = weight.prunable else {
            self.pending_macs += (x.rows().n_stored() * weight.values.ncols()) as u64;
            return Ok(());
        };
        let trace = trace_of(weight.values, &self.done.masks[idx], x.rows(), self.recipe.delta_w(layer));
        self.pending_weights.push(WeightTrace { idx, name: weight.name.to_owned(), ..trace });
        Ok(())
    }

    fn weight_name(&self, at: usize) -> String {
        match &self.program.instructions[at].op {
            Op::Matmul { weight, .. } => weight.clone(),
            _ => String::new(),
        }
    }

    fn bias_name(&self, at: Option<usize>) -> Option<String> {
        match at.map(|at| &self.program.instructions[at].op) {
            Some(Op::Bias { bias }) => Some(bias.clone()),
            _ => None,
        }
    }

    /// A propagation with the products around it.
    fn propagate_unit(&mut self, unit: Unit, ctl: &Control) -> Result<(), EngineError> {
        match unit.form {
            Form::TransformFirst { matmul, bias } => self.transform_first(unit, matmul, bias, ctl),
            Form::PropagateFirst { matmul, bias, own, .. } => self.propagate_first(unit, matmul, bias, own, ctl),
            Form::Mixed { sum, matmul } => self.mixed(unit, sum, Some(matmul), ctl),
            Form::Alone { sum } => self.mixed(unit, sum.unwrap_or(usize::MAX), None, ctl),
        }
    }

    fn transform_first(
        &mut self,
        unit: Unit,
        matmul: usize,
        bias: Option<usize>,
        ctl: &Control,
    ) -> Result<(), EngineError> {
        let (source, x) = (self.input(unit.propagation, 0), self.input(matmul, 0));
        let (name, bias) = (self.weight_name(matmul), self.bias_name(bias));
        let at = parameter(self.model, &name)?.0;
        // Weights that the recipe's rule removes are removed before entries are chosen.
        if self.rule.weights == WeightRecovery::AsIs {
            self.mask_as_planned(&name)?;
        }
        let values = self.done.model.parameters[at].values.clone();
        let bias_values = match &bias {
            Some(name) => Some(parameter(self.model, name)?.1.values.row(0).to_owned()),
            None => None,
        };
        let with_bias = |mut x: Array2<f32>| {
            if let Some(bias) = &bias_values {
                x += bias;
            }
            x
        };
        let candidates = with_bias(product(self.rows(x, true), &values, ctl)?);
        // The unpruned propagation: its values and what it gives.
        let (entry_values, target, heads) =
            if let Op::Attention { vectors, .. } = &self.program.instructions[unit.propagation].op {
                let vectors = vectors.iter().map(|v| Ok(parameter(self.model, v)?.1.values.clone()));
                let vectors = vectors.collect::<Result<Vec<_>, EngineError>>()?;
                let source_value = self.dense(source, false);
                let other = self.program.instructions[unit.propagation].inputs.get(1).map(|v| self.dense(*v, false));
                let attention = AttentionInput { source: &source_value, target: other.as_ref(), vectors: &vectors };
                let attended = attend(&self.everything, None, &attention, ctl)?;
                let target = attended.gather(&source_value, ctl)?;
                let heads = attended.coefficients.ncols();
                (attended.coefficients.iter().copied().collect::<Vec<f32>>(), target, heads)
            } else {
                let target = self.everything.propagate(&self.dense(source, false), ctl)?;
                (self.everything.values().to_vec(), target, 1)
            };
        let operator = self.choose(unit, &candidates, &target, &entry_values, heads, ctl)?;
        if self.rule.weights == WeightRecovery::Obs {
            // What the propagation makes of the bias inside it is not for the weights to explain.
            let explained = match &bias_values {
                Some(bias) => {
                    let mut ones = Array2::zeros(target.dim());
                    ones += bias;
                    &target - &operator.propagate(&ones, ctl)?
                }
                None => target.clone(),
            };
            if heads == 1 {
                let rows = FitRows::propagated(&operator, self.rows(x, true), ctl)?;
                self.fit(&[&name], &rows, &explained, false, ctl)?;
            } else {
                self.fit_heads(unit.step, x, &name, &explained, heads, ctl)?;
            }
        }
        let measured = FitRows::of(self.rows(x, true));
        self.note_product(&name, &measured)?;
        let values = self.done.model.parameters[at].values.clone();
        let moved = with_bias(product(self.rows(x, true), &values, ctl)?);
        let pruned = operator.propagate(&moved, ctl)?;
        (self.unpruned[unit.propagation + 1], self.pruned[unit.propagation + 1]) =
            (Some(Arc::new(target)), Some(Arc::new(pruned)));
        self.release(x);
        Ok(())
    }

    /// Every head has values of its own, and so a fit of its own.
    fn fit_heads(
        &mut self,
        step: usize,
        x: usize,
        name: &str,
        target: &Array2<f32>,
        heads: usize,
        ctl: &Control,
    ) -> Result<(), EngineError> {
        let (at, weight) = weight_at(self.model, name)?;
        let (prunable, start) = (weight.prunable, weight.values.clone());
        let n_removed = prunable.map_or(0, |(_, idx)| self.plan.n_removed[idx]);
        let channels = start.ncols() / heads;
        let kept = &self.done.kept[step];
        let plain = self.operators.select(false, |_| true, |_, k| kept[k])?;
        for h in 0..heads {
            let columns = s![.., h * channels..(h + 1) * channels];
            let values = self.done.values[step].column(h).to_owned().insert_axis(Axis(1));
            let rows = FitRows::propagated(&plain.with_values(&values)?, self.rows(x, true), ctl)?;
            let rows = rows.of_nodes(self.plan.nodes.as_deref());
            let share = n_removed * (h + 1) / heads - n_removed * h / heads;
            let decided = prunable.and_then(|(_, idx)| self.plan.decided_weights(idx));
            let mask = decided.map(|mask| mask.slice(columns).as_standard_layout().into_owned());
            let removal = mask.as_ref().map_or(Removal::Number(share), Removal::Mask);
            let target = self.picked(&target.slice(columns).to_owned());
            let fitted = reconstruct::fit(&rows, &target, &start.slice(columns).to_owned(), removal, ctl)?;
            self.done.model.parameters[at].values.slice_mut(columns).assign(&fitted.weight);
            if let Some((_, idx)) = prunable {
                self.done.masks[idx].slice_mut(columns).assign(&fitted.mask);
            }
        }
        Ok(())
    }

    fn propagate_first(
        &mut self,
        unit: Unit,
        matmul: usize,
        bias: Option<usize>,
        own: Option<usize>,
        ctl: &Control,
    ) -> Result<(), EngineError> {
        let x = self.input(unit.propagation, 0);
        let (name, own_name) = (self.weight_name(matmul), own.map(|own| self.weight_name(own)));
        if self.rule.weights == WeightRecovery::AsIs {
            self.mask_as_planned(&name)?;
            own_name.iter().try_for_each(|name| self.mask_as_planned(name))?;
        }
        let values = |model: &Model, name: &str| Ok::<_, EngineError>(parameter(model, name)?.1.values.clone());
        let propagated = self.everything.propagate(&self.dense(x, false), ctl)?;
        // What neighbours and the node itself give together, without the bias.
        let mut whole = product(Rows::Dense(propagated.view()), &values(self.model, &name)?, ctl)?;
        let mut target = whole.clone();
        if let Some(own) = &own_name {
            whole += &product(self.rows(x, false), &values(self.model, own)?, ctl)?;
            target = &whole - &product(self.rows(x, true), &values(&self.done.model, own)?, ctl)?;
        }
        let candidates = product(self.rows(x, true), &values(&self.done.model, &name)?, ctl)?;
        let entry_values = self.everything.values().to_vec();
        let operator = self.choose(unit, &candidates, &target, &entry_values, 1, ctl)?;
        let rows = FitRows::propagated(&operator, self.rows(x, true), ctl)?;
        let own_rows = FitRows::of(self.rows(x, true));
        if self.rule.weights == WeightRecovery::Obs {
            match &own_name {
                Some(own) => self.fit(&[&name, own], &rows.beside(&own_rows), &whole, false, ctl)?,
                None => self.fit(&[&name], &rows, &whole, false, ctl)?,
            }
        }
        self.note_product(&name, &rows)?;
        let mut given = product(rows.rows(), &values(&self.done.model, &name)?, ctl)?;
        if let Some(own) = &own_name {
            self.note_product(own, &own_rows)?;
            given += &product(own_rows.rows(), &values(&self.done.model, own)?, ctl)?;
        }
        if let (Some(bias), true) = (self.bias_name(bias), self.rule.moments) {
            let shift = self.mean_difference(&whole, &given);
            self.shift_bias(&bias, &shift)?;
        }
        let pruned = dense_rows(&rows.rows());
        (self.unpruned[unit.propagation + 1], self.pruned[unit.propagation + 1]) =
            (Some(Arc::new(propagated)), Some(Arc::new(pruned)));
        Ok(())
    }

    /// `a T̂ x + b y`, in the space of the product behind it where there is one.
    fn mixed(&mut self, unit: Unit, sum: usize, matmul: Option<usize>, ctl: &Control) -> Result<(), EngineError> {
        let x = self.input(unit.propagation, 0);
        let propagated = self.everything.propagate(&self.dense(x, false), ctl)?;
        let (mut candidates, mut target) = (self.dense(x, true), propagated.clone());
        if let Some(instruction) = self.program.instructions.get(sum) {
            let Op::Combine { a, b } = &instruction.op else { unreachable!("a sum was looked for") };
            let (mut a, b) = (number(self.model, a)?, number(self.model, b)?);
            let direct = instruction.inputs[0] == unit.propagation + 1;
            if let (false, Some(Op::Scale { a: scale })) =
                (direct, self.program.instructions.get(unit.propagation + 1).map(|i| &i.op))
            {
                a *= scale;
            }
            let y = instruction.inputs[1];
            if a != 0.0 && b != 0.0 {
                // What the other part of the sum is off by, the propagation makes up for.
                let off = &self.dense(y, false) - &self.dense(y, true);
                target.zip_mut_with(&off, |target, off| *target += b / a * off);
            }
            self.release(y);
        }
        if let Some(matmul) = matmul {
            let weight = parameter(self.model, &self.weight_name(matmul))?.1.values.clone();
            candidates = product(Rows::Dense(candidates.view()), &weight, ctl)?;
            target = product(Rows::Dense(target.view()), &weight, ctl)?;
        }
        let entry_values = self.everything.values().to_vec();
        let operator = self.choose(unit, &candidates, &target, &entry_values, 1, ctl)?;
        let pruned = operator.propagate(&self.dense(x, true), ctl)?;
        (self.unpruned[unit.propagation + 1], self.pruned[unit.propagation + 1]) =
            (Some(Arc::new(propagated)), Some(Arc::new(pruned)));
        Ok(())
    }

    /// Chooses the entries of a step and their values.
    fn choose(
        &mut self,
        unit: Unit,
        candidates: &Array2<f32>,
        targets: &Array2<f32>,
        values: &[f32],
        heads: usize,
        ctl: &Control,
    ) -> Result<PrunedOperator, EngineError> {
        let side = Side { topology: self.dataset.topology(), candidates, targets, values, heads };
        let before = self.done.kept.last();
        let step = choose(&side, unit.step, before.map(Vec::as_slice), self.recipe, self.rule, self.plan, ctl)?;
        let operator = self.operators.select(false, |_| true, |_, k| step.kept[k])?.with_values(&step.values)?;
        let is_attention = matches!(self.program.instructions[unit.propagation].op, Op::Attention { .. });
        let coefficients = is_attention.then(|| Arc::new(spread(&step.kept, &step.values)));
        // Entries may be chosen in the space of the product behind them; what is propagated is as wide as the network says.
        let width = self.rows(self.input(unit.propagation, 0), false).width();
        self.pending_edges = Some(EdgeTrace { coefficients, ..step.trace.of_width(width, is_attention) });
        self.done.kept.push(step.kept);
        self.done.values.push(step.values);
        Ok(operator)
    }

    fn end_layer(&mut self, kind: StepKind, idx: usize, value: usize) {
        let (edges, weights) = (self.pending_edges.take(), std::mem::take(&mut self.pending_weights));
        let (relative_error, output_norm, d_out) = match (&self.pruned[value], &self.unpruned[value]) {
            (Some(pruned), Some(unpruned)) => {
                (Some(relative_distance(pruned, unpruned)), frobenius(pruned), pruned.ncols())
            }
            _ => (None, f64::NAN, weights.last().map_or(0, |w| w.d_out)),
        };
        let d_in = weights.first().map_or(d_out, |w| w.d_in);
        let mut macs = count_macs(edges.as_ref(), &weights);
        macs.weights_baseline += self.pending_macs + std::mem::take(&mut self.pending_left_out);
        macs.weights_pruned += std::mem::take(&mut self.pending_macs);
        self.done.steps.push(StepTrace { kind, idx, d_in, d_out, edges, weights, relative_error, output_norm, macs });
    }
}

/// Values of the kept entries, in their places among all. `[entries, heads]`
pub(super) fn spread(kept: &[bool], values: &Array2<f32>) -> Array2<f32> {
    let mut out = Array2::zeros((kept.len(), values.ncols()));
    let places = kept.iter().enumerate().filter(|(_, kept)| **kept).map(|(k, _)| k);
    for (k, row) in places.zip(values.rows()) {
        out.row_mut(k).assign(&row);
    }
    out
}

/// Mean and variance of every column.
fn moments(x: &Array2<f32>) -> (Vec<f64>, Vec<f64>) {
    let n = x.nrows().max(1) as f64;
    let mut mean = vec![0.0; x.ncols()];
    for row in x.rows() {
        row.iter().zip(&mut mean).for_each(|(v, sum)| *sum += f64::from(*v) / n);
    }
    let mut variance = vec![0.0; x.ncols()];
    for row in x.rows() {
        let off = row.iter().zip(&mean).map(|(v, m)| f64::from(*v) - m);
        off.zip(&mut variance).for_each(|(off, sum)| *sum += off * off / n);
    }
    (mean, variance)
}
