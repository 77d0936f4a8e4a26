//! Which entries a step keeps: by the norm of their message, by rank within their row, or by what they add to the reconstruction of their
//! row (orthogonal matching pursuit, Pati et al. 1993).

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::side::Side;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Topology;
use crate::engine::kernels::{add_scaled, dot};
use crate::engine::sparsify::EntryChoice;
use crate::engine::sparsify::exempt::Exempt;

/// Rows of a block of work.
const ROWS: usize = 32;
/// Below this share of its length a message adds nothing that was not there.
const MIN_NEW: f32 = 1e-5;
/// The most entries a row is searched for.
const MAX_PICKS: usize = 40;

/// What every entry is judged by: the higher, the sooner it stays. One number per entry of the graph; those of self-loops and of entries
/// that are not `allowed` mean nothing.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(super) fn scores(
    side: &Side<'_>,
    choice: EntryChoice,
    allowed: &[bool],
    n_keep: usize,
    seed: u64,
    ctl: &Control,
) -> Result<Vec<f32>, EngineError> {
    let n = side.topology.n_nodes();
    let norms = norms(side, ctl)?;
    let message = |k: usize| {
        let v = side.topology.indices()[k] as usize;
        side.values_of(k).iter().enumerate().map(|(h, t)| (t * norms[v * side.heads + h]).powi(2)).sum::<f32>().sqrt()
    };
    let n_picks = MAX_PICKS.min((4 * n_keep / n.max(1) + 2).max(3));
    let blocks = ctl.map(n.div_ceil(ROWS), |block| {
        let mut out = Vec::new();
        for u in block * ROWS..n.min((block + 1) * ROWS) {
            let row = side.topology.row_range(u);
            let first = out.len();
            out.resize(first + row.len(), f32::NEG_INFINITY);
            let candidates: Vec<usize> =
                row.clone().filter(|k| allowed[*k] && side.topology.indices()[*k] as usize != u).collect();
            let scores = &mut out[first..];
            match choice {
                EntryChoice::Omp => {
                    pursue(side, u, &candidates, n_picks, &mut |k, score| scores[k - row.start] = score);
                }
                EntryChoice::MessageNorm => candidates.iter().for_each(|k| scores[k - row.start] = message(*k)),
                EntryChoice::PerNode => {
                    let mut ranked: Vec<(usize, f32)> = candidates.iter().map(|k| (*k, message(*k))).collect();
                    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                    for (rank, (k, message)) in ranked.into_iter().enumerate() {
                        // Within a rank the stronger message first.
                        scores[k - row.start] = message / (1.0 + message) - rank as f32;
                    }
                }
                EntryChoice::Random => draw(u, seed, candidates.iter().map(|k| k - row.start), scores),
                EntryChoice::None => {}
            }
        }
        out
    })?;
    Ok(blocks.concat())
}

/// Draws a number for some entries of row `u`, given by their place among `scores`.
pub(super) fn draw(u: usize, seed: u64, places: impl Iterator<Item = usize>, scores: &mut [f32]) {
    let mut rng = SmallRng::seed_from_u64(seed ^ (u as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    for at in places {
        scores[at] = rng.random();
    }
}

/// `‖p_v‖` of every source and head. `[n, heads]`
fn norms(side: &Side<'_>, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    let mut norms = vec![0.0; side.topology.n_nodes() * side.heads];
    ctl.for_row_blocks(&mut norms, side.heads, 1024, |first, rows| {
        for (at, row) in rows.chunks_exact_mut(side.heads).enumerate() {
            for (h, norm) in row.iter_mut().enumerate() {
                let p = side.candidate(first + at, h);
                *norm = dot(p, p).sqrt();
            }
        }
    })?;
    Ok(norms)
}

/// Orthogonal matching pursuit in the row of `u`: each pick takes most of what is left of the target, beyond what the diagonal entry and
/// the picks before gave. Scores fall from pick to pick, so that one cut over all rows keeps the first picks of every row.
fn pursue(side: &Side<'_>, u: usize, candidates: &[usize], n_picks: usize, score: &mut dyn FnMut(usize, f32)) {
    struct Head {
        /// What is left to be explained: `m · r` of every candidate.
        left: Vec<f32>,
        /// `‖m‖²` beyond what is chosen, and of all of it.
        new: Vec<f32>,
        whole: Vec<f32>,
        /// Orthonormal directions of what is chosen.
        chosen: Vec<Vec<f32>>,
        residual: Vec<f32>,
    }
    let source = |k: usize| side.topology.indices()[k] as usize;
    let mut heads: Vec<Head> = (0..side.heads)
        .map(|h| {
            let mut residual = side.target(u, h).to_vec();
            let mut chosen = Vec::new();
            let has_own = side.topology.find(u, u).is_some();
            let own = side.candidate(u, h);
            let norm = dot(own, own).sqrt();
            if has_own && norm > 0.0 {
                let direction: Vec<f32> = own.iter().map(|v| v / norm).collect();
                let along = dot(&direction, &residual);
                add_scaled(&mut residual, -along, &direction);
                chosen.push(direction);
            }
            let (mut left, mut new, mut whole) = (Vec::new(), Vec::new(), Vec::new());
            for k in candidates {
                let m = side.candidate(source(*k), h);
                let length = dot(m, m);
                let along = chosen.first().map_or(0.0, |direction| dot(m, direction));
                left.push(dot(m, &residual));
                new.push(along.mul_add(-along, length).max(0.0));
                whole.push(length + 1e-12);
            }
            Head { left, new, whole, chosen, residual }
        })
        .collect();
    let mut is_free = vec![true; candidates.len()];
    let mut last = f32::INFINITY;
    for _ in 0..n_picks.min(candidates.len()) {
        let gain = |i: usize| {
            let of_head = |head: &Head| {
                if head.new[i] < MIN_NEW * head.whole[i] { 0.0 } else { head.left[i] * head.left[i] / head.new[i] }
            };
            heads.iter().map(of_head).sum::<f32>()
        };
        let mut best = (0.0, None);
        for i in (0..candidates.len()).filter(|i| is_free[*i]) {
            let gain = gain(i);
            if gain > best.0 {
                best = (gain, Some(i));
            }
        }
        let (gain, Some(pick)) = best else { break };
        if gain <= 1e-12 {
            break;
        }
        last = last.min(gain);
        score(candidates[pick], last);
        is_free[pick] = false;
        for (h, head) in heads.iter_mut().enumerate() {
            let mut direction = side.candidate(source(candidates[pick]), h).to_vec();
            for before in &head.chosen {
                let along = dot(before, &direction);
                add_scaled(&mut direction, -along, before);
            }
            let length = dot(&direction, &direction);
            if length < MIN_NEW * head.whole[pick] {
                continue;
            }
            let norm = length.sqrt();
            for v in &mut direction {
                *v /= norm;
            }
            let along = dot(&direction, &head.residual);
            add_scaled(&mut head.residual, -along, &direction);
            for (i, k) in candidates.iter().enumerate().filter(|(i, _)| is_free[*i]) {
                let shared = dot(side.candidate(source(*k), h), &direction);
                head.left[i] = (-along).mul_add(shared, head.left[i]);
                head.new[i] = shared.mul_add(-shared, head.new[i]).max(0.0);
            }
            head.chosen.push(direction);
        }
    }
    // What was not picked stays in the order of its values, behind all that was.
    for (i, k) in candidates.iter().enumerate().filter(|(i, _)| is_free[*i]) {
        let mean = side.values_of(*k).iter().sum::<f32>() / side.heads as f32;
        score(candidates[i], 1e-3f32.mul_add(mean, -1.0));
    }
}

/// The `n_keep` allowed entries with the highest scores, at least `least` of each row while there are; self-loops stay, and so does every
/// allowed entry that was kept by hand, be there more of them than `n_keep`.
pub(super) fn choose(
    topology: &Topology,
    scores: &[f32],
    allowed: &[bool],
    (n_keep, least): (usize, usize),
    exempt: &Exempt,
) -> Vec<bool> {
    let mut kept = vec![false; topology.n_entries()];
    let mut candidates: Vec<(u8, u32)> = Vec::new();
    let mut n_by_hand = 0;
    for u in 0..topology.n_nodes() {
        let class = 2 * u8::from(exempt.is_locked(u));
        let first = candidates.len();
        for k in topology.row_range(u) {
            if topology.indices()[k] as usize == u {
                kept[k] = true;
            } else if allowed[k] {
                candidates.push((class, k as u32));
            }
        }
        for pin in exempt.pins_of(u..u + 1) {
            let of_pin = candidates[first..].iter_mut().find(|(_, k)| topology.indices()[*k as usize] == pin.source);
            if let Some((class, _)) = of_pin {
                *class = 3;
                n_by_hand += 1;
            }
        }
        if least > 0 {
            let row = &mut candidates[first..];
            row.sort_by(|a, b| scores[b.1 as usize].total_cmp(&scores[a.1 as usize]).then(a.1.cmp(&b.1)));
            row.iter_mut().take(least).for_each(|(class, _)| *class = (*class).max(1));
        }
    }
    let n_keep = n_keep.max(n_by_hand).min(candidates.len());
    if n_keep == 0 {
        return kept;
    }
    let by_score = |a: &(u8, u32), b: &(u8, u32)| {
        b.0.cmp(&a.0).then(scores[b.1 as usize].total_cmp(&scores[a.1 as usize])).then(a.1.cmp(&b.1))
    };
    if n_keep < candidates.len() {
        candidates.select_nth_unstable_by(n_keep - 1, by_score);
    }
    candidates[..n_keep].iter().for_each(|(_, k)| kept[*k as usize] = true);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{Direction, SelfLoops};
    use ndarray::Array2;

    /// A star: node 0 takes from all others.
    fn star(n: usize) -> Topology {
        let pairs: Vec<(u32, u32)> = (0..n as u32).map(|v| (v, 0)).collect();
        Topology::from_edges(n, &pairs, Direction::AsStored, SelfLoops::Added).expect("valid pairs").0
    }

    /// The slow way: candidates and residual are projected whole, as `recovery_probe.py` does.
    fn slow(candidates: &[Vec<f64>], own: &[f64], z: &[f64], n_picks: usize) -> Vec<(usize, f64)> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let project = |x: &mut [f64], q: &[f64]| {
            let along = dot(x, q);
            x.iter_mut().zip(q).for_each(|(x, q)| *x -= along * q);
        };
        let norm = dot(own, own).sqrt();
        let q: Vec<f64> = own.iter().map(|v| v / norm).collect();
        let (mut r, mut m) = (z.to_vec(), candidates.to_vec());
        project(&mut r, &q);
        for m in &mut m {
            project(m, &q);
        }
        let mut picks: Vec<(usize, f64)> = Vec::new();
        for _ in 0..n_picks {
            let gain = |i: usize| dot(&m[i], &r).powi(2) / dot(&m[i], &m[i]);
            let free = (0..m.len()).filter(|i| picks.iter().all(|(p, _)| p != i) && dot(&m[*i], &m[*i]) > 1e-9);
            let Some(best) = free.max_by(|a, b| gain(*a).total_cmp(&gain(*b))) else { break };
            let last = picks.last().map_or(f64::INFINITY, |(_, g)| *g);
            picks.push((best, gain(best).min(last)));
            let norm = dot(&m[best], &m[best]).sqrt();
            let w: Vec<f64> = m[best].iter().map(|v| v / norm).collect();
            project(&mut r, &w);
            for m in &mut m {
                project(m, &w);
            }
        }
        picks
    }

    #[test]
    fn the_pursuit_picks_what_the_slow_one_picks() {
        let (n, width) = (12, 8);
        let topology = star(n);
        let p = Array2::from_shape_fn((n, width), |(i, j)| ((i * 17 + j * 5 + i * j * 3) as f32 * 0.61).sin());
        let z = Array2::from_shape_fn((n, width), |(i, j)| ((i * 3 + j * 11 + i * j * 7) as f32 * 0.43).cos());
        let t = vec![0.25; topology.n_entries()];
        let side = Side { topology: &topology, candidates: &p, targets: &z, values: &t, heads: 1 };
        let wide = |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
        let others: Vec<Vec<f64>> = (1..n).map(|v| wide(p.row(v))).collect();
        let expected = slow(&others, &wide(p.row(0)), &wide(z.row(0)), 5);
        let mut found = Vec::new();
        let row: Vec<usize> = topology.row_range(0).filter(|k| topology.indices()[*k] != 0).collect();
        pursue(&side, 0, &row, 5, &mut |k, score| found.push((topology.indices()[k] as usize - 1, score)));
        assert_eq!(found.len(), n - 1, "each candidate has a score");
        for ((at, score), (pick, gain)) in found.iter().zip(&expected) {
            assert_eq!(at, pick);
            assert!((f64::from(*score) - gain).abs() < 1e-4 * gain.max(1.0), "{score} {gain}");
        }
        assert!(found[5..].iter().all(|(_, score)| *score < -0.9), "the others come behind");
    }

    #[test]
    fn a_cut_keeps_as_many_as_asked_and_a_floor_comes_first() {
        let ctl = Control::new(2).expect("workers");
        let pairs = [(1, 0), (2, 0), (3, 0), (0, 1), (2, 1), (3, 2)];
        let topology = Topology::from_edges(4, &pairs, Direction::AsStored, SelfLoops::Added).expect("valid pairs").0;
        let p = Array2::from_shape_fn((4, 3), |(i, j)| (1 + i * 3 + j) as f32);
        let z = Array2::from_elem((4, 3), 1.0);
        let t: Vec<f32> = (0..topology.n_entries()).map(|k| 0.1 * (k + 1) as f32).collect();
        let side = Side { topology: &topology, candidates: &p, targets: &z, values: &t, heads: 1 };
        let all = vec![true; topology.n_entries()];
        let is_own = |k: usize| topology.entries().nth(k).is_some_and(|(u, v)| u == v);
        let per_row = |kept: &[bool], u: usize| topology.row_range(u).filter(|k| kept[*k] && !is_own(*k)).count();
        for choice in [EntryChoice::Omp, EntryChoice::PerNode, EntryChoice::MessageNorm, EntryChoice::Random] {
            let scores = scores(&side, choice, &all, 3, 7, &ctl).expect("not cancelled");
            let kept = choose(&topology, &scores, &all, (3, 0), &Exempt::default());
            assert_eq!(kept.iter().filter(|kept| **kept).count(), 3 + 4, "{choice:?}");
            let with_floor = choose(&topology, &scores, &all, (3, 1), &Exempt::default());
            assert_eq!([0, 1, 2].map(|u| per_row(&with_floor, u)), [1, 1, 1], "{choice:?}");
            let locked = choose(&topology, &scores, &all, (3, 0), &Exempt::locking(&[true, false, false, false]));
            assert_eq!(per_row(&locked, 0), 3, "{choice:?}");
        }
        let none = scores(&side, EntryChoice::None, &all, 0, 7, &ctl).expect("not cancelled");
        assert_eq!(choose(&topology, &none, &all, (0, 0), &Exempt::default()).iter().filter(|kept| **kept).count(), 4);
    }
}
