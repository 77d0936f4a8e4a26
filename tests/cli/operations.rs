//! Networks with every operation that there is between and around layers: trained, pruned, replayed, run by the bundle's script and by an
//! ONNX runtime.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use unifews::engine::control::Control;
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::model::{
    Activation, Aggregation, Architecture, AttentionForm, Family, InputLayer, Jumping, Model, Norm, Skip,
};
use unifews::engine::sparsify::Recipe;
use unifews::io::bundle::write_bundle;
use unifews::io::export::{ExportItem, ExportSource, export};

use crate::common::{SMALL, folder, json, python, small_graph, stdout};

/// Among them every value of every setting.
fn networks() -> Vec<Architecture> {
    let with = |family: Family, change: &dyn Fn(&mut Architecture)| {
        let mut shape = Architecture { layers: 3, hidden: 8, ..Architecture::new(family) };
        if shape.has("heads") {
            shape.heads = 2;
        }
        change(&mut shape);
        shape.check().expect("a network that is possible");
        shape
    };
    let mut all = Vec::new();
    for norm in Norm::ALL {
        all.push(with(Family::Gcn, &|shape| shape.norm = *norm));
    }
    for activation in Activation::ALL {
        all.push(with(Family::Gcn, &|shape| (shape.activation, shape.act_first) = (*activation, true)));
    }
    for jumping in Jumping::ALL {
        all.push(with(Family::Gat, &|shape| (shape.jumping, shape.residual) = (*jumping, true)));
    }
    for skip in Skip::ALL {
        all.push(with(Family::Sage, &|shape| (shape.skip, shape.input_layer) = (*skip, InputLayer::Activated)));
    }
    for aggregation in Aggregation::ALL {
        all.push(with(Family::Sage, &|shape| (shape.aggregation, shape.norm) = (*aggregation, Norm::Layer)));
    }
    all.push(with(Family::Gat, &|shape| (shape.attention, shape.residual) = (AttentionForm::V1, true)));
    all.push(with(Family::Gin, &|shape| {
        (shape.norm, shape.inner_norm, shape.activation) = (Norm::Graph, Norm::LayerGraph, Activation::Prelu);
        shape.input_layer = InputLayer::Activated;
    }));
    all.push(with(Family::Gcn2, &|shape| (shape.norm, shape.activation) = (Norm::Layer, Activation::Prelu)));
    all.push(with(Family::Sgc, &|shape| {
        (shape.hops, shape.norm, shape.activation) = (2, Norm::Layer, Activation::Gelu);
    }));
    all
}

#[test]
fn other_programs_run_every_operation() {
    let dataset = small_graph().shared();
    let folder = folder();
    let ctl = Control::new(2).expect("workers");
    let mut pairs = Vec::new();
    for (nth, shape) in networks().into_iter().enumerate() {
        let mut model = Model::init(&shape, 16, 4, nth as u64);
        for (at, parameter) in model.parameters.iter_mut().enumerate().filter(|(_, p)| !p.is_matrix()) {
            parameter.values.indexed_iter_mut().for_each(|((_, j), v)| *v += 0.2 * ((at * 7 + j) as f32).sin());
        }
        let mut recipe = Recipe { model: shape.clone(), ..Recipe::default() };
        (recipe.edges.delta, recipe.weights.delta) = (vec![0.4], vec![0.3]);
        let run = run(&dataset, &Arc::new(model), &recipe, RunOptions::PREVIEW, None, &ctl)
            .unwrap_or_else(|error| panic!("{shape:?}: {error}"));
        let (bundle, exports) = (folder.path().join(format!("b{nth}")), folder.path().join(format!("e{nth}")));
        write_bundle(&run, &bundle, &ctl).expect("a bundle");
        // Written, read back as another program would read it, and run.
        let report = export(&ExportSource::of_run(&run), &ExportItem::ALL, &exports, &ctl)
            .unwrap_or_else(|error| panic!("{shape:?}: {error}"));
        let left_out: Vec<&str> = report.left_out.iter().map(|left| left.item.key()).collect();
        let is_of_dgl = shape.aggregation == Aggregation::Mean && !shape.residual;
        let expected: &[&str] = if is_of_dgl { &[] } else { &["weights-dgl-safetensors", "weights-dgl-pt"] };
        assert_eq!(left_out, expected, "{shape:?}: {:?}", report.left_out);
        pairs.extend([bundle, exports]);
    }
    let Some(python) = python("other_programs_run_every_operation") else { return };
    for bundle in pairs.iter().step_by(2) {
        ran(Command::new(&python).arg(bundle.join("load_bundle.py")));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/read_exports.py");
    ran(Command::new(&python).arg(script).args(&pairs));
}

fn ran(command: &mut Command) {
    let output = command.output().expect("Python started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn a_network_with_other_operations_is_trained_pruned_and_replayed() {
    let folder = folder();
    let network = "norm=layer,activation=elu,skip=residual,jumping=cat,input-layer=activated";
    let train = ["train", SMALL, "-o", "m.safetensors", "--layers", "3", "--hidden", "16", "--epochs", "20"];
    stdout(folder.path(), &[&train[..], &["--network", network]].concat());
    let read = json(folder.path(), &["inspect", "m.safetensors"]);
    let shape = &read[0]["architecture"];
    let found = ["norm", "activation", "skip", "jumping", "input_layer"].map(|name| shape[name].as_str().expect(name));
    assert_eq!(found, ["layer", "elu", "residual", "cat", "activated"]);
    assert_eq!(read[0]["report"]["open"], serde_json::Value::Null, "our own files leave nothing open");
    let prune = ["prune", SMALL, "m.safetensors", "-o", "b", "--delta-a", "0.3", "--delta-w", "0.3"];
    let out = json(folder.path(), &prune);
    assert_eq!(out["recipe"]["model"]["activation"], "elu");
    let replayed = json(folder.path(), &["replay", "b"]);
    assert_eq!(replayed["is_identical"].as_bool(), Some(true));
}
