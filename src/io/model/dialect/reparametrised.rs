//! Weights that a file holds as the parts they are computed from.
//!
//! ```text
//! weight norm       X_g, X_v  or  P.parametrizations.X.original0, .original1      X = g v / ‖v‖, a norm for every g
//! spectral norm     X_orig, X_u, X_v  or  P.parametrizations.X.original, .0._u, .0._v      X = W / (uᵀ W v)
//! ```
//! as `torch.nn.utils.weight_norm`, `spectral_norm` and `torch.nn.utils.parametrizations` compute them when a network is used. Other
//! parametrisations are refused by name.

use ndarray::{Array2, ArrayD};

use super::tensors::{Refusal, Tensors};

/// Computes every weight that is given in parts; returns what was done to which.
pub(in super::super) fn compute(tensors: &mut Tensors) -> Result<Vec<(&'static str, String)>, Refusal> {
    let mut done = Vec::new();
    for name in named(tensors, ".original1") {
        // P.parametrizations.X.original1 → P.X
        let Some((owner, part)) = parametrised(&name) else { continue };
        let stem = format!("{owner}parametrizations.{part}");
        let (g, v) = (take(tensors, &format!("{stem}.original0"))?, take(tensors, &name)?);
        let target = format!("{owner}{part}");
        tensors.insert(target.clone(), weight_norm(&g, &v, &target)?);
        done.push(("computed from its weight norm", target));
    }
    for name in named(tensors, ".0._u") {
        // P.parametrizations.X.0._u
        let Some((owner, part)) = parametrised(&name) else { continue };
        let stem = format!("{owner}parametrizations.{part}");
        let parts = [
            take(tensors, &format!("{stem}.original"))?,
            take(tensors, &name)?,
            take(tensors, &format!("{stem}.0._v"))?,
        ];
        let target = format!("{owner}{part}");
        tensors.insert(target.clone(), spectral_norm(parts, &target)?);
        done.push(("computed from its spectral norm", target));
    }
    for name in named(tensors, "_u") {
        let target = name[..name.len() - 2].to_owned();
        let has = |suffix: &str| tensors.contains_key(&format!("{target}{suffix}"));
        if !(has("_orig") && has("_v")) {
            continue;
        }
        let parts =
            ["_orig", "_u", "_v"].map(|suffix| tensors.remove(&format!("{target}{suffix}")).unwrap_or_default());
        tensors.insert(target.clone(), spectral_norm(parts, &target)?);
        done.push(("computed from its spectral norm", target));
    }
    for name in named(tensors, "_g") {
        let target = name[..name.len() - 2].to_owned();
        if !tensors.contains_key(&format!("{target}_v")) {
            continue;
        }
        let (g, v) = (take(tensors, &name)?, take(tensors, &format!("{target}_v"))?);
        tensors.insert(target.clone(), weight_norm(&g, &v, &target)?);
        done.push(("computed from its weight norm", target));
    }
    match tensors.keys().find(|name| name.contains(".parametrizations.") || name.starts_with("parametrizations.")) {
        None => Ok(done),
        Some(name) => Err(Refusal::new(
            format!("tensor {name}"),
            "plain weights, or weight norm or spectral norm (torch.nn.utils.parametrize.remove_parametrizations(module, \"weight\") \
             before saving makes them plain)",
            "another parametrisation",
        )),
    }
}

/// Names with this ending, in order.
fn named(tensors: &Tensors, suffix: &str) -> Vec<String> {
    tensors.keys().filter(|name| name.ends_with(suffix)).cloned().collect()
}

/// Of `OWNER.parametrizations.PART.rest` the owner with its point, and the part.
fn parametrised(name: &str) -> Option<(&str, &str)> {
    const MARK: &str = "parametrizations.";
    let at = name.rfind(MARK).filter(|at| *at == 0 || name.as_bytes()[at - 1] == b'.')?;
    let (part, _) = name[at + MARK.len()..].split_once('.')?;
    Some((&name[..at], part))
}

fn take(tensors: &mut Tensors, name: &str) -> Result<ArrayD<f32>, Refusal> {
    let found = tensors.remove(name);
    found.ok_or_else(|| {
        Refusal::new(format!("tensor {name}"), "the other part of a parametrised weight", "none of that name")
    })
}

/// `g v / ‖v‖`; the axes along which `g` has one value are those of the norm.
fn weight_norm(g: &ArrayD<f32>, v: &ArrayD<f32>, name: &str) -> Result<ArrayD<f32>, Refusal> {
    let fault = || {
        let expected = format!("g with one value for every row, column or the whole of v, shape {:?}", v.shape());
        Refusal::new(format!("weight norm of {name}"), expected, format!("shape {:?}", g.shape()))
    };
    let matrix = |tensor: &ArrayD<f32>| -> Option<Array2<f64>> {
        let values: Vec<f64> = tensor.iter().copied().map(f64::from).collect();
        let rows = tensor.shape().first().copied().unwrap_or(1);
        Array2::from_shape_vec((rows, values.len().checked_div(rows)?), values).ok()
    };
    if g.ndim() != v.ndim() && g.len() != 1 || v.ndim() > 2 || v.is_empty() {
        return Err(fault());
    }
    let (scales, values) = (matrix(g).ok_or_else(fault)?, matrix(v).ok_or_else(fault)?);
    let (rows, columns) = values.dim();
    let length = |squares: f64| squares.sqrt();
    let squares = values.mapv(|v| v * v);
    let factor: Box<dyn Fn(usize, usize) -> f64> = match scales.dim() {
        (r, 1) if r == rows && !(rows == 1 && columns > 1 && v.ndim() == 1) => {
            let factors: Vec<f64> =
                squares.rows().into_iter().zip(scales.column(0)).map(|(s, g)| g / length(s.sum())).collect();
            Box::new(move |row, _| factors[row])
        }
        (1, c) if c == columns && c > 1 => {
            let factors: Vec<f64> =
                squares.columns().into_iter().zip(scales.row(0)).map(|(s, g)| g / length(s.sum())).collect();
            Box::new(move |_, column| factors[column])
        }
        (1, 1) => {
            let factor = scales[[0, 0]] / length(squares.sum());
            Box::new(move |_, _| factor)
        }
        _ => return Err(fault()),
    };
    let weights = values.indexed_iter().map(|((row, column), value)| (value * factor(row, column)) as f32).collect();
    ArrayD::from_shape_vec(v.shape(), weights).map_err(|_error| fault())
}

/// `W / (uᵀ W v)` of `[W, u, v]`.
fn spectral_norm([weight, u, v]: [ArrayD<f32>; 3], name: &str) -> Result<ArrayD<f32>, Refusal> {
    let &[rows, columns] = weight.shape() else {
        let found = format!("shape {:?}", weight.shape());
        return Err(Refusal::new(format!("spectral norm of {name}"), "a matrix", found));
    };
    if (u.len(), v.len()) != (rows, columns) {
        let expected = format!("vectors of {rows} and {columns} values");
        return Err(Refusal::new(format!("spectral norm of {name}"), expected, format!("{} and {}", u.len(), v.len())));
    }
    let wide = |tensor: &ArrayD<f32>| tensor.iter().copied().map(f64::from).collect::<Vec<f64>>();
    let (values, u, v) = (wide(&weight), wide(&u), wide(&v));
    let dot = |row: &[f64]| row.iter().zip(&v).map(|(w, v)| w * v).sum::<f64>();
    let sigma: f64 = values.chunks_exact(columns.max(1)).zip(&u).map(|(row, u)| u * dot(row)).sum();
    Ok(weight.mapv(|w| (f64::from(w) / sigma) as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[usize], values: &[f32]) -> ArrayD<f32> {
        ArrayD::from_shape_vec(shape, values.to_vec()).expect("a tensor")
    }

    #[test]
    fn parts_make_weights() {
        let v = tensor(&[2, 2], &[3.0, 4.0, 0.0, 2.0]);
        let mut tensors = Tensors::from([
            ("a.weight_g".to_owned(), tensor(&[2, 1], &[5.0, 1.0])),
            ("a.weight_v".to_owned(), v.clone()),
            ("b.parametrizations.weight.original0".to_owned(), tensor(&[1, 2], &[3.0, 20f32.sqrt()])),
            ("b.parametrizations.weight.original1".to_owned(), v.clone()),
            ("c.weight_orig".to_owned(), v.clone()),
            ("c.weight_u".to_owned(), tensor(&[2], &[1.0, 0.0])),
            ("c.weight_v".to_owned(), tensor(&[2], &[0.0, 1.0])),
            ("d.parametrizations.weight.original".to_owned(), v),
            ("d.parametrizations.weight.0._u".to_owned(), tensor(&[2], &[0.0, 1.0])),
            ("d.parametrizations.weight.0._v".to_owned(), tensor(&[2], &[0.0, 1.0])),
            ("lone_v".to_owned(), tensor(&[1], &[1.0])),
        ]);
        let done = compute(&mut tensors).expect("weights");
        assert_eq!(done.len(), 4, "{done:?}");
        let names: Vec<&str> = tensors.keys().map(String::as_str).collect();
        assert_eq!(names, ["a.weight", "b.weight", "c.weight", "d.weight", "lone_v"]);
        assert_eq!(tensors["a.weight"], tensor(&[2, 2], &[3.0, 4.0, 0.0, 1.0]));
        assert_eq!(tensors["b.weight"], tensor(&[2, 2], &[3.0, 4.0, 0.0, 2.0]));
        assert_eq!(tensors["c.weight"], tensor(&[2, 2], &[0.75, 1.0, 0.0, 0.5]));
        assert_eq!(tensors["d.weight"], tensor(&[2, 2], &[1.5, 2.0, 0.0, 1.0]));
        let mut other = Tensors::from([("lin.parametrizations.weight.original".to_owned(), tensor(&[1], &[1.0]))]);
        let refusal = compute(&mut other).expect_err("not ours");
        assert!(refusal.expected.contains("remove_parametrizations"), "{refusal:?}");
    }
}
