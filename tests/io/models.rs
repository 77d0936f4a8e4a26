//! Models: what is written is read, and other programs' files are read by their names.

use unifews::engine::model::{Architecture, Family, Model, Norm, Scaler, TrainedOn};
use unifews::io::{Detected, ModelFormat, detect, read_model, write_model};

use crate::support::{fact, shared_path};

fn trained(family: Family) -> Model {
    let mut architecture = Architecture { hidden: 16, layers: 3, ..Architecture::new(family) };
    if architecture.has("norm_r") {
        architecture.norm_r = 0.25;
    }
    let mut model = Model::init(&architecture, 5, 4, 11);
    model.trained_on = Some(TrainedOn {
        graph: "Cora".into(),
        split: "seed42".into(),
        val_accuracy: 0.1 + 0.2,
        ..TrainedOn::default()
    });
    if architecture.is_decoupled() {
        model.scaler = Some(Scaler { mean: vec![0.5; 5].into(), scale: vec![2.0; 5].into() });
    }
    model
}

#[test]
fn written_models_are_read_back_the_same_to_the_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    for family in Family::ALL {
        let model = trained(family);
        let path = folder.path().join(format!("{}.safetensors", family.key()));
        write_model(&path, &model).expect("written");
        assert_eq!(detect(&path).expect("readable"), Detected::Model(ModelFormat::Safetensors));
        let (again, report) = read_model(path.to_str().expect("UTF-8")).expect("a model");
        assert_eq!(again, model);
        assert_eq!((report.ignored.len(), report.warnings.len()), (0, 0));
        assert_eq!(fact(&report, "trained on"), "Cora, split seed42");
        let first = std::fs::read(&path).expect("readable");
        write_model(&path, &again).expect("written");
        assert_eq!(std::fs::read(&path).expect("readable"), first);
    }
}

#[test]
fn a_pytorch_gcn_is_known_by_its_names() {
    let test = "a_pytorch_gcn_is_known_by_its_names";
    let Some(path) = shared_path(test, "golden/params/gcn_L2_h64_s42_a0_w0.safetensors") else { return };
    let (model, report) = read_model(&path).expect("a GCN");
    assert_eq!(model.title(), "GCN 1433-64-7");
    assert!(
        model.architecture.norm == Norm::Batch
            && model.position("norms.0.weight").is_some()
            && model.position("norms.1.weight").is_none()
    );
    assert_eq!(model.weight(0).expect("a weight").values.dim(), (1433, 64));
    assert_eq!(report.ignored, Vec::<String>::new());
    assert_eq!(report.warnings, ["the file does not say how the graph is used: norm_r 0.5 assumed"]);
}

#[test]
fn every_family_of_pytorch_is_known_by_its_names() {
    let cases = [
        ("gat_L2_h64_s42_a0_w0", "GAT 1433-64-7", None),
        ("gsage_L2_h64_s42_a0_w0", "GraphSAGE 1433-64-7", Some("norm_r 0")),
        ("gcn2_L4_h64_s42_a0_w0", "GCNII 1433-64-64-64-64-7", Some("norm_r 0.5, alpha 0.1, theta 0.5")),
    ];
    for (name, title, assumed) in cases {
        let Some(path) = shared_path("every_family", &format!("golden/params/{name}.safetensors")) else { return };
        let (model, report) = read_model(&path).expect("a model");
        assert_eq!(model.title(), title);
        assert_eq!(report.ignored, Vec::<String>::new());
        let mut warned: Vec<String> =
            assumed.iter().map(|a| format!("the file does not say how the graph is used: {a} assumed")).collect();
        if title.starts_with("GraphSAGE") {
            let what = "the layer adds no self-loops: they count where the graph has them, unless it is read with";
            warned.insert(0, format!("{what} --self-loops removed"));
        }
        assert_eq!(report.warnings, warned);
    }
}
