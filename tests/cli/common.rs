//! What the tests share: a folder of their own, small inputs, and the program.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use tempfile::TempDir;
use unifews::engine::control::Control;
use unifews::engine::graph::Dataset;
use unifews::engine::model::{Architecture, AttentionForm, Family, HopWeights, Model};
use unifews::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
use unifews::engine::sparsify::{Compat, EdgeMode, Identity, Recipe, WeightMode};
use unifews::io::read_graph;

/// A graph that is small and yet has communities to learn.
pub(crate) const SMALL: &str = "sample:powerlaw?nodes=300&edges=1800&features=16&classes=4&seed=7";

/// The program in an empty folder, without a display and without progress on stderr.
pub(crate) fn unifews(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("unifews").expect("the program was built");
    command.current_dir(folder).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command
}

/// Runs the program with these arguments, which must succeed, and gives its stdout.
pub(crate) fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = unifews(folder).args(arguments).arg("--quiet").assert().success().get_output().clone();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "quiet commands say nothing on stderr");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The one JSON document that the program prints.
pub(crate) fn json(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    serde_json::from_str(&stdout(folder, &arguments)).expect("one JSON document")
}

/// A trained model of [`SMALL`], made once for all tests: `gcn` or `sgc`.
pub(crate) fn small_model(family: &str) -> &'static str {
    static MODELS: OnceLock<[String; 2]> = OnceLock::new();
    let [gcn, sgc] = MODELS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let train = |family: &str, more: &[&str]| {
            let file = format!("cli-{family}.safetensors");
            let arguments = ["train", SMALL, "-o", &file, "--arch", family, "--hidden", "16", "--epochs", "30"];
            stdout(folder, &[&arguments[..], more].concat());
            folder.join(file).into_os_string().into_string().expect("UTF-8")
        };
        [train("gcn", &[]), train("sgc", &["--hops", "4"])]
    });
    if family == "gcn" { gcn } else { sgc }
}

/// [`SMALL`] as the library reads it.
pub(crate) fn small_graph() -> Dataset {
    read_graph(SMALL, &Control::new(1).expect("a worker")).expect("a sample").0
}

/// Starts the program and leaves it at work; what it tells on stderr goes where `stderr` says.
pub(crate) fn start(folder: &Path, arguments: &[&str], stderr: process::Stdio) -> process::Child {
    process::Command::new(assert_cmd::cargo::cargo_bin("unifews"))
        .args(arguments)
        .current_dir(folder)
        .stdout(process::Stdio::null())
        .stderr(stderr)
        .spawn()
        .expect("started")
}

/// Starts the program and waits until what it leaves in its folder is as `is_there` says, which it must be while it is at work.
pub(crate) fn start_until(folder: &Path, arguments: &[&str], is_there: impl Fn() -> bool) -> process::Child {
    let mut child = start(folder, arguments, process::Stdio::null());
    let began = Instant::now();
    while !is_there() {
        assert!(child.try_wait().expect("a status").is_none(), "{arguments:?} ended too early");
        assert!(began.elapsed() < Duration::from_mins(5), "{arguments:?} never came so far");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

/// Kills a program without a chance to clean up.
pub(crate) fn kill(mut child: process::Child) {
    child.kill().expect("killed");
    child.wait().expect("ended");
}

/// Names of what is in a folder, sorted.
pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Sends a signal to a program, as `kill` of a shell would.
#[cfg(unix)]
pub(crate) fn send(child: &process::Child, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).expect("a signal sent");
}

/// An empty folder.
pub(crate) fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

/// Every way in which what is exported can differ: family, and what changes a recipe's products.
pub(crate) fn cases() -> Vec<(&'static str, &'static str, Recipe)> {
    let with = |change: fn(&mut Recipe)| {
        let mut recipe = Recipe::default();
        recipe.edges.delta = vec![0.5];
        recipe.weights.delta = vec![0.5];
        change(&mut recipe);
        recipe
    };
    vec![
        ("gcn", "gcn", with(|_| {})),
        ("gcn, nothing removed", "gcn", with(|r| (r.edges.delta, r.weights.delta) = (vec![0.0], vec![0.0]))),
        ("gcn, residual", "gcn", with(|r| r.edges.identity = Identity::Residual)),
        ("gcn, residual-loop", "gcn", with(|r| r.edges.identity = Identity::ResidualLoop)),
        ("gcn, target", "gcn", with(|r| (r.edges.mode, r.edges.delta) = (EdgeMode::Target, vec![0.4, 0.8]))),
        ("sgc", "sgc", with(|_| {})),
        ("sgc, residual", "sgc", with(|r| r.edges.identity = Identity::Residual)),
        ("sgc, mass", "sgc", with(|r| (r.edges.mode, r.edges.delta) = (EdgeMode::Mass, vec![1e-3]))),
        (
            "sgc, mass, official",
            "sgc",
            with(|r| {
                (r.edges.mode, r.edges.delta) = (EdgeMode::Mass, vec![1e-3]);
                r.compat = Compat::OFFICIAL;
                r.edges.identity = Identity::ResidualLoop;
            }),
        ),
        ("sgc, official", "sgc", with(|r| r.compat = Compat::OFFICIAL)),
        (
            "gcn, random entries",
            "gcn",
            with(|r| {
                (r.edges.mode, r.edges.ranking) = (EdgeMode::Target, Some(EdgeRanking::Random));
                (r.weights.mode, r.weights.ranking) = (WeightMode::Target, Some(WeightRanking::MagnitudeGlobal));
            }),
        ),
    ]
}

/// Every other family, clean and with the authors' quirks, and the forms of attention; freshly drawn weights.
pub(crate) fn other_families() -> Vec<(String, Model, Recipe)> {
    let mut shapes: Vec<Architecture> = Family::ALL.map(Architecture::new).into();
    let attention = Architecture::new(Family::Gat);
    shapes.push(Architecture { attention: AttentionForm::V1, out_heads: 2, ..attention.clone() });
    shapes.push(Architecture { share_weights: true, layers: 3, ..attention });
    shapes.push(Architecture { root_weight: false, bias: false, ..Architecture::new(Family::Sage) });
    shapes.push(Architecture { hop_weights: HopWeights::Heat, ..Architecture::new(Family::Gbp) });
    let mut all = Vec::new();
    for mut shape in shapes {
        shape.hidden = 16;
        shape.hops = shape.hops.min(3);
        let model = Model::init(&shape, 16, 4, 7);
        for compat in [Compat::CLEAN, Compat::OFFICIAL] {
            let mut recipe = Recipe { compat, ..Recipe::default() };
            recipe.edges.delta = vec![0.5];
            recipe.weights.delta = vec![0.5];
            all.push((format!("{} {compat:?}", model.title()), model.clone(), recipe));
        }
    }
    all
}

/// An interpreter with numpy, scipy and safetensors, if there is one.
pub(crate) fn python(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("UNIFEWS_PYTHON").map(PathBuf::from);
    let is_named = named.is_some();
    let python = named.unwrap_or_else(|| PathBuf::from("python3"));
    let found = process::Command::new(&python).args(["-c", "import numpy, scipy.sparse, safetensors.numpy"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    assert!(!is_named, "{test}: {} has no numpy, scipy and safetensors, and UNIFEWS_PYTHON names it", python.display());
    eprintln!("skipped: {test}: {} has no numpy, scipy and safetensors", python.display());
    None
}
