//! Arrays of a PyG object whose shape says what they are: the two rows of edges, and where each of several graphs starts.

use crate::io::npy::Array;
use crate::io::report::LoadError;

/// Refuses what is not `[2, e]`.
pub(super) fn check_two_rows(shape: &[usize], fault: impl Fn(&str, String) -> LoadError) -> Result<(), LoadError> {
    match shape {
        [2, _] | [0] => Ok(()),
        [_, 2] => {
            let expected = "shape [2, e] (sources and targets; data.edge_index = data.edge_index.t(); torch.save(data, 'graph.pt'))";
            Err(fault(expected, format!("shape {shape:?}, which is turned")))
        }
        other => Err(fault("shape [2, e] (sources and targets)", format!("shape {other:?}"))),
    }
}

/// The two rows of `[2, entries]`, below the two limits.
pub(super) fn two_rows(array: &Array, limits: (usize, usize)) -> Result<(Vec<u32>, Vec<u32>), LoadError> {
    check_two_rows(array.shape(), |expected, found| array.fault(expected, found))?;
    let mut first = array.to_indices(limits.0.max(limits.1), "node numbers")?;
    let second = first.split_off(first.len() / 2);
    for (values, limit) in [(&first, limits.0), (&second, limits.1)] {
        if let Some(wrong) = values.iter().find(|value| **value as usize >= limit) {
            return Err(array.fault(format!("numbers from 0 to below {limit}"), wrong));
        }
    }
    Ok((first, second))
}

/// Where each of several graphs starts, from 0 to `end`.
pub(super) fn ascending(array: &Array, end: usize) -> Result<Vec<usize>, LoadError> {
    let starts = array.to_sizes()?;
    let is_whole = starts.first() == Some(&0) && starts.last() == Some(&end) && starts.windows(2).all(|w| w[0] <= w[1]);
    if is_whole { Ok(starts) } else { Err(array.fault(format!("values from 0 to {end} that never fall"), "others")) }
}
