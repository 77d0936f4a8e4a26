//! PyTorch Geometric's own models with every normalisation, activation and jumping knowledge that they take, and networks with skip
//! connections: each opens, and gives the logits that PyG computes, once it is said what its tensors leave open
//! (`tests/clients/pyg_models.py`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array2, ArrayD};
use safetensors::SafeTensors;
use serde_json::Value;
use unifews::engine::experiment::{RunOptions, masked_forward, run};
use unifews::engine::graph::{Dataset, DatasetParts, Direction, Features, Labels, SelfLoops, Split, Topology};
use unifews::engine::model::Model;
use unifews::engine::score::predictions;
use unifews::engine::sparsify::Recipe;
use unifews::io::bundle::{read_bundle, replay, write_bundle};
use unifews::io::{LoadReport, TensorBytes, encode_tensors, read_model};
use unifews::session::{fitted_to, read_as, settled};

use crate::files::Folder;
use crate::support::control;

/// What the script wrote.
struct Golden {
    tensors: BTreeMap<String, ArrayD<f32>>,
    edges: Vec<(u32, u32)>,
    entries: Vec<Value>,
}

fn golden() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/pyg_models.safetensors");
    let bytes = std::fs::read(path).expect("the fixture");
    let (_, metadata) = SafeTensors::read_metadata(&bytes).expect("a header");
    let entries = metadata.metadata().as_ref().expect("metadata")["entries"].clone();
    let file = SafeTensors::deserialize(&bytes).expect("safetensors");
    let mut tensors = BTreeMap::new();
    for (name, view) in file.tensors() {
        if name != "edges" {
            let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("4 bytes")));
            let values = ArrayD::from_shape_vec(view.shape(), values.collect()).expect("as many as its shape says");
            tensors.insert(name, values);
        }
    }
    let ends = file.tensor("edges").expect("edges");
    let ends: Vec<u32> = ends
        .data()
        .chunks_exact(8)
        .map(|b| u32::try_from(i64::from_le_bytes(b.try_into().expect("8 bytes"))).expect("a node"))
        .collect();
    let (sources, targets) = ends.split_at(ends.len() / 2);
    let edges = sources.iter().copied().zip(targets.iter().copied()).collect();
    Golden { tensors, edges, entries: serde_json::from_str(&entries).expect("JSON") }
}

fn two_axes(tensor: &ArrayD<f32>) -> Array2<f32> {
    tensor.clone().into_dimensionality().expect("two axes")
}

impl Golden {
    /// The graph as the layers of `entry` use it: those of GCN and GAT add self-loops.
    fn dataset(&self, entry: &Value) -> Arc<Dataset> {
        let layers = entry["layers"].as_str().expect("a name");
        let loops = if layers.starts_with('G') && layers != "GraphSAGE" && layers != "GIN" {
            SelfLoops::Added
        } else {
            SelfLoops::AsStored
        };
        let features = two_axes(&self.tensors["features"]);
        let (topology, _) =
            Topology::from_edges(features.nrows(), &self.edges, Direction::AsStored, loops).expect("a graph");
        let parts = DatasetParts {
            name: "tiny".into(),
            source: "tiny".into(),
            topology,
            edge_weights: None,
            features: Features::Dense(features),
            splits: Vec::new(),
            labels: None,
            node_ids: None,
        };
        Dataset::try_new(parts).expect("a dataset").shared()
    }

    /// Opens the state dict of `entry`, as PyG's `state_dict` names its tensors.
    fn read(&self, entry: &Value, has_slopes: bool) -> (Model, LoadReport) {
        let mut groups: Vec<&str> = vec!["layers", "norms"];
        groups.extend(has_slopes.then_some("prelu"));
        let mut tensors = BTreeMap::new();
        for group in groups {
            let start = format!("{}:", entry["groups"][group].as_str().expect("a name"));
            for (name, tensor) in self.tensors.range(start.clone()..).take_while(|(name, _)| name.starts_with(&start)) {
                tensors.insert(name[start.len()..].to_owned(), tensor);
            }
        }
        let tensors: Vec<TensorBytes> = tensors
            .into_iter()
            .map(|(name, tensor)| TensorBytes {
                name,
                dtype: "F32",
                shape: tensor.shape().to_vec(),
                bytes: tensor.iter().flat_map(|v| v.to_le_bytes()).collect(),
            })
            .collect();
        let folder = Folder::new();
        let path = folder.file("model.safetensors", encode_tensors(&tensors, &BTreeMap::new()));
        read_model(path.to_str().expect("UTF-8")).unwrap_or_else(|error| panic!("{entry}: {error}"))
    }
}

type Settings = Vec<(String, String)>;

/// Every setting of an entry, the last one changing fastest.
fn settings(entry: &Value) -> Vec<Settings> {
    let mut all: Vec<Settings> = vec![Vec::new()];
    let names = ["norm", "activation", "jumping", "aggregation", "skip", "input_layer"];
    for name in names {
        let Some(values) = entry["settings"].get(name) else { continue };
        let values: Vec<&str> = values.as_array().expect("a list").iter().map(|v| v.as_str().expect("text")).collect();
        all = all
            .iter()
            .flat_map(|before| values.iter().map(|v| [&before[..], &[(name.to_owned(), (*v).to_owned())]].concat()))
            .collect();
    }
    for settings in &mut all {
        let Some(inner) = entry.get("inner_norm") else { continue };
        let norms = entry["settings"]["norm"].as_array().expect("a list");
        let nth = norms.iter().position(|norm| *norm == settings[0].1.as_str()).expect("its own");
        // Running statistics are folded into the layer in front of them.
        if settings[0].1 != "batch" {
            settings.push(("inner_norm".into(), inner[nth].as_str().expect("text").to_owned()));
        }
    }
    all
}

fn logits(model: &Model, dataset: &Dataset) -> Array2<f32> {
    let recipe = fitted_to(&Recipe::default(), &model.architecture);
    masked_forward(dataset, model, &recipe, None, None, &control()).expect("a model that fits")
}

fn distance(a: &Array2<f32>, b: &Array2<f32>) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// All networks of an entry: the settings, the model read so, and its logits by PyG.
fn networks(golden: &Golden, nth: usize) -> Vec<(Settings, Model, Array2<f32>)> {
    let entry = &golden.entries[nth];
    let plain = golden.read(entry, false).0;
    let mut with_slopes = None;
    let expected = &golden.tensors[&format!("l{nth}")];
    let all = settings(entry);
    assert_eq!(all.len(), expected.shape()[0], "{entry}");
    all.into_iter()
        .zip(expected.outer_iter())
        .map(|(settings, expected)| {
            let is_prelu = settings.iter().any(|(_, value)| value == "prelu");
            let read = if is_prelu {
                with_slopes.get_or_insert_with(|| golden.read(entry, true).0).clone()
            } else {
                plain.clone()
            };
            let model = read_as(&read, &settings).unwrap_or_else(|error| panic!("{entry} {settings:?}: {error}"));
            (settings, model, expected.to_owned().into_dimensionality().expect("two axes"))
        })
        .collect()
}

#[test]
fn every_network_of_pyg_gives_the_logits_of_pyg() {
    let golden = golden();
    let mut n_networks = 0;
    let mut wrong = Vec::new();
    for nth in 0..golden.entries.len() {
        let dataset = golden.dataset(&golden.entries[nth]);
        for (settings, model, expected) in networks(&golden, nth) {
            let distance = distance(&logits(&model, &dataset), &expected);
            let largest = expected.iter().fold(1.0f32, |m, v| m.max(v.abs()));
            if distance.is_nan() || distance > 1e-5 * largest {
                wrong.push(format!("{} {settings:?}: {distance:e} of {largest}", golden.entries[nth]["layers"]));
            }
            n_networks += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {n_networks}: {wrong:#?}", wrong.len());
    assert!(n_networks > 1600, "{n_networks} networks");
}

/// A graph of 240 nodes in no order, whose classes are what `model` says.
fn larger(model: &Model) -> Arc<Dataset> {
    const N: u32 = 240;
    let features =
        Array2::from_shape_fn((N as usize, 5), |(u, j)| ((u * 31 + j * 17 + u * j) as f32 * 0.7).sin() * 1.5);
    let edges: Vec<(u32, u32)> = (0..4 * N).map(|k| (k % N, (k * k + 7 * k / N + 13) % N)).collect();
    let (topology, _) =
        Topology::from_edges(N as usize, &edges, Direction::Symmetrised, SelfLoops::Added).expect("a graph");
    let mut parts = DatasetParts {
        name: "larger".into(),
        source: "larger".into(),
        topology,
        edge_weights: None,
        features: Features::Dense(features),
        labels: None,
        splits: vec![Split {
            name: "all".into(),
            train: (0..120).collect(),
            val: (120..N).collect(),
            ..Split::default()
        }],
        node_ids: None,
    };
    let bare = Dataset::try_new(DatasetParts { splits: Vec::new(), ..parts.clone() }).expect("a dataset").shared();
    parts.labels = Some(Labels::new(predictions(&logits(model, &bare))));
    Dataset::try_new(parts).expect("a dataset").shared()
}

#[test]
fn what_tensors_leave_open_is_said_and_the_scores_find_it() {
    let golden = golden();
    let (mut n_found, mut n_tried) = (0, 0);
    for nth in 0..golden.entries.len() {
        let entry = &golden.entries[nth];
        for (settings, truth, _) in networks(&golden, nth).into_iter().skip(nth % 5).step_by(97) {
            let is_prelu = settings.iter().any(|(_, value)| value == "prelu");
            let (read, report) = golden.read(entry, is_prelu);
            let names: Vec<&str> = report.open.iter().map(|open| open.name).collect();
            assert_eq!(names.contains(&"activation"), !is_prelu, "{entry}: {report:?}");
            assert_eq!(report.facts.iter().any(|fact| fact.name == "left open"), !report.open.is_empty(), "{report:?}");
            // What is asked for is among the choices.
            for (name, value) in &settings {
                if let Some(open) = report.open.iter().find(|open| open.name == name) {
                    assert!(open.choices.contains(value), "{entry}: {name} {value}: {open:?}");
                }
            }
            if report.open.is_empty() {
                continue;
            }
            let dataset = larger(&truth);
            let recipe = Recipe::default();
            let graph = (Some(&*dataset), &recipe);
            let (model, readings) = settled(&read, &report.open, &[], true, graph, &control()).expect("tried");
            let [first, others @ ..] = &readings.all[..] else { panic!("{entry}: no readings") };
            assert!(first.is_used && others.iter().all(|other| !other.is_used), "{readings:?}");
            assert!(readings.all.iter().all(|reading| reading.score.is_some()), "{readings:?}");
            assert!(others.windows(2).all(|pair| pair[0].score >= pair[1].score), "{readings:?}");
            assert!(readings.why.starts_with("a guess"), "{readings:?}");
            n_found += usize::from(first.score.is_some_and(|score| score > 0.99));
            n_tried += 1;
            // The choice of the user goes before any score.
            let last = others.last().unwrap_or(first);
            let given: Settings =
                last.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            let (chosen, listed) = settled(&read, &report.open, &given, true, graph, &control()).expect("tried");
            assert_eq!((&listed.all[0].settings, &listed.why[..]), (&last.settings, "chosen"));
            assert!(others.is_empty() || chosen.architecture != model.architecture, "{readings:?}");
        }
    }
    eprintln!("{n_found} of {n_tried} readings found");
    assert!(3 * n_found > 2 * n_tried, "{n_found} of {n_tried}");
}

#[test]
fn a_reading_that_the_tensors_do_not_allow_is_refused_by_name() {
    let golden = golden();
    let (model, _) = golden.read(&golden.entries[0], false);
    for (name, value, expected) in [
        ("activation", "swish", "recipe, model.activation: expected one of none, relu, elu"),
        ("activation", "prelu", "recipe, model.activation: expected relu (the tensors say so), found prelu"),
        ("norm", "batch", "recipe, model.norm: expected none (the tensors say so), found batch"),
        ("jumping", "cat", "recipe, model.jumping: expected none (the tensors say so), found cat"),
        ("depth", "3", "recipe, model: expected a setting of gcn (layers, hidden, norm, activation"),
        ("layers", "two", "recipe, model.layers: expected usize, found two"),
    ] {
        let error = read_as(&model, &[(name.to_owned(), value.to_owned())]).map(|_| ()).expect_err(name).to_string();
        assert!(error.starts_with(expected), "{name}={value}: {error}");
    }
}

#[test]
fn bundles_of_every_operation_replay_bit_by_bit() {
    let golden = golden();
    let folder = Folder::new();
    for nth in 0..golden.entries.len() {
        let dataset = golden.dataset(&golden.entries[nth]);
        let all = networks(&golden, nth);
        let step = 1 + all.len() / 2;
        for (settings, model, expected) in all.into_iter().skip(nth % 5).step_by(step) {
            let mut recipe = fitted_to(&Recipe::default(), &model.architecture);
            recipe.edges.delta = vec![0.4];
            recipe.weights.delta = vec![0.3];
            let ctl = control();
            let done =
                run(&dataset, &Arc::new(model), &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run of the model");
            let largest = expected.iter().fold(1.0f32, |m, v| m.max(v.abs()));
            assert!(distance(&done.baseline_logits, &expected) <= 1e-5 * largest, "{settings:?}");
            let path = folder.path().join("bundle");
            write_bundle(&done, &path, &ctl).expect("a bundle");
            let bundle = read_bundle(&path).expect("a bundle");
            assert_eq!(bundle.recipe.model, done.recipe.model, "{settings:?}");
            let replayed = replay(&bundle, &dataset, &ctl).expect("replayed");
            assert!(replayed.is_identical(), "{} {settings:?}", golden.entries[nth]["layers"]);
        }
    }
}
