//! `unifews bench`: that it runs and what scripts read. No time is asserted.

use serde_json::Value;

use crate::common::{SMALL, folder, json, stdout, unifews};

#[test]
fn a_quick_bench_says_everything_that_scripts_read() {
    let folder = folder();
    let found = json(folder.path(), &["bench", "--quick", "--threads", "2"]);
    assert_eq!((&found["command"], &found["format"]), (&Value::from("bench"), &Value::from("unifews-bench/1")));
    assert_eq!((&found["n_nodes"], &found["n_entries"]), (&Value::from(2_000), &Value::from(22_000)));
    assert_eq!(found["machine"]["n_threads"], 2);
    let numbers = [
        "/triad/bytes_per_sec_one_thread",
        "/triad/bytes_per_sec",
        "/hop/traffic_bytes",
        "/hop/secs",
        "/hop/share_of_triad",
        "/hop/scaling",
        "/forward/unpruned_secs",
        "/forward/pruned_secs",
        "/forward/epoch_secs",
        "/cost/wide/fixed",
        "/cost/narrow/per_kept",
        "/cost/sparse_input/per_kept",
    ];
    for name in numbers {
        assert!(found.pointer(name).is_some_and(Value::is_number), "{name}: {found}");
    }
    let propagation = found["propagation"].as_array().expect("a list");
    assert_eq!(propagation.len(), 10, "unpruned, then deciding and following in two precisions for three shares");
    for (at, least) in [(0, 0.0), (4, 0.5), (7, 0.9)] {
        let sparsity = propagation[at]["sparsity"].as_f64().expect("a number");
        assert!(sparsity >= least && sparsity <= least + 0.02, "{sparsity} at {at}");
    }
    let orders = found["orders"].as_array().expect("a list");
    let keys: Vec<_> = orders.iter().map(|o| o["order"].as_str().expect("a name")).collect();
    assert_eq!(keys, ["stored", "degree", "community", "rcm"]);
    assert!(orders.iter().all(|o| ["find_secs", "secs", "speedup"].iter().all(|k| o[k].is_number())), "{orders:?}");
    let weights = found["weights"].as_array().expect("a list");
    assert!(weights.iter().all(|w| w["dense_secs"].is_number() && w.get("pays_from").is_some()), "{weights:?}");
}

#[test]
fn a_page_for_people_names_machine_graph_and_rates() {
    let folder = folder();
    let page = stdout(folder.path(), &["bench", SMALL, "--quick", "--hidden", "8", "--repeats", "2", "--threads", "1"]);
    for part in
        ["1 threads; medians of 2", "300 nodes", "memory: ", "one hop: ", "unpruned", "rcm", "faster from", "hidden 8"]
    {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    // Nothing small is kept as if it were measured.
    unifews(folder.path())
        .args(["bench", "--quick", "--quiet"])
        .env("XDG_CONFIG_HOME", folder.path())
        .assert()
        .success();
    assert!(!folder.path().join("unifews").exists());
}
