//! Attention over the rows of a sparse structure: scores, softmax, weighted sum, and their gradients.
//!
//! Scores: `aᵀ LeakyReLU(s_v + t_u)` (Brody et al. 2022) or `LeakyReLU(a_srcᵀ s_v + a_dstᵀ s_u)` (Veličković et al. 2018), slope 0.2.

use multiversion::multiversion;
use ndarray::Array2;

use super::stored::{RowsRef, ValuesRef};
use super::stored_rows::{StoredBlock, gather_stored_heads};
use super::{contiguous, from_row_blocks, rows_per_block};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Slope of LeakyReLU below 0.
const SLOPE: f32 = 0.2;

/// What attention looks at. Matrices are `[n, heads · channels]`.
#[derive(Debug)]
pub struct AttentionInput<'a> {
    /// What is gathered from the source of an entry.
    pub source: &'a Array2<f32>,
    /// What the target adds to the score; `None`: the second of `vectors` on the target's own `source` row.
    pub target: Option<&'a Array2<f32>>,
    /// One vector with `target`, else two. `[heads, channels]` each
    pub vectors: &'a [Array2<f32>],
}

/// Entries in rows: row = target, column = source.
#[derive(Debug, Clone, Copy)]
pub struct Structure<'a> {
    /// Row pointers, one more than rows.
    pub indptr: &'a [usize],
    /// Column of every entry.
    pub indices: &'a [u32],
}

impl Structure<'_> {
    fn n_rows(&self) -> usize {
        self.indptr.len() - 1
    }
}

/// Attention as it was used, for the backward pass.
#[derive(Debug, Clone)]
pub struct Attended {
    /// Row pointers of the entries that the softmax went over.
    pub indptr: Vec<usize>,
    /// Their columns.
    pub indices: Vec<u32>,
    /// Softmax of the scores. `[entries, heads]`
    pub coefficients: Array2<f32>,
    /// Which of them were added up; `None`: all.
    pub kept: Option<Vec<bool>>,
}

/// Gradients of what attention looks at.
#[derive(Debug)]
pub struct AttentionGradient {
    /// `[n, heads · channels]`
    pub source: Array2<f32>,
    /// `[n, heads · channels]`, where there was a target.
    pub target: Option<Array2<f32>>,
    /// `[heads, channels]` each.
    pub vectors: Vec<Array2<f32>>,
}

impl AttentionInput<'_> {
    /// Number of heads.
    pub fn heads(&self) -> usize {
        self.vectors[0].nrows()
    }

    fn channels(&self) -> usize {
        self.vectors[0].ncols()
    }

    /// `s · a` of every node and head. `[n, heads]`
    pub(crate) fn projected(&self, vector: usize, ctl: &Control) -> Result<Vec<f32>, EngineError> {
        let (heads, channels) = (self.heads(), self.channels());
        let a = contiguous(self.vectors[vector].view());
        let x = contiguous(self.source.view());
        let mut out = vec![0.0; self.source.nrows() * heads];
        ctl.for_row_blocks(&mut out, heads, rows_per_block(heads * channels), |first, rows| {
            for (at, slot) in rows.iter_mut().enumerate() {
                let at = first * heads + at;
                *slot = dot(&x[at * channels..][..channels], &a[at % heads * channels..][..channels]);
            }
        })?;
        Ok(out)
    }
}

/// Running sums in a fixed order, eight at a time.
#[inline(always)]
fn sum_of(len: usize, term: impl Fn(usize) -> (f32, f32)) -> f32 {
    let mut sums = [0.0f32; 8];
    let whole = len / 8 * 8;
    for from in (0..whole).step_by(8) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            let (a, b) = term(from + lane);
            *sum = a.mul_add(b, *sum);
        }
    }
    for at in whole..len {
        let (a, b) = term(at);
        sums[at - whole] = a.mul_add(b, sums[at - whole]);
    }
    ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum_of(a.len().min(b.len()), |c| (a[c], b[c]))
}

#[inline(always)]
pub(crate) fn leaky(z: f32) -> f32 {
    if z > 0.0 { z } else { SLOPE * z }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn leaky_dot(a: &[f32], s: &[f32], t: &[f32]) -> f32 {
    sum_of(a.len().min(s.len()).min(t.len()), |c| (a[c], leaky(s[c] + t[c])))
}

/// Rows of a block of work on entries.
const BLOCK_ROWS: usize = 256;

/// Runs `f(row)` over all rows, each giving values for its entries in order; one list of them all.
fn per_entry(n: usize, ctl: &Control, f: impl Fn(usize, &mut Vec<f32>) + Send + Sync) -> Result<Vec<f32>, EngineError> {
    let blocks = ctl.map(n.div_ceil(BLOCK_ROWS), |block| {
        let mut out = Vec::new();
        for u in block * BLOCK_ROWS..n.min((block + 1) * BLOCK_ROWS) {
            f(u, &mut out);
        }
        out
    })?;
    Ok(blocks.concat())
}

/// Score of every entry and head, before the softmax. `[entries, heads]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn attention_scores(
    structure: Structure<'_>,
    input: &AttentionInput<'_>,
    ctl: &Control,
) -> Result<Vec<f32>, EngineError> {
    let (heads, channels) = (input.heads(), input.channels());
    if let Some(target) = input.target {
        let (a, s, t) =
            (contiguous(input.vectors[0].view()), contiguous(input.source.view()), contiguous(target.view()));
        per_entry(structure.n_rows(), ctl, |u, out| {
            for &v in &structure.indices[structure.indptr[u]..structure.indptr[u + 1]] {
                for h in 0..heads {
                    let (s, t) = (&s[(v as usize * heads + h) * channels..], &t[(u * heads + h) * channels..]);
                    out.push(leaky_dot(&a[h * channels..][..channels], &s[..channels], &t[..channels]));
                }
            }
        })
    } else {
        let (of_source, of_target) = (input.projected(0, ctl)?, input.projected(1, ctl)?);
        per_entry(structure.n_rows(), ctl, |u, out| {
            for &v in &structure.indices[structure.indptr[u]..structure.indptr[u + 1]] {
                out.extend((0..heads).map(|h| leaky(of_source[v as usize * heads + h] + of_target[u * heads + h])));
            }
        })
    }
}

/// Softmax over the entries of every row, head by head. `[entries, heads]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn softmax_rows(indptr: &[usize], scores: &[f32], heads: usize, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    let values = per_entry(indptr.len() - 1, ctl, |u, out| {
        let row = &scores[indptr[u] * heads..indptr[u + 1] * heads];
        let from = out.len();
        out.extend_from_slice(row);
        let out = &mut out[from..];
        for h in 0..heads {
            let largest = row.iter().skip(h).step_by(heads).copied().fold(f32::NEG_INFINITY, f32::max);
            let mut total = 0.0f64;
            for value in out.iter_mut().skip(h).step_by(heads) {
                *value = (*value - largest).exp();
                total += f64::from(*value);
            }
            let share = (1.0 / total) as f32;
            out.iter_mut().skip(h).step_by(heads).for_each(|v| *v *= share);
        }
    })?;
    let n = values.len() / heads.max(1);
    Ok(Array2::from_shape_vec((n, heads), values).unwrap_or_default())
}

impl Attended {
    fn structure(&self) -> Structure<'_> {
        Structure { indptr: &self.indptr, indices: &self.indices }
    }

    fn is_kept(&self, k: usize) -> bool {
        self.kept.as_ref().is_none_or(|kept| kept[k])
    }

    /// Some rows of what [`Attended::gather`] gives, from row `first` on; they are found as zeros. `rows: [some, width]`
    pub(crate) fn gather_rows(&self, x: &Array2<f32>, first: usize, rows: &mut [f32]) {
        let (heads, width) = (self.coefficients.ncols(), x.ncols());
        let (channels, x, alpha) = (width / heads.max(1), contiguous(x.view()), contiguous(self.coefficients.view()));
        for (i, row) in rows.chunks_exact_mut(width).enumerate() {
            for k in self.indptr[first + i]..self.indptr[first + i + 1] {
                if self.is_kept(k) {
                    let x = &x[self.indices[k] as usize * width..][..width];
                    add_heads(row, &alpha[k * heads..][..heads], x, channels);
                }
            }
        }
    }

    /// `Σ_v α[u,v] x[v]` over the kept entries, head by head.
    ///
    /// # Shapes
    /// `x: [n, heads · channels]`, result the same
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub fn gather(&self, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let width = x.ncols();
        let mut out = Array2::zeros((self.structure().n_rows(), width));
        let Some(rows) = out.as_slice_mut().filter(|_| width > 0) else { return Ok(out) };
        let block = rows_per_block(width * (1 + self.indices.len() / self.structure().n_rows().max(1)));
        ctl.for_row_blocks(rows, width, block, |first, rows| self.gather_rows(x, first, rows))?;
        Ok(out)
    }

    /// The same over rows that are stored in fewer bits. `x: [n, width]`
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(crate) fn gather_stored(
        &self,
        x: RowsRef<'_>,
        width: usize,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let (n, heads) = (self.structure().n_rows(), self.coefficients.ncols());
        let block = rows_per_block(width * (1 + self.indices.len() / n.max(1)));
        let (out, _) = from_row_blocks(n, width, block, ctl, |first, rows| {
            let (indptr, indices) = (&self.indptr[first..=first + rows.len() / width], &self.indices[..]);
            let values = ValuesRef::F32(contiguous(self.coefficients.view()));
            let block = StoredBlock { first, indptr, indices, values };
            gather_stored_heads(rows, (width, heads), block, self.kept.as_deref(), x);
        })?;
        Ok(out)
    }

    /// `Σ_u α[u,v] g[u]` over the kept entries, head by head: what goes back over [`Attended::gather`] to what was gathered, the coefficients
    /// being constants.
    ///
    /// # Shapes
    /// `g: [n, heads · channels]`, result the same
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub fn gather_back(&self, g: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.gather_back_over(&Transposed::of(self.structure()), g, ctl)
    }

    fn gather_back_over(&self, back: &Transposed, g: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let (n_sources, width) = (self.structure().n_rows(), g.ncols());
        let (heads, g) = (self.coefficients.ncols(), contiguous(g.view()));
        let (channels, alpha) = (width / heads.max(1), contiguous(self.coefficients.view()));
        let mut source = Array2::zeros((n_sources, width));
        let per_row = rows_per_block(2 * width * (1 + self.indices.len() / n_sources.max(1)));
        if let Some(rows) = source.as_slice_mut().filter(|_| width > 0) {
            ctl.for_row_blocks(rows, width, per_row, |first, rows| {
                for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                    for (u, k) in back.row(first + i) {
                        if self.is_kept(k) {
                            add_heads(row, &alpha[k * heads..][..heads], &g[u * width..][..width], channels);
                        }
                    }
                }
            })?;
        }
        Ok(source)
    }

    /// Gradients from that of the output of [`Attended::gather`] on `input.source`.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub fn backward(
        &self,
        input: &AttentionInput<'_>,
        g: &Array2<f32>,
        ctl: &Control,
    ) -> Result<AttentionGradient, EngineError> {
        let (heads, channels, width) = (input.heads(), input.channels(), g.ncols());
        let d_output = g;
        let (s, g) = (contiguous(input.source.view()), contiguous(g.view()));
        let alpha = contiguous(self.coefficients.view());
        // Through the weighted sum and the softmax: gradient of every score.
        let d_score = per_entry(self.structure().n_rows(), ctl, |u, out| {
            let range = self.indptr[u]..self.indptr[u + 1];
            let from = out.len();
            let mut mean = vec![0.0f64; heads];
            for k in range.clone() {
                let v = self.indices[k] as usize;
                for (h, mean) in mean.iter_mut().enumerate() {
                    let d_alpha = if self.is_kept(k) {
                        dot(&g[u * width + h * channels..][..channels], &s[v * width + h * channels..][..channels])
                    } else {
                        0.0
                    };
                    *mean += f64::from(d_alpha) * f64::from(alpha[k * heads + h]);
                    out.push(d_alpha);
                }
            }
            for (at, k) in range.enumerate() {
                for h in 0..heads {
                    let slot = &mut out[from + at * heads + h];
                    *slot = alpha[k * heads + h] * (*slot - mean[h] as f32);
                }
            }
        })?;
        let back = Transposed::of(self.structure());
        // What was gathered from a source comes back from all its targets.
        let mut source = self.gather_back_over(&back, d_output, ctl)?;
        let n_sources = source.nrows();
        let per_row = rows_per_block(2 * width * (1 + self.indices.len() / n_sources.max(1)));
        if let Some(target) = input.target {
            let t = contiguous(target.view());
            let a = contiguous(input.vectors[0].view());
            if let Some(rows) = source.as_slice_mut().filter(|_| width > 0) {
                ctl.for_row_blocks(rows, width, per_row, |first, rows| {
                    for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                        for (u, k) in back.row(first + i) {
                            let (s, t) = (&s[(first + i) * width..][..width], &t[u * width..][..width]);
                            add_slopes(row, &d_score[k * heads..][..heads], a, s, t, channels);
                        }
                    }
                })?;
            }
            let mut d_target = Array2::zeros(target.dim());
            if let Some(rows) = d_target.as_slice_mut().filter(|_| width > 0) {
                ctl.for_row_blocks(rows, width, per_row, |first, rows| {
                    for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                        let u = first + i;
                        for k in self.indptr[u]..self.indptr[u + 1] {
                            let (s, t) = (&s[self.indices[k] as usize * width..][..width], &t[u * width..][..width]);
                            add_slopes(row, &d_score[k * heads..][..heads], a, s, t, channels);
                        }
                    }
                })?;
            }
            let d_vector = self.sum_over_entries(width, ctl, |u, k, sum| {
                let (s, t) = (&s[self.indices[k] as usize * width..][..width], &t[u * width..][..width]);
                for (at, ((sum, s), t)) in sum.iter_mut().zip(s).zip(t).enumerate() {
                    *sum += f64::from(d_score[k * heads + at / channels] * leaky(s + t));
                }
            })?;
            let d_vector = Array2::from_shape_vec((heads, channels), d_vector).unwrap_or_default();
            return Ok(AttentionGradient { source, target: Some(d_target), vectors: vec![d_vector] });
        }
        // The older form: the score is a sum of two numbers per node, then LeakyReLU.
        let (of_source, of_target) = (input.projected(0, ctl)?, input.projected(1, ctl)?);
        let slope = |k: usize, u: usize, h: usize| {
            let z = of_source[self.indices[k] as usize * heads + h] + of_target[u * heads + h];
            d_score[k * heads + h] * if z > 0.0 { 1.0 } else { SLOPE }
        };
        let n = self.structure().n_rows();
        let to_target = per_entry(n, ctl, |u, out| {
            out.extend((0..heads).map(|h| (self.indptr[u]..self.indptr[u + 1]).map(|k| slope(k, u, h)).sum::<f32>()));
        })?;
        let to_source = per_entry(n_sources, ctl, |v, out| {
            out.extend((0..heads).map(|h| back.row(v).map(|(u, k)| slope(k, u, h)).sum::<f32>()));
        })?;
        let vectors = [&to_source, &to_target].map(|weights| {
            let mut sum = vec![0.0f64; width];
            for (v, weights) in weights.chunks_exact(heads).enumerate() {
                for (at, (sum, s)) in sum.iter_mut().zip(&s[v * width..]).enumerate() {
                    *sum += f64::from(weights[at / channels] * s);
                }
            }
            let sum = sum.into_iter().map(|v| v as f32).collect();
            Array2::from_shape_vec((heads, channels), sum).unwrap_or_default()
        });
        let a = [contiguous(input.vectors[0].view()), contiguous(input.vectors[1].view())];
        if let Some(rows) = source.as_slice_mut().filter(|_| width > 0) {
            ctl.for_row_blocks(rows, width, BLOCK_ROWS, |first, rows| {
                for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                    for (at, slot) in row.iter_mut().enumerate() {
                        let weight = (first + i) * heads + at / channels;
                        *slot += to_source[weight] * a[0][at] + to_target[weight] * a[1][at];
                    }
                }
            })?;
        }
        Ok(AttentionGradient { source, target: None, vectors: vectors.into() })
    }

    /// Sum of `f(row, entry, &mut sum)` over all entries, block sums added in block order.
    fn sum_over_entries(
        &self,
        width: usize,
        ctl: &Control,
        f: impl Fn(usize, usize, &mut [f64]) + Send + Sync,
    ) -> Result<Vec<f32>, EngineError> {
        let n = self.structure().n_rows();
        let sums = ctl.map(n.div_ceil(BLOCK_ROWS), |block| {
            let mut sum = vec![0.0f64; width];
            for u in block * BLOCK_ROWS..n.min((block + 1) * BLOCK_ROWS) {
                for k in self.indptr[u]..self.indptr[u + 1] {
                    f(u, k, &mut sum);
                }
            }
            sum
        })?;
        let mut total = vec![0.0f64; width];
        for sum in sums {
            total.iter_mut().zip(sum).for_each(|(t, s)| *t += s);
        }
        Ok(total.into_iter().map(|t| t as f32).collect())
    }
}

/// `out += α[h] x` head by head.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn add_heads(out: &mut [f32], alpha: &[f32], x: &[f32], channels: usize) {
    for ((out, x), alpha) in out.chunks_exact_mut(channels).zip(x.chunks_exact(channels)).zip(alpha) {
        for (o, x) in out.iter_mut().zip(x) {
            *o = alpha.mul_add(*x, *o);
        }
    }
}

/// `out += d[h] a LeakyReLU'(s + t)` head by head.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn add_slopes(out: &mut [f32], d: &[f32], a: &[f32], s: &[f32], t: &[f32], channels: usize) {
    for (h, d) in d.iter().enumerate() {
        for c in h * channels..(h + 1) * channels {
            let slope = if s[c] + t[c] > 0.0 { 1.0 } else { SLOPE };
            out[c] = (d * a[c]).mul_add(slope, out[c]);
        }
    }
}

/// For every column its entries in row order.
struct Transposed {
    indptr: Vec<usize>,
    /// Row and entry.
    entries: Vec<(u32, u32)>,
}

impl Transposed {
    fn of(structure: Structure<'_>) -> Self {
        let n = structure.n_rows();
        let mut indptr = vec![0usize; n + 1];
        for v in structure.indices {
            indptr[*v as usize + 1] += 1;
        }
        for v in 0..n {
            indptr[v + 1] += indptr[v];
        }
        let mut next = indptr.clone();
        let mut entries = vec![(0, 0); structure.indices.len()];
        for u in 0..n {
            for k in structure.indptr[u]..structure.indptr[u + 1] {
                let slot = &mut next[structure.indices[k] as usize];
                entries[*slot] = (u as u32, k as u32);
                *slot += 1;
            }
        }
        Self { indptr, entries }
    }

    fn row(&self, v: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.entries[self.indptr[v]..self.indptr[v + 1]].iter().map(|(u, k)| (*u as usize, *k as usize))
    }
}
