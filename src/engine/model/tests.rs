//! Programs run whole and without their dead columns.

use ndarray::Array2;

use super::exec::infer::infer;
use super::exec::policy::{Policy, WeightAt};
use super::passes::liveness::{Compact, HiddenColumns, Liveness};
use super::{Architecture, Family, Model, Norm, Order, Program, Role, widths};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{AttentionInput, Packed, Rows, matmul};

/// Dense products, and a graph as a dense matrix.
struct Dense(Array2<f32>, bool);

impl Policy for Dense {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        _: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let Rows::Dense(x) = x else { unreachable!("dense features") };
        matmul(x, &Packed::new(weight.values.view()), ctl)
    }

    fn fuses(&self) -> bool {
        self.1
    }

    fn propagate(&mut self, _: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        matmul(self.0.view(), &Packed::new(x.view()), ctl)
    }

    fn propagate_max(&mut self, _: usize, x: &Array2<f32>, _: &Control) -> Result<Array2<f32>, EngineError> {
        Ok(Array2::from_shape_fn(x.dim(), |(u, j)| {
            let entries = self.0.row(u).into_iter().zip(x.column(j)).filter(|(t, _)| **t != 0.0);
            entries.map(|(_, x)| *x).reduce(f32::max).unwrap_or(0.0)
        }))
    }

    fn attend(&mut self, step: usize, x: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.propagate(step, x.source, ctl)
    }
}

fn wave(shape: (usize, usize), phase: f32) -> Array2<f32> {
    Array2::from_shape_fn(shape, |(i, j)| ((i * 31 + j * 7) as f32 * 0.61 + phase).sin())
}

/// Biases, normalisations and statistics that are not those of a fresh model.
fn model(shape: &Architecture) -> Model {
    let mut model = Model::init(shape, 9, 4, 3);
    for (at, parameter) in model.parameters.iter_mut().enumerate().filter(|(_, p)| !p.is_matrix()) {
        let is_variance = parameter.name.ends_with("running_var");
        if parameter.role != Role::Attention {
            let values = wave(parameter.values.dim(), at as f32);
            parameter.values = if is_variance { values.mapv(|v| 1.5 + v) } else { values.mapv(|v| 0.4 * v) };
        }
    }
    model
}

fn logits(program: &Program, model: &Model, fuses: bool) -> Array2<f32> {
    let ctl = Control::new(1).expect("a worker");
    let (features, graph) = (wave((30, 9), 0.3), wave((30, 30), 0.9).mapv(|v| if v > 0.6 { 0.3 * v } else { 0.0 }));
    infer(program, model, Rows::Dense(features.view()), &mut Dense(graph, fuses), &ctl).expect("a model that fits")
}

fn compacted(model: &Model) -> (Vec<HiddenColumns>, Compact) {
    let program = model.program().inference();
    let widths = widths(&program, &model.parameters, model.d_in()).expect("a model that fits");
    let liveness = Liveness::of(program, &widths, model).expect("a model that fits");
    (liveness.columns().expect("there"), liveness.compact().expect("there"))
}

fn every_shape() -> Vec<Architecture> {
    let orders = [Order::TransformFirst, Order::PropagateFirst];
    let shapes = orders.map(|order| {
        Family::ALL.map(|family| Architecture { layers: 3, hidden: 12, heads: 1, order, ..Architecture::new(family) })
    });
    shapes
        .concat()
        .into_iter()
        .flat_map(|s| [Norm::Batch, Norm::None].map(|norm| Architecture { norm, ..s.clone() }))
        .collect()
}

#[test]
fn columns_that_no_weight_reads_are_left_out_and_every_bit_stays() {
    for shape in every_shape() {
        let mut model = model(&shape);
        for parameter in model.parameters.iter_mut().filter(|p| p.is_matrix() && p.values.nrows() == 12) {
            for j in (0..12).step_by(3) {
                parameter.values.row_mut(j).fill(0.0);
            }
        }
        let program = model.program();
        let (hidden, compact) = compacted(&model);
        assert_eq!(hidden.is_empty(), shape.architecture == Family::Gat, "{shape:?}");
        for columns in hidden.iter().filter(|c| c.n_before == 12) {
            let found = (columns.n_before, columns.n_after, columns.n_unread, columns.n_constant);
            assert_eq!(found, (12, 8, 4, 0), "{shape:?}: {columns:?}");
        }
        for fuses in [false, true] {
            let expected = logits(&program, &model, fuses);
            let found = logits(&compact.program, &compact.model, fuses);
            let same = expected.iter().zip(&found).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same && found.iter().any(|v| *v != 0.0), "{shape:?}");
        }
    }
}

#[test]
fn rows_end_where_a_cache_line_ends_and_every_bit_stays() {
    for family in Family::ALL {
        let shape = Architecture { layers: 3, hidden: 60, heads: 1, ..Architecture::new(family) };
        let mut model = model(&shape);
        for parameter in model.parameters.iter_mut().filter(|p| p.is_matrix() && p.values.nrows() == 60) {
            for j in (0..60).step_by(3) {
                parameter.values.row_mut(j).fill(0.0);
            }
        }
        let (hidden, compact) = compacted(&model);
        // 40 columns are needed.
        for columns in hidden.iter().filter(|c| c.n_before == 60) {
            assert_eq!((columns.n_after, columns.n_unread), (48, 12), "{family:?}: {columns:?}");
        }
        let (expected, found) =
            (logits(&model.program(), &model, true), logits(&compact.program, &compact.model, true));
        assert!(expected.iter().zip(&found).all(|(a, b)| a.to_bits() == b.to_bits()), "{family:?}");
    }
}

#[test]
fn constants_go_into_the_next_bias() {
    let mut n_constant = 0;
    for shape in every_shape() {
        let mut model = model(&shape);
        for parameter in model.parameters.iter_mut().filter(|p| p.prunable_layer().is_some()) {
            for j in (1..parameter.values.ncols()).step_by(4) {
                parameter.values.column_mut(j).fill(0.0);
            }
        }
        let program = model.program();
        let (hidden, compact) = compacted(&model);
        // Where the next layer propagates first, a constant is weighted anew at every node.
        let propagates = match shape.architecture {
            Family::Gcn => shape.order == Order::PropagateFirst,
            family => family.definition().layers_propagate(),
        };
        for columns in hidden.iter().filter(|c| c.n_before == 12) {
            let n_dead = columns.n_before - columns.n_after;
            assert!(n_dead == 3 || propagates && n_dead < 3, "{shape:?}: {columns:?}");
            n_constant += columns.n_constant;
        }
        let expected = logits(&program, &model, true);
        let found = logits(&compact.program, &compact.model, true);
        let largest = expected.iter().fold(1.0f32, |m, v| m.max(v.abs()));
        for (a, b) in expected.iter().zip(&found) {
            assert!((a - b).abs() <= 1e-6 * largest, "{shape:?}: {a} {b}");
        }
    }
    assert!(n_constant > 20, "{n_constant} constants were read");
}

#[test]
fn a_layer_without_any_weight_left_is_one_column_wide() {
    let shape = Architecture { layers: 2, hidden: 12, ..Architecture::new(Family::Gcn) };
    let mut model = model(&shape);
    model.weights_mut().for_each(|w| w.values.fill(0.0));
    let (hidden, compact) = compacted(&model);
    assert_eq!((hidden.len(), hidden[0].n_after), (1, 1));
    assert_eq!(logits(&compact.program, &compact.model, true), logits(&model.program(), &model, true));
}
