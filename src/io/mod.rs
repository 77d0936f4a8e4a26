//! Files in, files out: one format per file, its grammar in the module's documentation.
//!
//! What is never here: algorithms, egui. Every reader answers with an engine value and a [`LoadReport`]; it is written as if
//! the file were hostile: sizes are checked before anything is allocated, nothing panics, no pickle is ever run.
//!
//! | to read | call |
//! | --- | --- |
//! | anything: what is it? | [`detect`] |
//! | files that belong together: what is each for? | [`roles`] |
//! | a graph, `sample:NAME` too | [`read_graph`], [`read_graph_as`] |
//! | a model, `sample:NAME` too | [`read_model`] |
//! | a recipe | [`read_recipe`] |
//! | a split or a list of nodes | [`read_split`], [`read_node_ids`] |
//! | nodes that arrive at a graph | [`read_arrivals`] |
//! | an exported bundle | [`bundle::read_bundle`], and [`bundle::replay`] to run it again |
//!
//! To write for other programs: [`export`].

pub mod atomic;
pub mod autosave;
pub mod bundle;
mod calibration;
pub mod checks;
pub mod cluster;
pub mod crash_reports;
mod detect;
mod encoding;
mod ending;
mod entrance;
pub mod export;
pub mod figure;
mod file;
mod fonts;
mod foreign;
pub mod format;
mod graph;
pub mod graph_tables;
mod guard;
pub mod kept_runs;
mod load;
mod machine;
mod mat;
mod memory;
mod model;
mod narrow;
mod npy;
mod npz;
mod onnx;
pub mod out_of_core;
mod pickle;
pub mod places;
pub mod printed;
mod reading;
mod recipe;
mod report;
pub mod results;
mod role;
mod sample;
mod sha256;
mod sheet;
mod source;
mod sparse;
mod spreadsheet;
pub mod stored;
pub mod table;
mod text;
mod torch;
mod wrong;

pub use calibration::{calibration_path, read_calibration, write_calibration};
pub use detect::{Detected, detect, detect_as, first_lines, is_bundle_folder};
pub use ending::{ending, with_known_ending};
pub(crate) use file::{read_start, read_text};
pub use fonts::{JAPANESE_BOLD_FONT, JAPANESE_FONT, MONO_FONT, STRONG_FONT, TEXT_FONT, east_asian_font};
pub use graph::{ArrivingNodes, GraphFormat, GraphPart, format_table, read_arrivals, read_node_ids, read_split};
pub use load::{read_graph, read_graph_as, read_graph_within, read_model};
pub use machine::{system_version, total_memory};
pub use memory::{MemoryBudget, MemoryLeft, free_memory, process_memory};
pub use model::{
    MODEL_FORMAT, ModelFormat, SPARSE_MODEL_FORMAT, TensorBytes, encode_model, encode_sparse_model, encode_tensors,
    read_model_bytes, write_model,
};
pub use reading::ReadingScope;
pub use recipe::{
    RecipeForm, check_companion_recipe, files_outside, folder_of, lies_outside, named_files, names_split_file,
    read_recipe, recipe_from_text, recipe_from_toml, recipe_to_text, recipe_to_toml, settle_recipe, write_recipe,
};
pub use report::{ExportError, FeatureColumn, LoadError, LoadReport, OpenSetting, ReportLine};
pub use role::{Role, RoleReport, files_in, roles};
pub use sample::{SampleInfo, samples};
pub use sha256::InputHash;
pub use sheet::{ColumnKind, ColumnRole, ColumnSketch, TableSketch};
pub use text::{escaped, escaped_json, escaped_markdown, escaped_path, escaped_text};
pub(crate) use text::{escaped_block, shortened};
pub(crate) use wrong::of as what_came_instead;
