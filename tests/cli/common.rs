//! What the tests share: a folder of their own, small inputs, and the program.

use std::path::Path;
use std::sync::OnceLock;

use assert_cmd::Command;
use tempfile::TempDir;
use unifews::engine::control::Control;
use unifews::engine::graph::Dataset;
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

/// An empty folder.
pub(crate) fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}
