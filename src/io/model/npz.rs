//! Models in NumPy archives: one array per tensor, under PyTorch's names (`numpy.savez("m.npz", **state)`).
//!
//! ```text
//! archive  = zip of NAME.npy
//! NAME     = as in a state dict, for example convs.0.lin.weight; `/` counts as `.`
//! ```

use std::path::Path;

use super::state::State;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};
use crate::io::text::shortened;

/// Parts of names that say that an array is a parameter.
const PARAMETERS: [&str; 6] = ["weight", "weight1", "weight_orig", "att", "att_src", "attn_l"];

/// Whether the names in a zip archive are those of a model.
pub(crate) fn is_model_archive(names: &[String]) -> bool {
    let is_parameter = |name: &String| {
        let name = name.strip_suffix(".npy").unwrap_or("");
        name.rsplit_once(['.', '/']).is_some_and(|(_, part)| PARAMETERS.contains(&part))
    };
    names.iter().any(is_parameter)
}

/// Reads the tensors; text is left out.
pub(super) fn read(path: &Path) -> Result<State, LoadError> {
    let mut npz = Npz::open(path)?;
    let mut state = State::new(LoadReport::new("NumPy archive", path.display().to_string()));
    let names: Vec<String> = npz.unread().map(str::to_owned).collect();
    let mut n_values = 0u64;
    for name in names {
        let target = name.replace('/', ".");
        let array = match npz.array(&name) {
            Ok(array) => array,
            Err(error) => {
                state.take(&target, Err(error))?;
                continue;
            }
        };
        n_values = n_values.saturating_add(array.len() as u64);
        if n_values.saturating_mul(4) > npz.byte_limit() {
            // Entries of an archive can share their bytes.
            return Err(array.fault(format!("at most {} bytes in all arrays together", npz.byte_limit()), "more"));
        }
        if array.is_text() || array.shape().contains(&0) {
            state.report.ignored.push(shortened(&name));
            continue;
        }
        state.take(&target, array.to_f32_tensor())?;
    }
    Ok(state)
}
