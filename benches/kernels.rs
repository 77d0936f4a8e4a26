//! The inner loops, at the size of Cora. `cargo bench --bench kernels`
//!
//! `cargo test` runs each of them once; no time is asserted.

#![expect(clippy::expect_used, reason = "a bench that cannot set itself up should say so")]

use std::sync::Arc;

use divan::{Bencher, black_box};
use ndarray::Array2;
use unifews::engine::control::Control;
use unifews::engine::diffusion::{Diffusion, Matrix};
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::graph::{Dataset, PowerLaw, power_law_communities};
use unifews::engine::kernels::{
    Csr, Packed, Rows, SparseColumns, StoredCsr, StoredWeight, ValueType, matmul, matmul_sparse_weight,
    matmul_stored_weight, row_norms, spmm,
};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::{EdgeMode, Recipe, Training, WeightMode};
use unifews::engine::train::train;

fn main() {
    divan::main();
}

fn control() -> Control {
    Control::new(0).expect("workers")
}

/// About Cora's size.
fn small_graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 2_485, n_entries: 10_138, n_features: 1_433, n_classes: 7, seed: 7 };
    power_law_communities(&shape, &control()).expect("possible").shared()
}

fn values(n: usize, width: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, width), |(i, j)| ((i * 31 + j * 7) as f32 * 0.01).sin())
}

#[divan::bench(args = [16, 128, 512])]
fn propagate(bencher: Bencher<'_, '_>, width: usize) {
    let (graph, ctl) = (small_graph(), control());
    let t = Diffusion::new(graph.topology(), Matrix::Normalised(0.5));
    let x = values(graph.n_nodes(), width);
    let csr = Csr { indptr: graph.topology().indptr(), indices: graph.topology().indices(), values: t.values() };
    bencher.bench(|| spmm(black_box(csr), x.view(), false, &ctl));
}

#[divan::bench(args = [16, 512])]
fn norms(bencher: Bencher<'_, '_>, width: usize) {
    let (ctl, x) = (control(), values(2_485, width));
    bencher.bench(|| row_norms(black_box(x.view()), &ctl));
}

#[divan::bench]
fn dense_weight(bencher: Bencher<'_, '_>) {
    let (ctl, x, w) = (control(), values(2_485, 512), values(512, 512));
    let w = Packed::new(w.view());
    bencher.bench(|| matmul(black_box(x.view()), &w, &ctl));
}

/// Where skipping removed weights begins to pay.
#[divan::bench(args = [0.3, 0.5, 0.7, 0.9])]
fn sparse_weight(bencher: Bencher<'_, '_>, removed: f64) {
    let (ctl, x) = (control(), values(2_485, 512));
    let mut w = values(512, 512);
    w.indexed_iter_mut()
        .filter(|((i, j), _)| ((i * 7919 + j * 104_729) % 1000) as f64 / 1000.0 < removed)
        .for_each(|(_, v)| *v = 0.0);
    let w = SparseColumns::new(w.view());
    bencher.bench(|| matmul_sparse_weight(black_box(x.view()), &w, &ctl));
}

/// Entries whose values are stored in fewer bits, over rows as they are and as bf16.
#[divan::bench(args = [(ValueType::F32, false), (ValueType::Bf16, false), (ValueType::F16, false), (ValueType::Int8, false), (ValueType::Int8, true)])]
fn propagate_stored(bencher: Bencher<'_, '_>, (kind, halves): (ValueType, bool)) {
    let (graph, ctl) = (small_graph(), control());
    let t = Diffusion::new(graph.topology(), Matrix::Normalised(0.5));
    let x = values(graph.n_nodes(), 512);
    let csr = Csr { indptr: graph.topology().indptr(), indices: graph.topology().indices(), values: t.values() };
    let stored = StoredCsr::new(csr, kind);
    bencher.bench(|| black_box(&stored).times(x.view(), halves, &ctl));
}

/// Kept weights that are stored in fewer bits, half of them removed.
#[divan::bench(args = ValueType::ALL)]
fn stored_weight(bencher: Bencher<'_, '_>, kind: ValueType) {
    let (ctl, x) = (control(), values(2_485, 512));
    let mut w = values(512, 512);
    w.indexed_iter_mut().filter(|((i, j), _)| (i * 7 + j * 3) % 2 == 0).for_each(|(_, v)| *v = 0.0);
    let w = StoredWeight::new(w.view(), kind, &[1.0 / 127.0; 512], false);
    bencher.bench(|| matmul_stored_weight(Rows::Dense(black_box(x.view())), &w, &ctl));
}

/// A whole pruned forward: what moving a slider costs.
#[divan::bench(args = [0.0, 0.5])]
fn preview_gcn_512(bencher: Bencher<'_, '_>, delta: f64) {
    let (graph, ctl) = (small_graph(), control());
    let mut recipe = Recipe::default();
    recipe.edges.mode = EdgeMode::Relative;
    recipe.edges.delta = vec![delta];
    recipe.weights.mode = WeightMode::Relative;
    recipe.weights.delta = vec![delta];
    let model = Arc::new(Model::init(&Architecture::new(Family::Gcn), 1_433, 7, 1));
    let baseline = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("runs").baseline_logits;
    bencher.bench(|| run(&graph, &model, &recipe, RunOptions::PREVIEW, Some(Arc::clone(&baseline)), &ctl));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn five_epochs_gcn_512(bencher: Bencher<'_, '_>) {
    let (graph, ctl) = (small_graph(), control());
    let recipe = Recipe { training: Some(Training { epochs: 5, ..Training::default() }), ..Recipe::default() };
    bencher.bench(|| train(&graph, &recipe, &ctl, |_| {}));
}
