//! The files from public bug reports in `../shared/cases`: each is read right, or refused by name with the way out, as its
//! `expected.json` and the table of its README say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2};
use ndarray_npy::read_npy;
use serde_json::Value;

use super::common::{folder, unifews};
use super::shared_folder::shared_path;

/// Logits as the model's own framework computed them are met within this share of the largest of them.
const TOLERANCE: f64 = 1e-5;

/// One case: its folder, what is right, and a place to write to.
struct Case {
    name: String,
    folder: PathBuf,
    expected: Value,
    out: tempfile::TempDir,
}

type Verdict = Result<(), String>;

/// A fault in words, unless it holds.
fn holds(is_right: bool, fault: impl FnOnce() -> String) -> Verdict {
    if is_right { Ok(()) } else { Err(fault()) }
}

impl Case {
    /// Runs the program in the case's folder; stdout and stderr, or why it failed.
    fn run(&self, arguments: &[&str]) -> Result<(String, String), String> {
        let output = unifews(&self.folder).args(arguments).output().map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match output.status.code() {
            Some(0) => Ok((text(&output.stdout), text(&output.stderr))),
            code => Err(format!("exit {code:?}: {}", text(&output.stderr))),
        }
    }

    fn inspect(&self, arguments: &[&str]) -> Result<Value, String> {
        let (stdout, _) = self.run(&[&["inspect", "--json"], arguments].concat())?;
        let document: Value = serde_json::from_str(&stdout).map_err(|error| format!("{error}: {stdout}"))?;
        // One document for all files, or a list of them.
        Ok(document.get(0).cloned().unwrap_or(document))
    }

    /// What the graph holds, through `unifews store`.
    fn store(&self, name: &str, arguments: &[&str]) -> Result<Stored, String> {
        let out = self.out.path().join(name);
        self.run(&[&["store"], arguments, &["-o", out.to_str().expect("UTF-8")]].concat())?;
        Stored::read(&out)
    }

    /// Exit code 1, and an error with one of the words of each group.
    fn is_refused(&self, arguments: &[&str], words: &[&[&str]]) -> Verdict {
        let output = unifews(&self.folder).args(arguments).output().map_err(|error| error.to_string())?;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        holds(output.status.code() == Some(1), || format!("exit {:?}: {error}", output.status.code()))?;
        let lacking = words.iter().find(|group| !group.iter().any(|word| error.contains(word)));
        holds(lacking.is_none(), || format!("no word of {lacking:?} in the refusal: {error}"))
    }

    /// The logits of the unpruned model are those of the framework that wrote it.
    fn has_logits(&self, model: &str, logits: &str, more: &[&str]) -> Verdict {
        let out = self.out.path().join(format!("bundle-{model}"));
        let out_name = out.to_str().expect("UTF-8");
        let nothing = ["--delta-a", "0", "--delta-w", "0"];
        self.run(&[&["prune", "graph.pt", model, "-o", out_name], &nothing[..], more].concat())?;
        let wanted: Array2<f64> = read_npy(self.folder.join(logits)).map_err(|error| error.to_string())?;
        let got: Array2<f32> = read_npy(out.join("logits.npy")).map_err(|error| error.to_string())?;
        holds(got.dim() == wanted.dim(), || format!("{model}: logits {:?} for {:?}", got.dim(), wanted.dim()))?;
        let largest = wanted.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        let off = got.iter().zip(&wanted).fold(0.0f64, |most, (a, b)| most.max((f64::from(*a) - b).abs()));
        holds(off <= TOLERANCE * largest, || format!("{model}: logits off by {off} of {largest}"))
    }

    /// The report of `inspect` as one text.
    fn report(&self, arguments: &[&str]) -> Result<String, String> {
        Ok(self.inspect(arguments)?["report"].to_string())
    }
}

/// A stored graph, its entries under the nodes' own ids.
struct Stored {
    ids: Vec<String>,
    /// Target and source, with the weight.
    entries: BTreeMap<(String, String), f32>,
    labels: Option<Vec<i64>>,
    features: Array2<f32>,
    /// Train, validation and test nodes of every split.
    splits: Vec<[Vec<u32>; 3]>,
}

impl Stored {
    fn read(out: &Path) -> Result<Self, String> {
        fn array<T: ndarray_npy::ReadableElement>(path: PathBuf) -> Result<Vec<T>, String> {
            let array: Array1<T> = read_npy(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(array.into_raw_vec_and_offset().0)
        }
        let indptr: Vec<u64> = array(out.join("indptr.npy"))?;
        let indices: Vec<u32> = array(out.join("indices.npy"))?;
        let has = |name: &str| out.join(name).is_file();
        let weights: Vec<f32> =
            if has("weights.npy") { array(out.join("weights.npy"))? } else { vec![1.0; indices.len()] };
        let n = indptr.len() - 1;
        let ids = if has("node_ids.json") {
            let text = fs::read_to_string(out.join("node_ids.json")).map_err(|error| error.to_string())?;
            serde_json::from_str(&text).map_err(|error| error.to_string())?
        } else {
            (0..n).map(|u| u.to_string()).collect::<Vec<_>>()
        };
        let mut entries = BTreeMap::new();
        for u in 0..n {
            for at in indptr[u] as usize..indptr[u + 1] as usize {
                entries.insert((ids[u].clone(), ids[indices[at] as usize].clone()), weights[at]);
            }
        }
        let features = read_npy(out.join("features.npy")).map_err(|error| error.to_string())?;
        let labels = if has("labels.npy") { Some(array(out.join("labels.npy"))?) } else { None };
        let mut splits = Vec::new();
        while has(&format!("split_{}_train.npy", splits.len())) {
            let part = |which: &str| array(out.join(format!("split_{}_{which}.npy", splits.len())));
            splits.push([part("train")?, part("val")?, part("test")?]);
        }
        Ok(Self { ids, entries, labels, features, splits })
    }

    fn n_entries_are(&self, n: usize) -> Verdict {
        holds(self.entries.len() == n, || format!("{} entries for {n}: {:?}", self.entries.len(), self.entries))
    }

    /// The ids, in any order.
    fn ids_are(&self, wanted: &Value) -> Verdict {
        let text = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let mut wanted: Vec<String> = wanted.as_array().expect("a list").iter().map(text).collect();
        let mut found = self.ids.clone();
        wanted.sort();
        found.sort();
        holds(wanted == found, || format!("ids {found:?} for {wanted:?}"))
    }

    /// Entries from rows of two ends and perhaps a weight; `targets_first` says which end is which.
    fn entries_are(&self, rows: &Value, is_target_first: bool) -> Verdict {
        let text = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let mut wanted = BTreeMap::new();
        for row in rows.as_array().expect("a list") {
            let (a, b) = (text(&row[0]), text(&row[1]));
            let ends = if is_target_first { (a, b) } else { (b, a) };
            wanted.insert(ends, row[2].as_f64().unwrap_or(1.0) as f32);
        }
        holds(self.entries == wanted, || format!("entries {:?} for {wanted:?}", self.entries))
    }

    /// How many nodes each class has, in the classes' order.
    fn class_counts(&self) -> Vec<u64> {
        let mut counts = BTreeMap::new();
        for class in self.labels.iter().flatten().filter(|class| **class >= 0) {
            *counts.entry(*class).or_insert(0u64) += 1;
        }
        counts.into_values().collect()
    }

    fn column_is(&self, wanted: &Value) -> Verdict {
        let wanted: Vec<f32> =
            wanted.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number") as f32).collect();
        let is_there = self.features.columns().into_iter().any(|column| column.to_vec() == wanted);
        holds(is_there, || format!("no column {wanted:?} in {:?}", self.features))
    }
}

const AS_STORED: [&str; 4] = ["--direction", "as-stored", "--self-loops", "as-stored"];

fn with<'a>(first: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [first, more].concat()
}

/// A case's name, and what is right for it.
type Check = (&'static str, fn(&Case) -> Verdict);

const CASES: [Check; 33] = [
    ("g01-gml-multi", |case| {
        let graph = case.store("a", &with(&["links.gml"], &AS_STORED))?;
        let report = case.report(&with(&["links.gml"], &AS_STORED))?;
        graph.n_entries_are(4)?;
        let loops = graph.entries.keys().filter(|(u, v)| u == v).count();
        holds(graph.ids.len() == 4 && loops == 1, || format!("{:?}, {loops} self-loops", graph.ids))?;
        holds(graph.labels == Some(vec![0, 1, 1, 0]), || format!("labels {:?}, not from `value`", graph.labels))?;
        holds(report.contains("merged"), || format!("the double edge is not said: {report}"))?;
        holds(!report.contains("features from"), || format!("the class became a feature: {report}"))
    }),
    ("g02-adj-csr", |case| {
        let graph = case.store("a", &with(&["data.pt"], &AS_STORED))?;
        graph.entries_are(&case.expected["entries_target_source_weight"], true)?;
        holds(graph.features.dim() == (5, 3), || format!("features {:?}", graph.features.dim()))
    }),
    ("g03-index-beyond-nodes", |case| {
        case.is_refused(&["inspect", "data.pt"], &[&["6", "7"], &["5 nodes", "5 rows", "below 5"]])
    }),
    ("g04-graphtool-graphml", |case| {
        let graph = case.store("a", &["net.xml", "--self-loops", "removed"])?;
        let report = case.report(&["net.xml"])?;
        let wanted = case.expected["weights"].as_object().expect("a table");
        for (ends, weight) in wanted {
            let (a, b) = ends.split_once('-').expect("two ends");
            let ends = [(a, b), (b, a)].map(|(u, v)| (format!("n{u}"), format!("n{v}")));
            let bare = [(a, b), (b, a)].map(|(u, v)| (u.to_owned(), v.to_owned()));
            let found = ends.iter().chain(&bare).filter_map(|ends| graph.entries.get(ends)).collect::<Vec<_>>();
            let is_right = found.len() == 2 && found.iter().all(|w| Some(f64::from(**w)) == weight.as_f64());
            holds(is_right, || format!("weights {found:?} for {a}-{b}: {weight}"))?;
        }
        graph.column_is(&case.expected["score"])?;
        holds(report.contains("pos") || graph.features.ncols() > 2, || format!("pos is not named: {report}"))
    }),
    ("g05-one-based-gaps", |case| {
        let graph = case.store("a", &["pairs.tsv", "--self-loops", "removed"])?;
        graph.ids_are(&case.expected["ids"])?;
        graph.n_entries_are(16)
    }),
    ("g08-label-minus-100", |case| {
        let counts = case.store("a", &["data.pt"])?.class_counts();
        holds(counts == [5, 8], || format!("classes of {counts:?} nodes"))
    }),
    ("g09-nan-labels", |case| {
        for path in ["data.pt", "ogb_binary"] {
            let graph = case.inspect(&[path])?;
            let found = (&graph["n_classes"], &graph["n_labelled"], &graph["n_nodes"]);
            let is_right = found == (&4.into(), &21.into(), &30.into());
            holds(is_right, || format!("{path}: classes, labelled, nodes {found:?}"))?;
        }
        Ok(())
    }),
    ("g10-heterodata", |case| {
        case.is_refused(
            &["inspect", "data.pt"],
            &[&["HeteroData"], &["reader"], &["book"], &["to_homogeneous", "metapath", "subgraph", "["]],
        )
    }),
    ("g12-dgl-heterograph", |case| {
        case.is_refused(&["inspect", "graph.bin"], &[&["edge_type_subgraph", "to_homogeneous"], &["edges", "nodes"]])
    }),
    ("g15-csv-quotes-semicolons", |case| {
        let told = ["--columns", "source,target,ignored,weight", "--header", "true"];
        for (name, more) in [("told", &told[..]), ("alone", &[])] {
            let graph = case.store(name, &with(&with(&["edges.csv"], &AS_STORED), more))?;
            graph.ids_are(&case.expected["ids"])?;
            graph.entries_are(&case.expected["edges"], false)?;
        }
        Ok(())
    }),
    ("g16-hash-in-ids", |case| {
        let told = ["--columns", "source,target", "--header", "false"];
        let graph = case.store("a", &with(&with(&["links.txt"], &AS_STORED), &told))?;
        graph.ids_are(&case.expected["ids"])?;
        graph.n_entries_are(5)
    }),
    ("g18-gexf-slice", |case| {
        let graph = case.store("a", &with(&["slice.gexf"], &AS_STORED))?;
        graph.entries_are(&case.expected["edges"], false)?;
        let report = case.report(&["slice.gexf"])?;
        graph.column_is(&case.expected["cost"]).or_else(|_| {
            let is_named = ["cost", "Cost", "attvalue"].iter().any(|word| report.contains(word));
            holds(is_named, || format!("the cost is neither read nor named: {report}"))
        })
    }),
    ("g20-metis-node-weights", |case| {
        let graph = case.store("a", &["net.graph", "--self-loops", "removed"])?;
        graph.entries_are(&case.expected["entries_target_source_weight"], true)?;
        let report = case.report(&["net.graph"])?;
        holds(report.contains("weights of vertices"), || format!("node weights are not named: {report}"))
    }),
    ("g26-ten-splits", |case| {
        let graph = case.inspect(&["data.pt"])?;
        let of = |split: &Value| [&split["n_train"], &split["n_val"], &split["n_test"]].map(Clone::clone);
        let found: Vec<Value> =
            graph["splits"].as_array().expect("a list").iter().map(|split| of(split).to_vec().into()).collect();
        holds(case.expected["splits"] == Value::from(found.clone()), || format!("splits {found:?}"))
    }),
    ("g29-planetoid-gaps", |case| {
        let graph = case.store("a", &["ind.mini.graph"])?;
        let wanted: Array2<f32> = read_npy(case.folder.join("x.npy")).map_err(|error| error.to_string())?;
        holds(graph.features == wanted, || format!("features {:?} for {wanted:?}", graph.features))?;
        let labels = serde_json::to_value(&graph.labels).expect("numbers");
        holds(labels == case.expected["labels"], || format!("labels {labels}"))?;
        let test = serde_json::to_value(graph.splits.first().map(|split| &split[2])).expect("numbers");
        holds(test == case.expected["test"], || format!("test nodes {test}"))
    }),
    ("g32-gzip-members", |case| {
        let graph = case.store("a", &["edges.txt.gz", "--self-loops", "removed"])?;
        graph.n_entries_are(100)?;
        holds(graph.ids.len() == 35, || format!("{} nodes", graph.ids.len()))
    }),
    ("g34-size-without-banner", |case| {
        let graph = case.store("a", &with(&["graph.txt"], &AS_STORED))?;
        graph.n_entries_are(7)?;
        holds(graph.ids.len() == 6, || format!("{} nodes", graph.ids.len()))
    }),
    ("g37-text-encodings", |case| {
        let graph = case.store("latin1", &["latin1.graphml", "--self-loops", "removed"])?;
        graph.ids_are(&case.expected["latin1"]["ids"])?;
        graph.n_entries_are(6)?;
        let mut sizes = BTreeMap::new();
        for (id, row) in graph.ids.iter().zip(graph.features.rows()) {
            sizes.insert(id.clone(), row.to_vec());
        }
        let wanted = case.expected["latin1"]["ids"].as_array().expect("a list").iter();
        for (id, size) in wanted.zip(case.expected["latin1"]["size"].as_array().expect("a list")) {
            let (id, size) = (id.as_str().expect("text"), size.as_f64().expect("a number") as f32);
            holds(sizes[id].contains(&size), || format!("{id}: features {:?} without size {size}", sizes[id]))?;
        }
        let table = case.store("utf16", &with(&["table.txt"], &AS_STORED))?;
        table.n_entries_are(3)?;
        holds(table.ids.len() == 3, || format!("UTF-16: {} nodes", table.ids.len()))
    }),
    ("m01-ddp-and-compile", |case| case.has_logits("model.pth", "logits.npy", &[])),
    ("m02-lightning", |case| {
        case.has_logits("last.ckpt", "logits.npy", &[])?;
        let report = case.report(&["last.ckpt"])?;
        holds(report.contains("criterion"), || format!("the loss's weights are not named as left out: {report}"))
    }),
    ("m04-nni-mask-file", |case| {
        case.is_refused(&["inspect", "mask.pth"], &[&["mask"], &["zeros and ones", "weights"]])?;
        case.has_logits("model.pth", "logits.npy", &[])
    }),
    ("m05-torch-prune", |case| {
        case.has_logits("model.pt", "logits.npy", &[])?;
        has_zeros(case)
    }),
    ("m07-gatv2-heads-onnx", |case| {
        case.has_logits("model.txt", "logits.npy", &[])?;
        let bundle = case.out.path().join("bundle-model.txt");
        let exported = case.out.path().join("onnx");
        let [bundle, exported] = [&bundle, &exported].map(|path| path.to_str().expect("UTF-8"));
        case.run(&["export", bundle, "--as", "onnx", "-o", exported])?;
        holds(Path::new(exported).read_dir().is_ok_and(|files| files.count() > 0), || "no ONNX file".to_owned())
    }),
    ("m09-sage-lstm", |case| case.is_refused(&["inspect", "model.pt"], &[&["LSTM", "lstm"]])),
    ("m12-weight-norm", |case| {
        for model in ["new.pt", "old.pt"] {
            let refusal = [&["weight norm", "weight_norm", "parametriz"][..]];
            case.has_logits(model, "logits.npy", &[]).or_else(|fault| {
                case.is_refused(&["inspect", model], &refusal).map_err(|other| fault + " | " + &other)
            })?;
        }
        Ok(())
    }),
    ("m14-dgl-norm-right", |case| {
        let report = case.report(&["model.pt"])?;
        holds(report.contains("norm_r") && report.contains("assumed"), || format!("no assumption said: {report}"))?;
        case.has_logits("model.pt", "logits.npy", &["--norm-r", "0"])
    }),
    ("m15-jumping-knowledge", |case| {
        let refusal = [&["jumping knowledge", "lin.weight", "layer lin"][..]];
        case.has_logits("model.pt", "logits.npy", &[]).or_else(|_| case.is_refused(&["inspect", "model.pt"], &refusal))
    }),
    ("m17-torchscript", |case| case.has_logits("model.pt", "logits.npy", &[])),
    ("m18-onnx-external", |case| {
        case.has_logits("default.onnx", "logits.npy", &[])?;
        case.has_logits("model.onnx", "logits.npy", &[])?;
        case.is_refused(&["inspect", "alone/model.onnx"], &[&["model.onnx.data"]])
    }),
    ("m19-gin-batchnorm-after-relu", |case| {
        for (model, norm) in [("inner", "nn.2"), ("model", "nn.5")] {
            let (file, logits) = (format!("{model}.pt"), format!("logits_{model}.npy"));
            let refusal = [&[norm][..], &["activation", "ReLU", "normalisation"]];
            case.has_logits(&file, &logits, &["--self-loops", "removed"]).or_else(|fault| {
                case.is_refused(&["inspect", &file], &refusal).map_err(|other| fault + " | " + &other)
            })?;
        }
        Ok(())
    }),
    ("m21-gat-residual", |case| {
        let refusal = [&["conv1.res.weight"][..]];
        case.has_logits("model.pt", "logits.npy", &[]).or_else(|_| case.is_refused(&["inspect", "model.pt"], &refusal))
    }),
    ("m24-sparse-tensors", |case| {
        case.has_logits("model.pt", "logits.npy", &[])?;
        has_zeros(case)
    }),
    ("m28-sixteen-bits", |case| {
        for (file, logits) in [
            ("bf16.pt", "logits_bf16.npy"),
            ("bf16.safetensors", "logits_bf16.npy"),
            ("f16.pt", "logits_f16.npy"),
            ("f16.safetensors", "logits_f16.npy"),
        ] {
            case.has_logits(file, logits, &[])?;
        }
        Ok(())
    }),
];

/// The zeros of every matrix are those that the pruning tool left.
fn has_zeros(case: &Case) -> Verdict {
    let model = case.inspect(&["model.pt"])?;
    let zeros: Vec<Value> =
        model["layers"].as_array().expect("a list").iter().map(|layer| layer["n_zero"].clone()).collect();
    holds(case.expected["zeros"] == Value::from(zeros.clone()), || format!("zeros {zeros:?}"))
}

#[test]
fn every_case_is_right() {
    let Some(cases) = shared_path("every_case_is_right", "cases") else { return };
    let mut names: Vec<String> = fs::read_dir(&cases)
        .expect("the cases")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    assert_eq!(names, CASES.map(|(name, _)| name), "every case is checked");
    let mut wrong = Vec::new();
    for (name, check) in CASES {
        let path = cases.join(name);
        let text = fs::read_to_string(path.join("expected.json")).expect("what is right");
        let expected = serde_json::from_str(&text).expect("JSON");
        let case = Case { name: name.to_owned(), folder: path, expected, out: folder() };
        if let Err(fault) = check(&case) {
            wrong.push(format!("{}: {fault}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases are wrong:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}
