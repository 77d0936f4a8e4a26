//! Models: what is written is read, and other programs' files are read by their names.

use unifews::engine::model::{Architecture, Family, Model, Scaler, TrainedOn};
use unifews::io::{Detected, detect, read_model, write_model};

use crate::support::{fact, shared_path};

fn trained(family: Family) -> Model {
    let architecture = Architecture { hidden: 9, layers: 3, norm_r: 0.25, ..Architecture::new(family) };
    let mut model = Model::init(&architecture, 5, 4, 11);
    model.trained_on = Some(TrainedOn {
        graph: "Cora".into(),
        split: "seed42".into(),
        val_accuracy: 0.1 + 0.2,
        ..TrainedOn::default()
    });
    if family == Family::Sgc {
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
        assert_eq!(detect(&path).expect("readable"), Detected::Model);
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
    assert!(model.architecture.batch_norm && model.layers[0].norm.is_some() && model.layers[1].norm.is_none());
    assert_eq!(model.layers[0].linear.weight.dim(), (1433, 64));
    assert_eq!(report.ignored, Vec::<String>::new());
    assert_eq!(report.warnings, ["the file does not say how the graph is used: norm_r 0.5 assumed"]);
}

#[test]
fn other_families_are_refused_by_name() {
    let cases = [
        ("gat_L2_h64_s42_a0_w0", "a GAT model, which is not supported"),
        ("gsage_L2_h64_s42_a0_w0", "a GraphSAGE model, which is not supported"),
        ("gcn2_L4_h64_s42_a0_w0", "a GCNII model, which is not supported"),
    ];
    for (name, found) in cases {
        let Some(path) = shared_path("other_families", &format!("golden/params/{name}.safetensors")) else { return };
        let expected = "convs.0.lin.weight (GCN) or fcs.0.weight (SGC)";
        assert_eq!(
            read_model(&path).unwrap_err().to_string(),
            format!("tensor names: expected {expected}, found {found}: {path}")
        );
    }
}
