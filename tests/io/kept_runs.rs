//! Results of runs beside a project, as if they were hostile: nothing panics, and nothing that does not fit is used.

use std::path::PathBuf;
use std::sync::Arc;

use safetensors::SafeTensors;
use safetensors::tensor::TensorInfo;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::graph::{Dataset, PowerLaw, power_law_communities};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::Recipe;
use unifews::io::LoadError;
use unifews::io::atomic::write_atomic;
use unifews::io::kept_runs::{KeptRun, KeptRuns, encode_runs, is_kept_runs, read_kept_runs};

use crate::support::control;

struct Case {
    dataset: Arc<Dataset>,
    model: Arc<Model>,
    runs: Vec<KeptRun>,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Case {
    fn read(&self) -> Result<KeptRuns, LoadError> {
        let recipes: Vec<Recipe> = self.runs.iter().map(|kept| kept.run.recipe.clone()).collect();
        read_kept_runs(&self.path, &self.dataset, &self.model, &recipes)
    }

    fn bytes(&self) -> Vec<u8> {
        encode_runs(&self.runs, u64::MAX, &control()).expect("not stopped").bytes
    }

    fn write(&self, bytes: &[u8]) {
        write_atomic(&self.path, bytes).expect("written");
    }
}

fn case(family: Family) -> Case {
    let ctl = control();
    let shape = PowerLaw { n_nodes: 60, n_entries: 300, n_features: 12, n_classes: 3, seed: 3 };
    let dataset = power_law_communities(&shape, &ctl).expect("a graph").shared();
    let shape = Architecture { hidden: 8, ..Architecture::new(family) };
    let model = Arc::new(Model::init(&shape, 12, 3, 5));
    let runs = [0.2, 0.7].map(|delta| {
        let mut recipe = Recipe { model: shape.clone(), ..Recipe::default() };
        (recipe.edges.delta, recipe.weights.delta) = (vec![delta], vec![1.0 + delta]);
        let run = Arc::new(run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run"));
        KeptRun { run, certificate: None, elapsed_secs: 0.25, is_preview: false }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.unifews-runs");
    Case { dataset, model, runs: runs.to_vec(), path, _folder: folder }
}

#[test]
fn every_family_comes_back_bit_by_bit() {
    for family in Family::ALL {
        let case = case(family);
        let bytes = case.bytes();
        assert_eq!(bytes, case.bytes(), "the same runs give the same bytes");
        case.write(&bytes);
        assert!(is_kept_runs(&case.path), "{family:?}");
        let read = case.read().expect("readable");
        for (kept, back) in case.runs.iter().zip(read.runs) {
            let back = back.unwrap_or_else(|error| panic!("{family:?}: {error}"));
            let said =
                |kept: &KeptRun| format!("{:?} {:?} {:?}", kept.run.pruned, kept.run.baseline_logits, kept.run.bounds);
            assert!(said(kept) == said(&back), "{family:?}");
            assert_eq!(kept.run.evaluation, back.run.evaluation);
        }
    }
}

#[test]
fn the_largest_are_left_out_where_not_all_have_room() {
    let mut case = case(Family::Gcn);
    // What both share is there once.
    let one = encode_runs(&case.runs[..1], u64::MAX, &control()).expect("not stopped").bytes.len();
    let both = case.bytes().len();
    assert!(both < 2 * one, "{one}, {both}");
    let nothing = encode_runs(&case.runs, 100, &control()).expect("not stopped");
    assert_eq!(nothing.left_out, [0, 1]);
    let of_one = encode_runs(&case.runs[..1], u64::MAX, &control()).expect("not stopped").bytes;
    let n_header = SafeTensors::read_metadata(&of_one).expect("safetensors").0;
    let some = encode_runs(&case.runs, (of_one.len() - n_header - 8) as u64, &control()).expect("not stopped");
    assert_eq!(some.left_out, [1], "the first has room, and no other");
    case.write(&some.bytes);
    let read = case.read().expect("readable");
    let missing: Vec<usize> = (0..2).filter(|at| read.runs[*at].is_err()).collect();
    assert_eq!(missing, some.left_out);
    case.runs.clear();
    case.write(&case.bytes());
    assert!(case.read().is_err(), "a file of nothing belongs to nothing");
}

#[test]
fn every_cut_and_every_changed_byte_is_refused() {
    let case = case(Family::Gcn);
    let whole = case.bytes();
    for n in (0..whole.len()).step_by(whole.len() / 150) {
        case.write(&whole[..n]);
        assert!(case.read().is_err(), "cut at {n}");
        let mut changed = whole.clone();
        changed[n] ^= 0x10;
        case.write(&changed);
        assert!(case.read().is_err(), "byte {n}");
    }
}

/// The file with other `runs`, and the hash that goes with it.
fn forged(bytes: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let (n_header, header) = SafeTensors::read_metadata(bytes).expect("safetensors");
    let text = header.metadata().as_ref().expect("metadata")["runs"].clone();
    let mut content: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut content);
    let (text, data) = (content.to_string(), &bytes[8 + n_header..]);
    let line = |(name, info): (String, &TensorInfo)| format!("{name} {:?} {:?}\n", info.dtype, info.shape);
    let mut lines: Vec<String> = header.tensors().into_iter().map(line).collect();
    lines.sort();
    let sum: String = Sha256::new()
        .chain_update(&text)
        .chain_update(data)
        .chain_update(lines.concat())
        .finalize()
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect();
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + n_header]).expect("JSON");
    (header["__metadata__"]["runs"], header["__metadata__"]["sha256"]) = (json!(text), json!(sum));
    let header = header.to_string().into_bytes();
    [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
}

#[test]
fn a_forged_file_gives_no_run_that_does_not_fit() {
    let case = case(Family::Gcn);
    let whole = case.bytes();
    let first = |content: &mut Value, path: &str, value: Value| {
        *content["runs"][0].pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
    };
    case.write(&forged(&whole, |_| {}));
    assert!(case.read().expect("readable").runs.iter().all(Result::is_ok), "what is only written anew is as good");
    let logits = |content: &mut Value| content["runs"][0]["arrays"]["logits"].clone();
    let wrong: Vec<(&str, Value)> = vec![
        ("/arrays/logits", json!(100_000)),
        ("/arrays/removed_at", Value::Null),
        ("/arrays/weights", json!([])),
        ("/arrays/weights/0", json!(0)),
        ("/arrays/edges", json!([])),
        ("/arrays/matrices/0", json!([])),
        ("/steps/0/weights/0/idx", json!(7)),
        ("/steps/0/weights/0/d_in", json!(1_u64 << 40)),
        ("/steps/0/edges/n_entries", json!(1)),
        ("/steps/0/edges/n_after", json!(1_u64 << 40)),
        ("/steps", json!([])),
        ("/split", json!("another")),
        ("/elapsed_secs", json!(-1.0)),
        ("/recipe/model/hidden", json!(9)),
    ];
    for (path, value) in wrong {
        case.write(&forged(&whole, |content| first(content, path, value)));
        let runs = case.read().expect("the file as such is whole").runs;
        assert!(runs[0].is_err() && runs[1].is_ok(), "{path}");
    }
    // An array of another shape in the place of one.
    case.write(&forged(&whole, |content| {
        let logits = logits(content);
        first(content, "/arrays/edges/0/source_norms", logits);
    }));
    assert!(case.read().expect("whole").runs[0].is_err());
    for (key, value) in [("program", json!("0.0.0")), ("runs", json!(3))] {
        case.write(&forged(&whole, |content| content[key] = value));
        assert!(case.read().is_err(), "{key}");
    }
    case.write(&forged(&whole, |content| content["inputs"]["model"] = json!("00")));
    let error = case.read().expect_err("of another model").to_string();
    assert!(error.contains("the graph and the model that are open"), "{error}");
}
