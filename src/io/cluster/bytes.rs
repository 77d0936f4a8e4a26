//! Parts of blocks as bytes.
//!
//! ```text
//! entries   u64 rows, u64 entries; u64 row pointers [rows + 1], u32 sources, f32 values, u8 removing steps [entries]
//! value-N, sum, pushed      u64 rows, u64 columns; f32 row after row
//! degrees   f64 [rows]
//! norms, scores, raw, used-N    f32
//! attention u64 scores; f32 scores, f32 norms
//! ```
//! Little-endian.

use bytemuck::Pod;
use ndarray::Array2;

use crate::engine::EngineError;
use crate::engine::cluster::{BlockEntries, Part};

/// The bytes of a part.
pub(super) fn to_bytes(part: &Part) -> Vec<u8> {
    match part {
        Part::Entries(entries) => {
            let indptr: Vec<u64> = entries.indptr.iter().map(|p| *p as u64).collect();
            let mut bytes = sizes(&[entries.n_rows(), entries.sources.len()]);
            bytes.extend_from_slice(bytemuck::cast_slice(&indptr));
            bytes.extend_from_slice(bytemuck::cast_slice(&entries.sources));
            bytes.extend_from_slice(bytemuck::cast_slice(&entries.values));
            bytes.extend_from_slice(&entries.removed_at);
            bytes
        }
        Part::Value { rows, .. } | Part::Sum(rows) | Part::Pushed(rows) => {
            let mut bytes = sizes(&[rows.nrows(), rows.ncols()]);
            match rows.as_slice() {
                Some(values) => bytes.extend_from_slice(bytemuck::cast_slice(values)),
                None => rows.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes())),
            }
            bytes
        }
        Part::Degrees(values) => bytemuck::cast_slice(values).to_vec(),
        Part::Norms(values) | Part::Scores(values) | Part::Raw(values) | Part::Used { values, .. } => {
            bytemuck::cast_slice(values).to_vec()
        }
        Part::Attention { scores, norms } => {
            let mut bytes = sizes(&[scores.len()]);
            bytes.extend_from_slice(bytemuck::cast_slice(scores));
            bytes.extend_from_slice(bytemuck::cast_slice(norms));
            bytes
        }
    }
}

fn sizes(sizes: &[usize]) -> Vec<u8> {
    sizes.iter().flat_map(|size| (*size as u64).to_le_bytes()).collect()
}

/// The part of a name from its bytes.
///
/// # Errors
/// [`EngineError::Mismatch`] for another name, or bytes that are not as many as they say.
pub(super) fn from_bytes(name: &str, bytes: &[u8]) -> Result<Part, EngineError> {
    let mut rest = Rest { name, bytes };
    let number = |prefix: &str| name.strip_prefix(prefix).and_then(|number| number.parse::<usize>().ok());
    let part = match name {
        "entries" => {
            let [n_rows, n_entries] = [rest.size()?, rest.size()?];
            let indptr = rest.take::<u64>(n_rows.saturating_add(1))?.into_iter().map(|p| p as usize).collect();
            let (sources, values) = (rest.take(n_entries)?, rest.take(n_entries)?);
            Part::Entries(BlockEntries::try_new(indptr, sources, values, rest.take(n_entries)?)?)
        }
        "sum" => Part::Sum(rest.matrix()?),
        "pushed" => Part::Pushed(rest.matrix()?),
        "degrees" => Part::Degrees(rest.all()?),
        "norms" => Part::Norms(rest.all()?),
        "scores" => Part::Scores(rest.all()?),
        "raw" => Part::Raw(rest.all()?),
        "attention" => {
            let n = rest.size()?;
            Part::Attention { scores: rest.take(n)?, norms: rest.all()? }
        }
        _ => match (number("value-"), number("used-")) {
            (Some(id), _) => Part::Value { id, rows: rest.matrix()? },
            (_, Some(step)) => Part::Used { step, values: rest.all()? },
            _ => return Err(EngineError::mismatch("part of a block", "one of a job's", name)),
        },
    };
    match rest.bytes.len() {
        0 => Ok(part),
        left => {
            Err(EngineError::mismatch(format!("bytes of part {name}"), "as many as it says", format!("{left} more")))
        }
    }
}

/// Bytes that were not taken yet.
struct Rest<'a> {
    name: &'a str,
    bytes: &'a [u8],
}

impl Rest<'_> {
    /// Copied: nobody knows how the bytes lie in memory.
    fn take<T: Pod>(&mut self, n: usize) -> Result<Vec<T>, EngineError> {
        let wanted = n.checked_mul(size_of::<T>());
        let Some((these, rest)) = wanted.and_then(|wanted| self.bytes.split_at_checked(wanted)) else {
            let expected = format!("{n} values of {} bytes", size_of::<T>());
            return Err(EngineError::mismatch(format!("bytes of part {}", self.name), expected, self.bytes.len()));
        };
        self.bytes = rest;
        Ok(bytemuck::pod_collect_to_vec(these))
    }

    fn size(&mut self) -> Result<usize, EngineError> {
        let size = self.take::<u64>(1)?;
        Ok(size.first().map_or(0, |size| usize::try_from(*size).unwrap_or(usize::MAX)))
    }

    fn all<T: Pod>(&mut self) -> Result<Vec<T>, EngineError> {
        let n = self.bytes.len() / size_of::<T>();
        self.take(n)
    }

    fn matrix(&mut self) -> Result<Array2<f32>, EngineError> {
        let shape = (self.size()?, self.size()?);
        let values = self.take(shape.0.saturating_mul(shape.1))?;
        Array2::from_shape_vec(shape, values)
            .map_err(|error| EngineError::mismatch(format!("shape of part {}", self.name), "rows and columns", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn every_part_comes_back_and_cut_or_longer_bytes_are_refused() {
        let entries = BlockEntries::try_new(vec![0, 2, 2], vec![3, 900], vec![0.5, -1.0], vec![2, 0]);
        for part in [
            Part::Entries(entries.expect("valid")),
            Part::Value { id: 7, rows: array![[1.0f32, 1e-40], [-0.0, 3.5]] },
            Part::Sum(array![[1.0f32, 2.0, 3.0]]),
            Part::Pushed(array![[1.0f32, f32::INFINITY]]),
            Part::Degrees(vec![0.1, 1e300]),
            Part::Norms(vec![1.0, 2.0]),
            Part::Attention { scores: vec![1.0, 2.0, 3.0], norms: vec![4.0] },
            Part::Scores(vec![0.25]),
            Part::Raw(Vec::new()),
            Part::Used { step: 3, values: vec![0.5, 0.0] },
        ] {
            let (name, bytes) = (part.name(), to_bytes(&part));
            assert_eq!(from_bytes(&name, &bytes).expect("the same"), part);
            let longer = [bytes.as_slice(), &[1]].concat();
            assert!(from_bytes(&name, &longer).is_err(), "{name} with a byte more");
            if name == "entries" || name.starts_with("value") || name == "sum" || name == "pushed" {
                for n in 0..bytes.len() {
                    assert!(from_bytes(&name, &bytes[..n]).is_err(), "{name} of {n} bytes");
                }
            }
        }
        assert!(from_bytes("value-x", &[]).is_err() && from_bytes("others", &[]).is_err());
        let huge = [u64::MAX.to_le_bytes(), u64::MAX.to_le_bytes()].concat();
        assert!(from_bytes("value-0", &huge).is_err() && from_bytes("entries", &huge).is_err());
    }
}
