//! Export › Bundle: what every file of a bundle holds, for people.

use crate::engine::experiment::Run;
use crate::io::bundle::{BundleOptions, PlannedFile};
use crate::session::trial_words::step_title;
use crate::session::words::Words;

/// What a planned file holds; what the bundle itself says of a file that is not known here.
pub(super) fn file_says(file: &PlannedFile, run: &Run, options: BundleOptions, words: &Words) -> String {
    match file.name.as_str() {
        "model.safetensors" => words.text("export-file-model"),
        "model_sparse.safetensors" => {
            words.with("export-file-sparse", &[("values", options.weights_of(&run.recipe).key().into())])
        }
        "masks.safetensors" => words.text("export-file-masks"),
        "entry_values.safetensors" => {
            words.with("export-file-entries", &[("values", options.entries_of(run).key().into())])
        }
        "new_nodes.safetensors" if run.pruned.arrivals.is_some() => words.text("export-file-new-nodes-unpruned"),
        "new_nodes.safetensors" => words.text("export-file-new-nodes"),
        "features.npz" | "features.npy" => words.text("export-file-features"),
        "embedding.npy" => words.text("export-file-embedding"),
        "logits.npy" => words.text("export-file-logits"),
        "logits_low.npy" => {
            let stored = run.recipe.stored_as().map_or_else(String::new, |stored| stored.to_string());
            words.with("export-file-logits-low", &[("stored", stored.into())])
        }
        "predictions.csv" => words.text("export-file-predictions"),
        "metrics.json" => words.text("export-file-metrics"),
        "recipe.toml" => words.text("export-file-recipe"),
        "load_bundle.py" => words.text("export-file-client"),
        "README.md" => words.text("export-file-readme"),
        "manifest.json" => words.text("export-file-manifest"),
        name => edges_say(name, run, words).unwrap_or_else(|| file.says.clone()),
    }
}

/// What the file of a graph step holds, for example `edges/layer_00.npz`.
fn edges_say(name: &str, run: &Run, words: &Words) -> Option<String> {
    let at: usize = name.strip_prefix("edges/layer_")?.strip_suffix(".npz")?.parse().ok()?;
    let step = run.pruned.steps.iter().filter(|step| step.edges.is_some()).nth(at)?;
    Some(words.with("export-file-edges", &[("step", step_title(step.kind, step.idx, words).into())]))
}
