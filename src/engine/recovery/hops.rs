//! The hops of a decoupled model: fitted in the space of the MLP's first matrix, each against the unpruned hop.

use ndarray::Array2;

use super::plan::Plan;
use super::side::Side;
use super::step::choose;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::kernels::frobenius;
use crate::engine::model::elementwise::feature_rows;
use crate::engine::model::exec::hops::hops;
use crate::engine::model::{Model, Op, StepKind};
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::trace::count_macs;
use crate::engine::sparsify::trace_writer::relative_distance;
use crate::engine::sparsify::transform::product;
use crate::engine::sparsify::{EdgeMask, EntryValues, Recipe, RecoveryRule, StepTrace};

/// What the hops come to.
pub(super) struct Hops {
    /// What the MLP is given, unpruned and pruned. `[n, d_in]`
    pub(super) unpruned: Array2<f32>,
    pub(super) pruned: Array2<f32>,
    pub(super) kept: Vec<Vec<bool>>,
    pub(super) values: Vec<Array2<f32>>,
    pub(super) steps: Vec<StepTrace>,
}

/// Chooses entries and values of every hop.
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn recover(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    rule: &RecoveryRule,
    plan: &Plan,
    ctl: &Control,
) -> Result<Hops, EngineError> {
    let n_hops = recipe.model.n_graph_steps();
    let operators = OperatorSource::new(dataset, recipe);
    let everything = operators.all()?;
    // Hops are linear, so they can be followed behind the first matrix: fewer columns, and those that count.
    let mut q = product(feature_rows(dataset.features()), &first_matrix(model), ctl)?;
    let mut q_pruned = q.clone();
    let (mut kept, mut values, mut steps): (Vec<Vec<bool>>, Vec<Array2<f32>>, Vec<StepTrace>) = Default::default();
    for hop in 0..n_hops {
        ctl.progress("recovering hops", hop, n_hops);
        let target = everything.propagate(&q, ctl)?;
        let side = Side {
            topology: dataset.topology(),
            candidates: &q_pruned,
            targets: &target,
            values: everything.values(),
            heads: 1,
        };
        let step = choose(&side, hop, kept.last().map(Vec::as_slice), recipe, rule, plan, ctl)?;
        let operator = operators.select(false, |_| true, |_, k| step.kept[k])?.with_values(&step.values)?;
        q_pruned = operator.propagate(&q_pruned, ctl)?;
        let width = dataset.features().width();
        // What is propagated in the end are the features.
        let edges = step.trace.of_width(width, false);
        let macs = count_macs(Some(&edges), &[]);
        steps.push(StepTrace {
            kind: StepKind::Hop,
            idx: hop,
            d_in: width,
            d_out: width,
            edges: Some(edges),
            weights: Vec::new(),
            relative_error: Some(relative_distance(&q_pruned, &target)),
            output_norm: frobenius(&q_pruned),
            macs,
        });
        kept.push(step.kept);
        values.push(step.values);
        q = target;
    }
    let mask = EdgeMask::of_steps(kept.clone(), Some(EntryValues { steps: values.clone() }), dataset.topology())?;
    let quiet = ctl.quiet();
    let embedding = |policy: &mut MaskedInference| {
        let mut embedding = hops(dataset.features(), &model.architecture, policy, &quiet)?;
        if let Some(scaler) = &model.scaler {
            scaler.apply(&mut embedding, &quiet)?;
        }
        Ok::<_, EngineError>(embedding)
    };
    let unpruned = embedding(&mut MaskedInference::unpruned(dataset, recipe, &quiet)?)?;
    let pruned = embedding(&mut MaskedInference::pruned(dataset, recipe, &mask, None, None, &quiet)?)?;
    Ok(Hops { unpruned, pruned, kept, values, steps })
}

/// The first matrix of the MLP, with the scaler's division inside it. `[d_in, hidden]`
fn first_matrix(model: &Model) -> Array2<f32> {
    let program = model.program();
    let first = program.instructions.iter().find_map(|i| match &i.op {
        Op::Matmul { weight, .. } => model.parameters.iter().find(|p| p.name == *weight),
        _ => None,
    });
    let mut weight = first.map(|p| p.values.clone()).unwrap_or_default();
    if let Some(scaler) = &model.scaler {
        for (mut row, scale) in weight.rows_mut().into_iter().zip(&scaler.scale) {
            row.mapv_inplace(|w| w / scale);
        }
    }
    weight
}
