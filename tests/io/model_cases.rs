//! Models of public bug reports (`../shared/cases`): the logits of the program that wrote them, or a refusal that says why.

use std::sync::Arc;

use ndarray::Array2;
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::graph::{ReadOptions, SelfLoops};
use unifews::engine::sparsify::Recipe;
use unifews::io::{LoadReport, read_graph_as, read_model};

use crate::support::{control, shared_path};

/// A `.npy` file of 32- or 64-bit floats in rows.
fn logits(path: &str) -> Array2<f64> {
    let bytes = std::fs::read(path).expect("the logits");
    let n_header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..10 + n_header]).into_owned();
    assert!(header.contains("'fortran_order': False"), "{header}");
    let shape = header.split(['(', ')']).nth(1).expect("a shape");
    let shape: Vec<usize> = shape.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let values = &bytes[10 + n_header..];
    let values: Vec<f64> = if header.contains("<f8") {
        values.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
    } else {
        values.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
    };
    Array2::from_shape_vec((shape[0], shape[1]), values).expect("a matrix")
}

/// The report, after the logits on the case's graph were compared.
fn right(folder: &str, file: &str, expected: &str, change: impl Fn(&mut ReadOptions, &mut f64)) -> Option<LoadReport> {
    let folder = shared_path("model_cases", &format!("cases/{folder}"))?;
    let (mut model, report) = read_model(&format!("{folder}/{file}")).unwrap_or_else(|error| panic!("{error}"));
    let mut options = ReadOptions::default();
    change(&mut options, &mut model.architecture.norm_r);
    let (graph, _) = read_graph_as(&format!("{folder}/graph.pt"), &options, &control()).expect("a graph");
    let graph = graph.shared();
    let done = run(&graph, &Arc::new(model), &Recipe::default(), RunOptions::PREVIEW, None, &control()).expect("a run");
    let expected = logits(&format!("{folder}/{expected}"));
    assert_eq!(done.baseline_logits.dim(), expected.dim(), "{folder}/{file}");
    let far = done.baseline_logits.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(far < 1e-5, "{folder}/{file}: off by {far:e}; {report:#?}");
    Some(report)
}

fn as_is(_: &mut ReadOptions, _: &mut f64) {}

/// The refusal.
fn refused(file: &str) -> Option<String> {
    let path = shared_path("model_cases", &format!("cases/{file}"))?;
    Some(read_model(&path).map(|(model, _)| model.title()).expect_err("no model of ours").to_string())
}

#[test]
fn files_of_public_reports_give_the_logits_of_their_own_program() {
    for (folder, file, expected) in [
        ("m01-ddp-and-compile", "model.pth", "logits.npy"),
        ("m04-nni-mask-file", "model.pth", "logits.npy"),
        ("m05-torch-prune", "model.pt", "logits.npy"),
        ("m07-gatv2-heads-onnx", "model.txt", "logits.npy"),
        ("m12-weight-norm", "new.pt", "logits.npy"),
        ("m15-jumping-knowledge", "model.pt", "logits.npy"),
        ("m21-gat-residual", "model.pt", "logits.npy"),
        ("m12-weight-norm", "old.pt", "logits.npy"),
        ("m17-torchscript", "model.pt", "logits.npy"),
        ("m18-onnx-external", "default.onnx", "logits.npy"),
        ("m18-onnx-external", "model.onnx", "logits.npy"),
        ("m24-sparse-tensors", "model.pt", "logits.npy"),
        ("m28-sixteen-bits", "bf16.pt", "logits_bf16.npy"),
        ("m28-sixteen-bits", "bf16.safetensors", "logits_bf16.npy"),
        ("m28-sixteen-bits", "f16.pt", "logits_f16.npy"),
        ("m28-sixteen-bits", "f16.safetensors", "logits_f16.npy"),
    ] {
        right(folder, file, expected, as_is);
    }
    right("m14-dgl-norm-right", "model.pt", "logits.npy", |_, norm_r| *norm_r = 0.0);
}

#[test]
fn what_stands_beside_a_network_is_named_and_left_out() {
    let Some(report) = right("m02-lightning", "last.ckpt", "logits.npy", as_is) else { return };
    for name in ["criterion.weight", "val_acc.correct", "val_acc.total"] {
        assert!(report.ignored.iter().any(|ignored| ignored == name), "{name}: {report:#?}");
    }
    assert!(report.facts.iter().any(|fact| fact.value == "gnn."), "{report:#?}");
}

#[test]
fn a_normalisation_behind_an_activation_is_folded_into_the_layer_behind_it() {
    let removed = |options: &mut ReadOptions, _: &mut f64| options.self_loops = Some(SelfLoops::Removed);
    let file = "m19-gin-batchnorm-after-relu";
    let Some(report) = right(file, "inner.pt", "logits_inner.npy", removed) else { return };
    let folded = report.facts.iter().find(|fact| fact.name == "folded into the linear layer behind it");
    assert_eq!(folded.map(|fact| fact.value.as_str()), Some("conv1.nn.2"));
    let refusal = refused(&format!("{file}/model.pt")).expect("the case");
    assert!(refusal.starts_with("layer conv1.nn.5: expected a normalisation that touches a linear layer"), "{refusal}");
    assert!(refusal.contains("found one behind the last activation"), "{refusal}");
}

#[test]
fn refusals_of_public_reports_name_the_reason() {
    for (file, parts) in [
        ("m04-nni-mask-file/mask.pth", &["masks alone, zeros and ones", "load the state dict of the model"][..]),
        ("m09-sage-lstm/model.pt", &["conv1.aggr_module.lstm.", "LSTM aggregation, a layer that is not known here"]),
        ("m18-onnx-external/alone/model.onnx", &["model.onnx.data beside the model", "found no such file"]),
    ] {
        let Some(refusal) = refused(file) else { return };
        for part in parts {
            assert!(refusal.contains(part), "{file}: {part:?} is not in {refusal}");
        }
    }
}

#[test]
fn control_characters_in_names_are_no_control_characters_in_reports() {
    let Some(path) = shared_path("model_cases", "hostile/esc2.safetensors") else { return };
    let (model, report) = read_model(&path).expect("a model");
    assert_eq!(model.title(), "GCN 4-4-2");
    let all = || report.ignored.iter().chain(&report.warnings).chain(report.facts.iter().map(|fact| &fact.value));
    assert!(all().all(|text| !text.contains(char::is_control)), "{report:?}");
}
