//! Arrays as NumPy stores them (`.npy`, version 1.0).

use ndarray::Array2;

/// A `.npy` file (version 1.0) of little-endian values in C order.
pub(crate) fn npy(descr: &str, shape: &[usize], body: &[u8]) -> Vec<u8> {
    let mut bytes = npy_header(descr, shape);
    bytes.extend_from_slice(body);
    bytes
}

/// What stands before the values of a `.npy` file.
pub(crate) fn npy_header(descr: &str, shape: &[usize]) -> Vec<u8> {
    const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
    const ALIGNMENT: usize = 64;
    let dims = match shape {
        [one] => format!("{one},"),
        _ => shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({dims}), }}");
    let before = MAGIC.len() + 2;
    let padded = (before + header.len() + 1).next_multiple_of(ALIGNMENT) - before;
    header.extend(std::iter::repeat_n(' ', padded - 1 - header.len()));
    header.push('\n');
    let mut bytes = Vec::with_capacity(before + padded);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&(padded as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes
}

pub(crate) fn npy_f32<'a>(shape: &[usize], values: impl Iterator<Item = &'a f32>) -> Vec<u8> {
    npy_of("<f4", shape, values.map(|v| v.to_le_bytes()))
}

/// A `.npy` file of values whose bytes come one after another: they are in memory once.
fn npy_of<const BYTES: usize>(descr: &str, shape: &[usize], values: impl Iterator<Item = [u8; BYTES]>) -> Vec<u8> {
    let mut bytes = npy_header(descr, shape);
    bytes.reserve_exact(BYTES * shape.iter().product::<usize>());
    values.for_each(|value| bytes.extend_from_slice(&value));
    bytes
}

/// Row pointers and columns: i4 as `scipy` writes them, i8 where i4 cannot hold the largest.
pub(crate) fn npy_index(values: impl Iterator<Item = u64> + Clone) -> Vec<u8> {
    let n = values.clone().count();
    if values.clone().all(|v| i32::try_from(v).is_ok()) {
        npy_of("<i4", &[n], values.map(|v| (v as u32).to_le_bytes()))
    } else {
        npy_of("<i8", &[n], values.map(u64::to_le_bytes))
    }
}

/// A matrix as `.npy`. `[rows, columns]`.
pub(crate) fn matrix_npy(x: &Array2<f32>) -> Vec<u8> {
    npy_f32(x.shape(), x.iter())
}

/// For every entry the step that removed it, as `.npy`. `[n_entries]`
pub(crate) fn removed_at_npy(removed_at: &[u8]) -> Vec<u8> {
    npy("|u1", &[removed_at.len()], removed_at)
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use ndarray_npy::ReadNpyExt as _;

    use super::*;

    #[test]
    fn header_is_aligned_and_readable() {
        for (rows, columns) in [(1, 1), (3, 2), (1_000, 1), (0, 4)] {
            let x = Array2::from_shape_fn((rows, columns), |(i, j)| i as f32 - 0.5 * j as f32);
            let bytes = matrix_npy(&x);
            assert_eq!((bytes.len() - 4 * x.len()) % 64, 0, "the header is padded");
            assert_eq!(Array2::<f32>::read_npy(bytes.as_slice()).expect("a NumPy array"), x);
        }
        let one = npy("<i8", &[2], &[0; 16]);
        assert_eq!(ndarray::Array1::<i64>::read_npy(one.as_slice()).expect("a NumPy array"), array![0, 0]);
    }
}
