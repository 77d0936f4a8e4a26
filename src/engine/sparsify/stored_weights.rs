//! The weights of a model as they are stored in fewer bits.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2};

use crate::engine::kernels::{ValueType, dequantised, quantised, scale_of};
use crate::engine::model::{Model, Parameter};

/// How one weight matrix is stored.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct MatrixStorage {
    /// 32-bit floats where a value would not stay finite.
    pub(crate) kind: ValueType,
    /// One for every output where the kind is int8, else none.
    pub(crate) scales: Vec<f32>,
}

/// A model with its weight matrices stored in fewer bits.
#[derive(Debug, Clone)]
pub struct StoredWeights {
    /// What was asked for.
    pub values: ValueType,
    /// The model with what its stored weights stand for, as 32-bit floats.
    pub model: Model,
    /// One for every matrix, in the order of the parameters.
    pub(crate) matrices: Vec<MatrixStorage>,
}

impl StoredWeights {
    /// Every matrix of `model` as `values`; of int8 with scales at which the largest weight of an output just fits.
    pub fn new(model: &Model, values: ValueType) -> Self {
        Self::with_scales(model, values, |weight| {
            let largest = |column: ndarray::ArrayView1<'_, f32>| column.fold(0.0f32, |most, v| most.max(v.abs()));
            weight.values.columns().into_iter().map(|column| scale_of(largest(column))).collect()
        })
    }

    /// The same with scales from elsewhere: as many as the matrix has outputs.
    pub fn with_scales(model: &Model, values: ValueType, mut scales: impl FnMut(&Parameter) -> Vec<f32>) -> Self {
        let mut model = model.clone();
        let mut matrices = Vec::new();
        for parameter in model.parameters.iter_mut().filter(|p| p.is_matrix()) {
            let kind = values.of(parameter.values.iter());
            let scales = if kind == ValueType::Int8 { scales(parameter) } else { Vec::new() };
            if kind == ValueType::Int8 {
                parameter.values = integers(parameter.values.view(), &scales);
            } else {
                parameter.values.mapv_inplace(|v| kind.round(v));
            }
            matrices.push(MatrixStorage { kind, scales });
        }
        Self { values, model, matrices }
    }

    /// How the parameter of this name is stored: its kind, and its scales where that is int8. What is no matrix is 32-bit floats.
    pub fn of(&self, name: &str) -> (ValueType, &[f32]) {
        let mut matrices = self.model.parameters.iter().filter(|p| p.is_matrix()).zip(&self.matrices);
        let found = matrices.find(|(parameter, _)| parameter.name == name);
        found.map_or((ValueType::F32, &[]), |(_, storage)| (storage.kind, &storage.scales))
    }

    /// Of a network that computes some outputs of every matrix alone: those that `outputs` names, by the matrix's name.
    pub(crate) fn of_outputs(&self, outputs: &BTreeMap<String, Vec<usize>>) -> Vec<MatrixStorage> {
        let matrices = self.model.parameters.iter().filter(|p| p.is_matrix()).zip(&self.matrices);
        let chosen = matrices.map(|(parameter, storage)| match outputs.get(&parameter.name) {
            Some(kept) if !storage.scales.is_empty() => {
                MatrixStorage { kind: storage.kind, scales: kept.iter().map(|j| storage.scales[*j]).collect() }
            }
            _ => storage.clone(),
        });
        chosen.collect()
    }
}

/// What the integers of `w` stand for. `scales: [width]`
pub(super) fn integers(w: ArrayView2<'_, f32>, scales: &[f32]) -> Array2<f32> {
    let mut out = w.to_owned();
    for mut row in out.rows_mut() {
        row.iter_mut().zip(scales).for_each(|(v, scale)| *v = dequantised(quantised(*v, *scale), *scale));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::{Architecture, Family};

    fn model() -> Model {
        let shape = Architecture { hidden: 8, bias: true, ..Architecture::new(Family::Gcn) };
        Model::init(&shape, 12, 3, 7)
    }

    #[test]
    fn removed_weights_stay_removed_and_vectors_as_they_are() {
        let mut model = model();
        let at = model.position("convs.0.lin.weight").expect("a weight");
        model.parameters[at].values.iter_mut().step_by(3).for_each(|v| *v = 0.0);
        for values in ValueType::ALL {
            let stored = StoredWeights::new(&model, values);
            for (before, after) in model.parameters.iter().zip(&stored.model.parameters) {
                let (kind, scales) = stored.of(&before.name);
                assert_eq!(kind, if before.is_matrix() { values } else { ValueType::F32 });
                assert_eq!(scales.len(), if kind == ValueType::Int8 { before.values.ncols() } else { 0 });
                for (((_, column), a), b) in before.values.indexed_iter().zip(&after.values) {
                    let (a, b) = (*a, *b);
                    assert!(a != 0.0 || b == 0.0, "a removed weight came back");
                    if kind == ValueType::Int8 {
                        assert!((a - b).abs() <= 0.5001 * scales[column], "{a} {b}");
                    }
                }
            }
            let again = StoredWeights::with_scales(&stored.model, values, |p| stored.of(&p.name).1.to_vec());
            assert_eq!(again.model, stored.model, "storing twice is storing once");
        }
    }
}
