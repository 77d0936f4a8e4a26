//! Writes models sparse; the format stands in `sparse`.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Axis;

use super::safetensors::{TensorBytes, encode_tensors, metadata_of};
use super::sparse::{Note, SPARSE_MODEL_FORMAT, SPARSE_MODEL_FORMAT_2, dtype_of};
use crate::engine::experiment::{Encoding, MAX_SHORT_COLUMNS, ModelSize, ValueType};
use crate::engine::kernels::quantised;
use crate::engine::sparsify::StoredWeights;
use crate::io::report::ExportError;

/// A model as the bytes of its sparse file, weight matrices as they are stored; `path` is named in errors. The same model gives the same bytes.
///
/// # Errors
/// [`ExportError::Unwritable`].
pub fn encode_sparse_model(weights: &StoredWeights, path: &Path) -> Result<Vec<u8>, ExportError> {
    let model = &weights.model;
    let size = ModelSize::stored(weights);
    let state = model.state_dict();
    let (mut notes, mut tensors) = (BTreeMap::new(), Vec::new());
    for (name, tensor) in &state {
        let Some(about) = size.tensors.iter().find(|t| t.name == *name) else { continue };
        let (_, scales) = weights.of(name);
        let is_transposed = model.position(name).is_some_and(|at| model.parameters[at].is_transposed());
        let outputs = usize::from(!scales.is_empty() && !is_transposed);
        let note = Note { encoding: about.encoding, values: about.values, shape: about.shape.clone(), outputs };
        let mut stored = tensor.clone();
        if note.values == ValueType::Int8 {
            for (mut of_output, scale) in stored.axis_iter_mut(Axis(outputs)).zip(scales) {
                // 0 is stored where a weight is 0, whatever its sign was.
                of_output.mapv_inplace(|v| f32::from(quantised(v, *scale)));
            }
            let bytes = scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
            tensors.push(TensorBytes {
                name: format!("{name}.scales"),
                dtype: "F32",
                shape: vec![scales.len()],
                bytes,
            });
        }
        encode_tensor(name, &note, &stored.iter().copied().collect::<Vec<_>>(), &mut tensors);
        notes.insert(name.clone(), note);
    }
    let has_integers = size.tensors.iter().any(|t| t.values == ValueType::Int8);
    let format = if has_integers { SPARSE_MODEL_FORMAT_2 } else { SPARSE_MODEL_FORMAT };
    let mut metadata = metadata_of(model, format, path)?;
    let notes = serde_json::to_string(&notes).map_err(|error| ExportError::io("write", path, error.into()))?;
    metadata.insert("tensors".to_owned(), notes);
    metadata.insert("values".to_owned(), weights.values.key().to_owned());
    Ok(encode_tensors(&tensors, &metadata))
}

fn encode_tensor(name: &str, note: &Note, values: &[f32], out: &mut Vec<TensorBytes>) {
    let mut push = |part: &str, dtype, shape, bytes| {
        out.push(TensorBytes { name: format!("{name}{part}"), dtype, shape, bytes });
    };
    let is_stored = |v: &f32| v.to_bits() != 0;
    let stored = || values.iter().copied().filter(is_stored);
    let dtype = dtype_of(note.values).1;
    match note.encoding {
        Encoding::Dense => push("", dtype, note.shape.clone(), value_bytes(note.values, values.iter().copied())),
        Encoding::Bitmask => {
            let byte = |eight: &[f32]| (0..).zip(eight).fold(0u8, |byte, (k, v)| byte | u8::from(is_stored(v)) << k);
            let bits: Vec<u8> = values.chunks(8).map(byte).collect();
            push(".mask", "U8", vec![bits.len()], bits);
            push(".values", dtype, vec![stored().count()], value_bytes(note.values, stored()));
        }
        Encoding::Csr => {
            let columns = note.shape.last().copied().unwrap_or(1).max(1);
            let (mut indptr, mut indices) = (vec![0u32], Vec::new());
            for row in values.chunks(columns) {
                indices.extend((0u32..).zip(row).filter(|(_, v)| is_stored(v)).map(|(column, _)| column));
                indptr.push(indices.len() as u32);
            }
            let n_stored = indices.len();
            push(".indptr", "U32", vec![indptr.len()], indptr.iter().flat_map(|v| v.to_le_bytes()).collect());
            if columns as u64 <= MAX_SHORT_COLUMNS {
                let bytes = indices.iter().flat_map(|v| (*v as u16).to_le_bytes()).collect();
                push(".indices", "U16", vec![n_stored], bytes);
            } else {
                let bytes = indices.iter().flat_map(|v| v.to_le_bytes()).collect();
                push(".indices", "U32", vec![n_stored], bytes);
            }
            push(".values", dtype, vec![n_stored], value_bytes(note.values, stored()));
        }
    }
}

/// Values as they are stored.
pub(crate) fn value_bytes(values: ValueType, all: impl Iterator<Item = f32>) -> Vec<u8> {
    match values {
        ValueType::F32 => all.flat_map(f32::to_le_bytes).collect(),
        ValueType::Bf16 => all.flat_map(|v| half::bf16::from_f32(v).to_le_bytes()).collect(),
        ValueType::F16 => all.flat_map(|v| half::f16::from_f32(v).to_le_bytes()).collect(),
        // Integers already.
        ValueType::Int8 => all.map(|v| (v as i8).cast_unsigned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_model_bytes, scales_of_sparse_model};
    use super::*;
    use crate::engine::model::{Architecture, Family, Model, Scaler};

    /// A model whose matrices are dense, half empty and nearly empty.
    fn model() -> Model {
        let shape = Architecture { layers: 3, hidden: 40, ..Architecture::new(Family::Gcn) };
        let mut model = Model::init(&shape, 90, 5, 3);
        let zero_but = |model: &mut Model, name: &str, nth: usize| {
            let at = model.position(name).expect("a weight");
            model.parameters[at]
                .values
                .iter_mut()
                .enumerate()
                .filter(|(k, _)| k % nth != 0)
                .for_each(|(_, v)| *v = 0.0);
        };
        zero_but(&mut model, "convs.0.lin.weight", 97);
        zero_but(&mut model, "convs.1.lin.weight", 2);
        let at = model.position("convs.1.lin.weight").expect("a weight");
        model.parameters[at].values[[0, 1]] = -0.0;
        model.scaler = Some(Scaler { mean: ndarray::Array1::zeros(90), scale: ndarray::Array1::ones(90) });
        model
    }

    fn bits(model: &Model) -> Vec<(String, Vec<u32>)> {
        model.state_dict().into_iter().map(|(name, t)| (name, t.iter().map(|v| v.to_bits()).collect())).collect()
    }

    #[test]
    fn a_sparse_file_gives_every_bit_back_and_has_the_size_that_was_counted() {
        let model = model();
        for values in ValueType::ALL {
            let weights = StoredWeights::new(&model, values);
            let bytes = encode_sparse_model(&weights, Path::new("m")).expect("a file");
            assert_eq!(bytes, encode_sparse_model(&weights, Path::new("m")).expect("a file"), "the same bytes");
            let (found, report) = read_model_bytes(&bytes, Path::new("m")).expect("a model");
            assert_eq!(bits(&found), bits(&weights.model), "{values:?}");
            let scales = scales_of_sparse_model(&bytes, Path::new("m")).expect("scales");
            let n_scaled =
                if values == ValueType::Int8 { model.parameters.iter().filter(|p| p.is_matrix()).count() } else { 0 };
            assert_eq!(scales.len(), n_scaled, "{values:?}");
            assert!(scales.iter().all(|(name, scales)| weights.of(name).1 == scales), "{values:?}");
            assert_eq!(found.architecture, model.architecture);
            assert!(report.ignored.is_empty());
            let size = ModelSize::of(&model, values);
            let encodings: Vec<_> = size.tensors.iter().map(|t| t.encoding).collect();
            for encoding in [Encoding::Dense, Encoding::Bitmask, Encoding::Csr] {
                assert!(encodings.contains(&encoding), "{encoding:?} in {encodings:?}");
            }
            let header = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes"));
            assert_eq!(bytes.len() as u64 - 8 - header, size.sparse_bytes(), "{values:?}");
        }
        assert_eq!(bits(&StoredWeights::new(&model, ValueType::F32).model), bits(&model));
    }

    #[test]
    fn a_broken_sparse_file_is_refused_by_the_name_of_its_tensor() {
        let tensor = |name: &str, dtype, shape: &[usize], bytes: &[u8]| TensorBytes {
            name: name.to_owned(),
            dtype,
            shape: shape.to_vec(),
            bytes: bytes.to_vec(),
        };
        let read = |note: &str, tensors: &[TensorBytes]| {
            let mut metadata = metadata_of(&model(), SPARSE_MODEL_FORMAT, Path::new("m")).expect("metadata");
            metadata.insert("tensors".to_owned(), note.to_owned());
            let bytes = encode_tensors(tensors, &metadata);
            read_model_bytes(&bytes, Path::new("m")).expect_err("refused").to_string()
        };
        let csr = |shape: &str| format!(r#"{{"w":{{"encoding":"csr","values":"f32","shape":{shape}}}}}"#);
        let mask = |shape: &str| format!(r#"{{"w":{{"encoding":"bitmask","values":"f32","shape":{shape}}}}}"#);
        let empty = |shape: &str, rows: usize| {
            let parts = [
                tensor("w.indptr", "U32", &[rows + 1], &vec![0; 4 * (rows + 1)]),
                tensor("w.indices", "U16", &[0], &[]),
                tensor("w.values", "F32", &[0], &[]),
            ];
            read(&csr(shape), &parts)
        };
        // A few bytes must not become gigabytes.
        assert!(empty("[4,60000000]", 4).contains("tensor w: expected at most 256 times the 20 bytes that are stored"));
        assert!(empty("[4294967296,4294967296,4294967296]", 1).contains("fits into memory"));
        assert!(empty("[1,0]", 1).contains("at least one value"));
        assert!(empty("[2,9]", 1).contains("tensor w.indptr: expected 3 row pointers"));
        let one = |column: u16| {
            let parts = [
                tensor("w.indptr", "U32", &[2], &[0, 0, 0, 0, 1, 0, 0, 0]),
                tensor("w.indices", "U16", &[1], &column.to_le_bytes()),
                tensor("w.values", "F32", &[1], &1.5f32.to_le_bytes()),
            ];
            read(&csr("[1,9]"), &parts)
        };
        assert!(one(9).contains("tensor w.indices: expected columns below 9"), "{}", one(9));
        let bitmask = |bits: u8| {
            let parts = [tensor("w.mask", "U8", &[1], &[bits]), tensor("w.values", "F32", &[1], &1.5f32.to_le_bytes())];
            read(&mask("[3]"), &parts)
        };
        assert!(bitmask(0b0000_0011).contains("tensor w.values: expected 2 values, found 1"));
        assert!(bitmask(0b0000_1000).contains("tensor w.mask: expected no bit behind the last value, found bit 3"));
        assert!(read(&mask("[3]"), &[]).contains("tensor w.mask: expected an array of this name"));
        let scaled = |scales: &[f32]| {
            let bytes: Vec<u8> = scales.iter().flat_map(|s| s.to_le_bytes()).collect();
            let parts = [tensor("w", "I8", &[1, 2], &[1, 2]), tensor("w.scales", "F32", &[scales.len()], &bytes)];
            read(r#"{"w":{"encoding":"dense","values":"int8","shape":[1,2],"outputs":1}}"#, &parts)
        };
        assert!(scaled(&[1.0]).contains("tensor w.scales: expected 2 numbers of at least 0, found 1 numbers"));
        assert!(scaled(&[1.0, -1.0]).contains("w.scales") && scaled(&[f32::NAN, 1.0]).contains("w.scales"));
        assert!(read("{}", &[tensor("w", "F32", &[1], &[0; 4])]).contains("expected 0 arrays"));
        assert!(read("[]", &[]).contains("metadata tensors"));
    }
}
