//! Hidden channels that go as a whole: which ones, and what the matrices that read the others become.
//!
//! Optimal Brain Surgeon by groups (Hassibi & Stork 1993; the group is a row of every matrix that reads the channel): one channel after the
//! other goes, each time the one whose loss the others can make up for best, and they do. What is fitted is the unpruned network; entries
//! and single weights go from what is left. Anchor: channel pruning for GNN inference (Zhou et al., VLDB 2021), which fits with a penalty.

use ndarray::{Array1, Array2, s};

use super::gram::FitRows;
use super::linalg::Cholesky;
use super::units::{Form, Units, units};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::kernels::{Packed, Rows, matmul, transposed};
use crate::engine::model::exec::infer::forward;
use crate::engine::model::exec::policy::WeightAt;
use crate::engine::model::passes::liveness::{HiddenSpace, hidden_spaces};
use crate::engine::model::{Model, Op, Program};
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::masked_inference::{MaskedInference, WithProducts};
use crate::engine::sparsify::transform::product;
use crate::engine::sparsify::{ChannelTrace, Recipe, WeightMask};

/// Ridge as a share of the mean diagonal of `ΦᵀΦ`: only so much that every system can be solved.
const RIDGE: f64 = 1e-3;

/// What is left without the channels that went.
pub(super) struct Channels {
    /// The network to begin with: weights into and out of channels that went are 0, the others make up for them.
    pub(super) start: Model,
    /// Of every matrix that may be pruned the weights that are left.
    pub(super) open: Vec<WeightMask>,
    /// In which order channels go, and what that costs.
    pub(super) traces: Vec<ChannelTrace>,
}

impl Channels {
    /// Weights of matrix `idx` that went with channels.
    pub(super) fn n_closed(&self, idx: usize) -> usize {
        self.open[idx].iter().filter(|is_open| !**is_open).count()
    }
}

/// Removes `share` of the columns of every hidden representation of `model`, judged on `nodes`, or on all; never so many that fewer are left
/// than there are classes. The order is followed to its end, so that what another share would cost is known, too.
///
/// # Errors
/// [`EngineError::Recipe`] for a network without channels that can go, [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn choose(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    share: f64,
    nodes: Option<&[u32]>,
    ctl: &Control,
) -> Result<Channels, EngineError> {
    let mut start = model.clone();
    let mut open: Vec<WeightMask> = model.weights().map(|p| WeightMask::from_elem(p.values.dim(), true)).collect();
    let program = model.program().inference();
    let mut traces = Vec::new();
    let index = |name: &str| model.weights().position(|weight| weight.name == name);
    let layer = |name: &str| model.weight(index(name)?)?.prunable_layer();
    let can_go = |space: &HiddenSpace| {
        !space.readers.is_empty() && space.readers.iter().chain(&space.writers).all(|name| index(name).is_some())
    };
    let spaces: Vec<HiddenSpace> = hidden_spaces(&program).into_iter().filter(can_go).collect();
    if spaces.is_empty() {
        let expected = "a network whose hidden channels are made and read by prunable matrices alone (no attention, joined layers, norm over rows)";
        return Err(EngineError::recipe("channels", expected, model.title()));
    }
    let is_read: Vec<bool> =
        model.weights().map(|weight| spaces.iter().any(|space| space.readers.contains(&weight.name))).collect();
    let inference = MaskedInference::unpruned(dataset, recipe, ctl)?;
    let everything = OperatorSource::new(dataset, recipe).all()?;
    let comes_first = products_that_propagate(&program, &units(&program), model);
    // Of the matrices that read channels what least squares need of their inputs.
    let mut grams: Vec<Option<Array2<f32>>> = is_read.iter().map(|_| None).collect();
    let product = |_: &mut MaskedInference, weight: WeightAt<'_>, x: Rows<'_>, ctl: &Control| {
        if let Some((_, idx)) = weight.prunable.filter(|(_, idx)| is_read[*idx]) {
            let rows = if comes_first[idx] {
                FitRows::propagated(&everything, x.reborrow(), ctl)?
            } else {
                FitRows::of(x.reborrow())
            };
            let rows = rows.of_nodes(nodes);
            let none = Array2::zeros((rows.rows().n_rows(), 0));
            grams[idx] = Some(rows.products(none.view(), ctl)?.0);
        }
        product(x, weight.values, ctl)
    };
    forward(&program, model, dataset.features(), &mut WithProducts { inference, product }, ctl)?;
    for space in &spaces {
        let mut readers = Vec::new();
        for name in &space.readers {
            let Some(idx) = index(name) else { continue };
            let (Some(gram), Some(weight)) = (&grams[idx], model.weight(idx)) else { continue };
            readers.push((idx, Reader::new(gram, &weight.values, ctl)?));
        }
        let Some(width) = readers.first().map(|(_, reader)| reader.n_channels()) else { continue };
        let mut trace = ChannelTrace {
            weight: space.writers.first().cloned().unwrap_or_default(),
            layer: space.writers.first().and_then(|name| layer(name)).unwrap_or_default(),
            n_channels: width,
            n_removed: 0,
            order: Vec::new(),
            errors: Vec::new(),
        };
        let n_can_go = width.saturating_sub(model.n_classes());
        let n_gone = ChannelTrace::n_of_share(share, width, n_can_go);
        let mut is_gone = vec![false; width];
        let mut largest = 0.0f32;
        for n in 0..n_can_go {
            ctl.check()?;
            let cost = |channel: usize| readers.iter().map(|(_, reader)| reader.cost(channel)).sum::<f64>();
            let alive = (0..width).filter(|channel| !is_gone[*channel]).map(|channel| (cost(channel), channel));
            let Some((_, channel)) = alive.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))) else { break };
            is_gone[channel] = true;
            for (_, reader) in &mut readers {
                reader.remove(channel, &is_gone);
            }
            let lost = readers.iter().map(|(_, reader)| reader.lost()).sum::<f64>() / readers.len() as f64;
            trace.order.push(channel as u32);
            largest = largest.max(lost.sqrt() as f32);
            trace.errors.push(largest);
            if n + 1 == n_gone {
                for (idx, reader) in &readers {
                    if let Some(weight) = start.weights_mut().nth(*idx) {
                        weight.values.assign(&reader.fitted());
                    }
                }
            }
        }
        trace.n_removed = n_gone.min(trace.order.len());
        let gone = &trace.order[..trace.n_removed];
        for idx in readers.iter().map(|(idx, _)| *idx) {
            for channel in gone {
                open[idx].row_mut(*channel as usize).fill(false);
            }
        }
        for idx in space.writers.iter().filter_map(|name| index(name)) {
            let Some(weight) = start.weights_mut().nth(idx) else { continue };
            for channel in gone {
                weight.values.column_mut(*channel as usize).fill(0.0);
                open[idx].column_mut(*channel as usize).fill(false);
            }
        }
        traces.push(trace);
    }
    Ok(Channels { start, open, traces })
}

/// Of every matrix that may be pruned whether its product comes before a propagation, so that what it explains is `T̂ x W`.
fn products_that_propagate(program: &Program, units: &Units, model: &Model) -> Vec<bool> {
    let first = |name: &str| {
        units.list.iter().any(|unit| match unit.form {
            Form::TransformFirst { matmul, .. } => {
                matches!(&program.instructions[matmul].op, Op::Matmul { weight, .. } if weight == name)
            }
            _ => false,
        })
    };
    model.weights().map(|weight| first(&weight.name)).collect()
}

/// One matrix that reads the channels.
struct Reader {
    /// `(ΦᵀΦ + λI)⁻¹` over the channels that are left. `[channels, channels]`
    inverse: Array2<f64>,
    /// `[channels, d_out]`
    weight: Array2<f64>,
    /// One over the energy of what it gives: matrices count alike.
    factor: f64,
    /// `ΦᵀΦ` of all channels. `[channels, channels]`
    gram: Array2<f64>,
    /// By how much every weight was changed. `[channels, d_out]`
    change: Array2<f64>,
    /// `‖Φ · change‖_F²`.
    lost: f64,
}

impl Reader {
    fn new(gram: &Array2<f32>, weight: &Array2<f32>, ctl: &Control) -> Result<Self, EngineError> {
        let n = gram.nrows();
        let trace: f64 = gram.diag().iter().map(|v| f64::from(*v)).sum();
        let image = matmul(gram.view(), &Packed::new(weight.view()), ctl)?;
        let energy: f64 = image.iter().zip(weight).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        let mut system = gram.clone();
        let ridge = (f64::from(f32::MIN_POSITIVE).max(RIDGE * trace / n.max(1) as f64)) as f32;
        system.diag_mut().iter_mut().for_each(|v| *v += ridge);
        let lower = Cholesky::of(&system, ctl)?.inverse(ctl)?;
        let inverse = matmul(transposed(&lower, ctl)?.view(), &Packed::new(lower.view()), ctl)?;
        let factor = if energy > 0.0 { 1.0 / energy } else { 0.0 };
        let (gram, change) = (gram.mapv(f64::from), Array2::zeros(weight.dim()));
        Ok(Self { inverse: inverse.mapv(f64::from), weight: weight.mapv(f64::from), factor, gram, change, lost: 0.0 })
    }

    fn n_channels(&self) -> usize {
        self.weight.nrows()
    }

    /// What is lost when a channel goes and the others make up for it, as a share of what the matrix gives.
    fn cost(&self, channel: usize) -> f64 {
        let row = self.weight.row(channel);
        self.factor * row.dot(&row) / self.inverse[[channel, channel]].max(f64::MIN_POSITIVE)
    }

    /// What is lost by now, as a share of the energy of what the matrix gives.
    fn lost(&self) -> f64 {
        self.factor * self.lost.max(0.0)
    }

    /// Removes a channel; the others make up for it. `is_gone` marks it already.
    fn remove(&mut self, channel: usize, is_gone: &[bool]) {
        let pivot = self.inverse[[channel, channel]].max(f64::MIN_POSITIVE);
        let (row, lost) = (self.inverse.row(channel).to_owned(), self.weight.row(channel).to_owned());
        // By so many times the lost row every row becomes less.
        let mut less = Array1::zeros(is_gone.len());
        less[channel] = 1.0;
        for other in (0..is_gone.len()).filter(|other| !is_gone[*other]) {
            let factor = row[other] / pivot;
            less[other] = factor;
            self.weight.row_mut(other).scaled_add(-factor, &lost);
            self.inverse.row_mut(other).scaled_add(-factor, &row);
        }
        // `‖Φ(C - f rᵀ)‖² = ‖ΦC‖² - 2 (ΦᵀΦ f)ᵀ C r + fᵀ ΦᵀΦ f · ‖r‖²`
        let image = self.gram.dot(&less);
        self.lost += less.dot(&image) * lost.dot(&lost) - 2.0 * image.dot(&self.change.dot(&lost));
        for (change, less) in self.change.rows_mut().into_iter().zip(&less) {
            change.into_iter().zip(&lost).for_each(|(change, lost)| *change -= less * lost);
        }
        self.weight.row_mut(channel).fill(0.0);
        self.inverse.slice_mut(s![channel, ..]).fill(0.0);
        self.inverse.slice_mut(s![.., channel]).fill(0.0);
    }

    fn fitted(&self) -> Array2<f32> {
        self.weight.mapv(|w| w as f32)
    }
}
