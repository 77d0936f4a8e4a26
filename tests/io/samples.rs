//! The graphs that ship with the program.

use unifews::engine::graph::{Features, GraphStats};
use unifews::io::{Detected, GraphFormat, detect, read_graph, read_model, samples};

use crate::support::{control, shared_path};

#[test]
fn every_sample_has_the_size_the_gallery_states() {
    for sample in samples() {
        let (graph, report) = read_graph(sample.spec, &control()).expect(sample.spec);
        let stats = GraphStats::of(&graph);
        assert_eq!(stats.n_nodes, sample.n_nodes, "{}", sample.spec);
        assert_eq!(stats.n_entries, sample.n_entries, "{}", sample.spec);
        assert_eq!(stats.n_classes, sample.n_classes, "{}", sample.spec);
        assert_eq!(stats.n_self_loops, sample.n_nodes, "{}", sample.spec);
        assert!(stats.is_symmetric, "{}", sample.spec);
        assert_eq!(graph.splits().len(), 1, "{}", sample.spec);
        assert_eq!(report.ignored, Vec::<String>::new(), "{}", sample.spec);
        for model in sample.models {
            let (model, _) = read_model(model).expect(model);
            model.check_fits(stats.n_features, stats.n_classes).expect("a model of this graph");
        }
    }
}

#[test]
fn samples_equal_the_data_they_were_made_from() {
    for name in ["cora", "citeseer"] {
        let Some(path) = shared_path("samples_equal_the_data_they_were_made_from", &format!("data/unifews/{name}"))
        else {
            return;
        };
        let (sample, _) = read_graph(&format!("sample:{name}"), &control()).expect("a sample");
        let (real, _) = read_graph(&path, &control()).expect("a Unifews folder");
        assert_eq!(sample.topology(), real.topology());
        assert_eq!(sample.features(), real.features());
        let classes = |graph: &unifews::engine::graph::Dataset| graph.labels().map(|l| l.classes().to_vec());
        assert_eq!(classes(&sample), classes(&real));
        assert_eq!(sample.content_hash(), real.content_hash());
        let seed42 = real.splits().iter().find(|s| s.name == "seed42").expect("a split of that name");
        let mut own = sample.splits()[0].clone();
        let mut theirs = seed42.clone();
        for split in [&mut own, &mut theirs] {
            split.train.sort_unstable();
            split.val.sort_unstable();
            split.test.sort_unstable();
        }
        assert_eq!(own, theirs);
    }
}

#[test]
fn the_generator_takes_any_of_its_options() {
    let (graph, report) =
        read_graph("sample:powerlaw?nodes=300&classes=3&seed=1&edges=1000", &control()).expect("made");
    assert_eq!((graph.n_nodes(), graph.n_classes(), graph.topology().n_entries()), (300, 3, 1300));
    assert_eq!(report.source, "sample:powerlaw?nodes=300&edges=1000&features=64&classes=3&seed=1");
}

#[test]
fn karate_club_gets_identity_features_and_says_so() {
    let (graph, report) = read_graph("sample:karate", &control()).expect("a sample");
    assert!(matches!(graph.features(), Features::Sparse(x) if x.shape() == (34, 34) && x.nnz() == 34));
    assert_eq!(report.warnings, ["the file has no features: one column per node (identity) stands in for them"]);
}

#[test]
fn wrong_sample_names_are_refused() {
    let check = |spec: &str, expected: &str| {
        assert_eq!(read_graph(spec, &control()).map(|_| ()).unwrap_err().to_string(), expected);
    };
    check(
        "sample:nothing",
        "not a known format: expected a sample (cora, citeseer, karate or \
         powerlaw?nodes=..&edges=..&features=..&classes=..&seed=..), found no sample of the name \"nothing\": \
         sample:nothing",
    );
    check(
        "sample:powerlaw?nodes=many",
        "nodes: expected an integer up to 2147483648, found \"many\": sample:powerlaw?nodes=many",
    );
    check(
        "sample:powerlaw?size=3",
        "sample options: expected nodes, edges, features, classes, seed or labels, found size: sample:powerlaw?size=3",
    );
    check(
        "sample:powerlaw?nodes=2000000&features=2000000",
        "nodes times features: expected at most 2147483648 values, found 4000000000000: \
         sample:powerlaw?nodes=2000000&features=2000000",
    );
    assert!(read_model("sample:../cora").is_err());
    assert_eq!(detect("sample:cora").expect("known"), Detected::Graph(GraphFormat::Compact));
}
