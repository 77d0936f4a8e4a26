//! Smaller matrices where whole channels went.

use crate::engine::model::passes::liveness::Liveness;
use crate::engine::model::{Model, widths};

/// The same network without the hidden columns that no weight reads, bit for bit; `None` where there are none, or what is left is no network of
/// the family, as with hidden layers of different widths.
pub fn narrowed(model: &Model) -> Option<Model> {
    let program = model.program().inference();
    let widths = widths(&program, &model.parameters, model.d_in()).ok()?;
    let narrow = Liveness::of_reads(program, &widths, model).ok()?.compact().ok()?;
    let (mut found, unused) = Model::from_state_dict(&model.architecture, narrow.model.state_dict()).ok()?;
    let is_whole = unused.is_empty() && found.program().inference() == narrow.program;
    let n_values = |model: &Model| model.parameters.iter().map(|p| p.values.len()).sum::<usize>();
    found.trained_on.clone_from(&model.trained_on);
    (is_whole && n_values(&found) < n_values(model)).then_some(found)
}
