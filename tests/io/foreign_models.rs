//! Other programs' models: every container and every dialect of names gives the logits that its own program computes
//! (`tests/fixtures/make_models.py`), and what has no counterpart here is refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::Array2;
use serde_json::Value;
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::graph::{Dataset, DatasetParts, Direction, Features, SelfLoops, Topology};
use unifews::engine::model::Model;
use unifews::engine::sparsify::Recipe;
use unifews::io::{Detected, LoadReport, ModelFormat, detect, read_model};

use crate::files::{Arrays, Folder, floats, npz};
use crate::support::{control, fact};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models")
}

fn fixture(name: &str) -> String {
    fixtures().join(name).to_str().expect("UTF-8").to_owned()
}

fn reference() -> Value {
    reference_in("reference.json")
}

fn reference_in(name: &str) -> Value {
    let text = std::fs::read_to_string(fixtures().join(name)).expect("the reference");
    serde_json::from_str(&text).expect("JSON")
}

fn matrix(rows: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(rows.clone()).expect("rows");
    let shape = (rows.len(), rows[0].len());
    Array2::from_shape_vec(shape, rows.concat()).expect("a matrix")
}

fn dataset(graph: &Value, self_loops: SelfLoops) -> Arc<Dataset> {
    let pairs: Vec<(u32, u32)> = serde_json::from_value(graph["pairs"].clone()).expect("pairs");
    let features = matrix(&graph["features"]).mapv(|v| v as f32);
    let (topology, _) =
        Topology::from_edges(features.nrows(), &pairs, Direction::Symmetrised, self_loops).expect("a graph");
    let parts = DatasetParts {
        name: "tiny".into(),
        source: "tiny".into(),
        topology,
        edge_weights: None,
        features: Features::Dense(features),
        labels: None,
        splits: Vec::new(),
        node_ids: None,
    };
    Dataset::try_new(parts).expect("a dataset").shared()
}

/// The largest difference from the logits of a case, with the settings that a state dict cannot hold.
fn distance(mut model: Model, reference: &Value, name: &str) -> f64 {
    let case = &reference["cases"][name];
    let set = |key: &str| case["settings"][key].as_f64();
    if let Some(hops) = set("hops") {
        model.architecture.hops = hops as usize;
    }
    model.architecture.alpha = set("alpha").unwrap_or(model.architecture.alpha);
    model.architecture.theta = set("theta").unwrap_or(model.architecture.theta);
    let self_loops = if case["graph"] == "loops" { SelfLoops::Added } else { SelfLoops::AsStored };
    let graph = dataset(&reference["graph"], self_loops);
    let done = run(&graph, &Arc::new(model), &Recipe::default(), RunOptions::PREVIEW, None, &control()).expect("a run");
    let expected = matrix(&case["logits"]);
    assert_eq!(done.baseline_logits.dim(), expected.dim(), "{name}");
    done.baseline_logits.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
}

#[test]
fn every_file_gives_the_logits_of_its_own_program() {
    let reference = reference();
    let cases = reference["cases"].as_object().expect("cases");
    assert!(cases.len() >= 45, "{} cases", cases.len());
    check_logits(&reference);
}

/// What DGL 1.1.3 made and ran itself (`tests/fixtures/make_dgl_models.py`).
#[test]
fn models_of_dgl_give_the_logits_of_dgl() {
    let reference = reference_in("dgl-reference.json");
    let cases: Vec<_> = reference["cases"].as_object().expect("cases").keys().collect();
    assert_eq!(cases, ["dgl-gatconv.pt", "dgl-graphconv.pt", "dgl-sageconv.pt"]);
    check_logits(&reference);
}

fn check_logits(reference: &Value) {
    for name in reference["cases"].as_object().expect("cases").keys() {
        let (model, report) = read_model(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let distance = distance(model, reference, name);
        assert!(distance < 1e-5, "{name}: off by {distance:e}; {report:#?}");
    }
}

#[test]
fn files_are_known_by_their_content() {
    let folder = Folder::new();
    let cases = [
        ("gcn.pt", ModelFormat::Torch),
        ("gcn-legacy.pt", ModelFormat::Torch),
        ("mlp-script.pt", ModelFormat::Torch),
        ("gcn.npz", ModelFormat::Npz),
        ("gcn.onnx", ModelFormat::Onnx),
        ("gcn-types.safetensors", ModelFormat::Safetensors),
    ];
    for (name, format) in cases {
        let path = folder.file("model.txt", std::fs::read(fixture(name)).expect("a fixture"));
        assert_eq!(detect(&path).expect("readable"), Detected::Model(format), "{name}");
    }
}

/// What a report says in lines that begin so.
fn facts<'a>(report: &'a LoadReport, name: &str) -> Vec<&'a str> {
    report.facts.iter().filter(|line| line.name == name).map(|line| line.value.as_str()).collect()
}

#[test]
fn reports_say_what_was_done_and_assumed() {
    let read = |name: &str| read_model(&fixture(name)).expect(name).1;
    let report = read("gcn-checkpoint.pt");
    assert_eq!(report.format, "PyTorch archive");
    assert_eq!(fact(&report, "tensors found at"), "model_state_dict");
    assert_eq!(fact(&report, "taken off every name"), "module.");
    assert_eq!(report.ignored, ["epoch", "optimizer"]);
    let report = read("gcn-pyg-1.7.pt");
    assert_eq!(fact(&report, "layers"), "GCNConv of PyG up to 1.7, or GraphConv of DGL");
    assert_eq!(fact(&report, "transposed"), "conv1.weight, conv2.weight");
    let assumed = ["ReLU between layers", "self-loops: those of the graph (PyG's layer adds them, DGL's does not)"];
    assert_eq!(facts(&report, "assumed"), assumed);
    let report = read("gat-pyg-1.6.pt");
    assert_eq!(fact(&report, "used once, because it repeats another"), "conv1.lin_r.weight, conv2.lin_r.weight");
    let report = read("gat-dgl.pt");
    assert_eq!(fact(&report, "averaged over the heads"), "gat_layers.1.bias");
    let report = read("sage-dgl-0.5.pt");
    assert_eq!(fact(&report, "added to the other bias"), "layers.0.fc_neigh.bias, layers.1.fc_neigh.bias");
    let no_loops = "the layer adds no self-loops: they count where the graph has them, unless it is read with --self-loops removed";
    assert_eq!(report.warnings[0], no_loops);
    let report = read("sage-pyg-1.5.pt");
    let [first, second, ..] = &report.warnings[..] else { panic!("{:?}", report.warnings) };
    assert!(first.contains("GraphConv of PyG has the same names and sums them"), "{first}");
    assert_eq!(second, no_loops);
    assert_eq!(read("gin-dgl.pt").warnings[0], no_loops);
    let report = read("gatv2-dgl.pt");
    assert_eq!(fact(&report, "filled in with zeros"), "convs.1.bias, convs.0.bias");
    let report = read("gin-pyg.pt");
    assert_eq!(fact(&report, "folded into the linear layer in front of it"), "convs.0.nn.1, convs.1.nn.1");
    let report = read("ugs.pt");
    assert_eq!(facts(&report, "mask applied to"), ["net_layer.0.weight", "net_layer.1.weight"]);
    assert_eq!(report.ignored, ["adj_mask1_train", "adj_mask2_fixed"]);
    let report = read("gcn-gebt.pt");
    assert_eq!(report.ignored, ["adj"]);
    let report = read("mlp-pruned-removed.pt");
    assert_eq!(fact(&report, "weights that are 0"), "27 of 54");
    let report = read("gcn.onnx");
    assert_eq!(fact(&report, "named after its node"), "onnx::MatMul_7 \u{2192} conv1.lin.weight");
    assert_eq!(report.ignored, ["t"]);
}

#[test]
fn modules_say_what_state_dicts_cannot() {
    let (model, report) = read_model(&fixture("sgc-module.pt")).expect("a module");
    assert_eq!(model.architecture.hops, 2);
    assert_eq!(fact(&report, "the file says"), "hops 2");
    assert_eq!(report.warnings, ["the file does not say how the graph is used: norm_r 0.5 assumed"]);
    let (model, report) = read_model(&fixture("gcn2-module.pt")).expect("a module");
    assert_eq!((model.architecture.alpha, model.architecture.theta), (0.2, 0.7));
    assert_eq!(fact(&report, "the file says"), "alpha 0.2, theta 0.7");
    let (model, _) = read_model(&fixture("gcn-module.pt")).expect("a module");
    assert!((model.architecture.dropout - 0.25).abs() < f64::EPSILON);
}

#[test]
fn a_pickle_that_calls_the_system_is_read_and_nothing_is_called() {
    let (_, report) = read_model(&fixture("evil.pt")).expect("the model beside it");
    assert_eq!(report.ignored, ["extra", "Python object posix.system (never run)"]);
    assert!(!Path::new("/tmp/unifews-pickle-was-run").exists(), "a command of the file was run");
}

fn refused(arrays: &Arrays, expected: &str) {
    let path = Folder::new();
    let file = path.file("model.npz", npz(arrays));
    let error =
        read_model(file.to_str().expect("UTF-8")).map(|(model, _)| model.title()).expect_err("no model of ours");
    assert_eq!(error.to_string(), format!("{expected}: {}", file.display()), "another error text");
}

#[test]
fn networks_that_are_not_ours_are_refused_by_name() {
    let square = || floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let pair = || floats(&[2], &[1.0, 2.0]);
    let layer = "a layer as this program computes it";
    refused(
        &vec![("conv1.lin.weight", square()), ("conv1.att_src", square()), ("conv1.lin_edge.weight", square())],
        &format!("tensor conv1.lin_edge.weight: expected {layer}, found edge features"),
    );
    refused(
        &vec![("layers.0.fc.weight", square()), ("layers.0.res_fc.weight", square())],
        &format!("tensor layers.0.res_fc.weight: expected {layer}, found a residual connection"),
    );
    refused(
        &vec![("convs.0.fc_pool.weight", square()), ("convs.0.fc_neigh.weight", square())],
        &format!("tensor convs.0.fc_pool: expected {layer}, found an aggregation other than the mean"),
    );
    refused(
        &vec![("convs.0.weight1", square()), ("convs.0.weight2", square())],
        &format!(
            "tensor convs.0.weight2: expected {layer}, found GCN2Conv with a second weight (shared_weights=False)"
        ),
    );
    refused(
        &vec![("convs.0.lin_l.weight", square()), ("convs.0.lin.weight", square())],
        &format!("tensor convs.0.lin.weight: expected {layer}, found SAGEConv with a projection (project=True)"),
    );
    refused(
        &vec![("conv1.lin.weight", square()), ("lin.weight", floats(&[3, 5], &[1.0; 15]))],
        "layer lin: expected a linear layer in front of the convolutions (2 outputs), one behind them (2 inputs, or 2 over all of \
         them) or one beside each, with a name that says which (lin_in, lin_out) where widths do not, found one with 5 inputs and \
         3 outputs",
    );
    refused(
        &vec![("conv1.lin.weight", square()), ("conv2.lin_l.weight", square())],
        "tensor names: expected layers of one kind, found conv1 (GCNConv of PyG 2.0 and later), conv2 (SAGEConv of PyG 1.6 \
         and later)",
    );
    refused(
        &vec![("conv1.lin.weight", square()), ("conv2.lin.weight", square()), ("norm1.weight", pair())],
        "layer norm1: expected a normalisation with scale and shift (LayerNorm) or running statistics (BatchNorm), found weight \
         alone",
    );
    refused(
        &vec![("a_conv.lin.weight", square()), ("b_conv.lin.weight", square())],
        "tensor names: expected numbers that say which layer comes first, found a_conv and b_conv",
    );
    refused(
        &vec![("theta.weight", square())],
        "tensor theta.weight: expected a name that tells a linear layer ([out, in]) from a convolution ([in, out]), for \
         example lin1 or conv1, found \"theta\"",
    );
    refused(
        &vec![("conv1.lin.weight", square()), ("prop.temperature.weight", square())],
        "layer prop: expected the parts of a known layer, found temperature.weight",
    );
    refused(
        &vec![("convs.0.nn.0.weight", square()), ("convs.0.eps", floats(&[1], &[0.0]))],
        "convs.0: expected two linear layers in the inner MLP, found 1 of them",
    );
    refused(
        &vec![("conv1.fc.weight", square()), ("conv2.fc.weight", square())],
        "tensor names: expected one SGConv, which propagates before every weight, found 2 of them",
    );
    refused(
        &vec![
            ("convs.0.lin_l.weight", square()),
            ("convs.0.lin_r.weight", square()),
            ("convs.1.lin_l.weight", square()),
        ],
        "layer convs.1: expected lin_r.weight, as other layers have, found none of that name",
    );
    refused(
        &vec![("sage1.weight", floats(&[4, 2], &[1.0; 8])), ("sage2.weight", floats(&[4, 2], &[1.0; 8]))],
        "shape of sage2.weight: expected [2, 2], found [4, 2]",
    );
    refused(
        &vec![
            ("layers.0.weight1", square()),
            ("layers.0.bias", pair()),
            ("lin1.weight", square()),
            ("lin2.weight", square()),
        ],
        "tensor layers.0.bias: expected zeros (GCNII has no bias in its layers), found other values",
    );
    refused(
        &vec![
            ("conv1.lin.weight", floats(&[4, 2], &[1.0; 8])),
            ("conv1.att_src", floats(&[1, 2, 2], &[1.0; 4])),
            ("conv1.att_dst", floats(&[1, 2, 2], &[1.0; 4])),
            ("conv1.bias", floats(&[4], &[1.0; 4])),
        ],
        "tensor conv1.bias: expected 2 values (a last layer that averages its 2 heads), found 4 (it joins them)",
    );
    refused(
        &vec![("lin1.weight_orig", square()), ("lin1.weight_mask", pair())],
        "tensor lin1.weight_mask: expected shape [2, 2], found shape [2]",
    );
    let error = read_model(&fixture("gat-bipartite.pt")).map(|_| ()).expect_err("two transformations");
    let expected = "tensors gat_layers.0.fc_src.weight, gat_layers.0.fc_dst.weight: expected the same values twice (one \
                    transformation for sources and targets), found different ones: a layer for bipartite graphs";
    assert!(error.to_string().starts_with(expected), "{error}");
}
