//! Parts of a graph in files of their own: put together by options, refused by name.

use unifews::engine::graph::ReadOptions;
use unifews::io::read_graph_as;

use super::files::{Folder, floats, ints, npz};
use super::support::control;

fn refused(options: &ReadOptions, path: &std::path::Path) -> String {
    let error = read_graph_as(path.to_str().expect("UTF-8"), options, &control()).expect_err("refused");
    error.to_string()
}

#[test]
fn features_labels_and_split_come_from_anywhere_and_a_wrong_one_is_named() {
    let folder = Folder::new();
    let path = folder.file("edges.txt", b"0 1\n1 2\n");
    let name = |path: &std::path::Path| Some(path.display().to_string());
    let features = folder.file("a.dat", floats(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let labels = folder.file("b.dat", ints(&[0, 1, -1]));
    // What a file is is decided by its content: this archive is not called .npz.
    let parts = vec![("idx_train", ints(&[0])), ("idx_val", ints(&[1])), ("idx_test", ints(&[2]))];
    let split = folder.file("mine.dat", npz(&parts));
    let options = ReadOptions {
        feature_file: name(&features),
        label_file: name(&labels),
        split_file: name(&split),
        ..ReadOptions::default()
    };
    let (graph, report) = read_graph_as(path.to_str().expect("UTF-8"), &options, &control()).expect("a graph");
    assert_eq!((graph.features().width(), graph.n_classes()), (2, 2));
    assert_eq!(graph.splits()[0].name, "mine");
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);

    let short = folder.file("short.dat", floats(&[2, 2], &[0.0; 4]));
    let wrong = ReadOptions { feature_file: name(&short), ..ReadOptions::default() };
    let expected = format!("features: expected 3 rows (one per node), found 2: {}", short.display());
    assert_eq!(refused(&wrong, &path), expected);
    let wrong = ReadOptions { label_file: name(&features), ..ReadOptions::default() };
    assert!(refused(&wrong, &path).contains("a.dat"), "{}", refused(&wrong, &path));
    let wrong = ReadOptions { split_file: name(&labels), ..ReadOptions::default() };
    assert!(refused(&wrong, &path).contains("b.dat"), "{}", refused(&wrong, &path));
    let wrong = ReadOptions { feature_file: Some("/nowhere/x.npy".to_owned()), ..ReadOptions::default() };
    assert!(refused(&wrong, &path).starts_with("cannot open"), "{}", refused(&wrong, &path));
}
