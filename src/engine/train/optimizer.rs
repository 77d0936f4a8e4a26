//! Adam (Kingma and Ba 2015) with the L2 penalty added to the gradient, as PyTorch's `Adam(weight_decay=…)` does.

use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Values of a block of work.
const BLOCK: usize = 1 << 14;
/// Decay of the first moment.
const BETA_1: f32 = 0.9;
/// Decay of the second moment.
const BETA_2: f32 = 0.999;
/// Added to the root of the second moment.
const EPS: f32 = 1e-8;

/// The moments of one parameter tensor.
#[derive(Debug, Clone, Default)]
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

/// The optimiser's state for a list of tensors, each always at the same position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Adam {
    moments: Vec<Moments>,
    n_steps: i32,
}

impl Adam {
    /// Starts a step; call [`Adam::update`] for every tensor afterwards.
    pub(crate) fn begin_step(&mut self) {
        self.n_steps += 1;
    }

    /// Moves tensor `at` against its gradient.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Panics
    /// When a tensor has another size than in the step before.
    pub(crate) fn update(
        &mut self,
        at: usize,
        values: &mut [f32],
        gradient: &[f32],
        learning_rate: f64,
        weight_decay: f64,
        ctl: &Control,
    ) -> Result<(), EngineError> {
        assert_eq!(values.len(), gradient.len(), "a gradient per value");
        if self.moments.len() <= at {
            self.moments.resize_with(at + 1, Moments::default);
        }
        let Moments { first, second } = &mut self.moments[at];
        if first.is_empty() {
            first.resize(values.len(), 0.0);
            second.resize(values.len(), 0.0);
        }
        assert_eq!(values.len(), first.len(), "a tensor of the same size in every step");
        let step_size = (learning_rate / (1.0 - f64::from(BETA_1).powi(self.n_steps))) as f32;
        let root_scale = (1.0 / (1.0 - f64::from(BETA_2).powi(self.n_steps)).sqrt()) as f32;
        let decay = weight_decay as f32;
        let moments = first.chunks_mut(BLOCK).zip(second.chunks_mut(BLOCK));
        let mut blocks: Vec<_> = values
            .chunks_mut(BLOCK)
            .zip(gradient.chunks(BLOCK))
            .zip(moments)
            .map(|((x, g), (m, v))| (x, g, m, v))
            .collect();
        ctl.for_row_blocks(&mut blocks, 1, 1, |_, blocks| {
            for (values, gradient, first, second) in blocks {
                let moments = first.iter_mut().zip(second.iter_mut());
                for ((value, gradient), (m, v)) in values.iter_mut().zip(gradient.iter()).zip(moments) {
                    let g = gradient + decay * *value;
                    *m += (1.0 - BETA_1) * (g - *m);
                    *v += (1.0 - BETA_2) * (g * g - *v);
                    *value -= step_size * *m / (v.sqrt() * root_scale + EPS);
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first two steps of `torch.optim.Adam([1.0], lr=0.1, weight_decay=0.01)` on gradient 0.5: worked out by hand from
    /// the paper's formulas.
    #[test]
    fn first_steps_match_the_formulas() {
        let ctl = Control::new(1).expect("a worker");
        let mut adam = Adam::default();
        let mut value = [1.0f32];
        let (mut m, mut v, mut x) = (0.0f64, 0.0f64, 1.0f64);
        for step in 1..=2 {
            adam.begin_step();
            adam.update(0, &mut value, &[0.5], 0.1, 0.01, &ctl).expect("not cancelled");
            let g = 0.5 + 0.01 * x;
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            x -= 0.1 * (m / (1.0 - 0.9f64.powi(step))) / ((v / (1.0 - 0.999f64.powi(step))).sqrt() + 1e-8);
        }
        assert!((f64::from(value[0]) - x).abs() < 1e-6, "{} {x}", value[0]);
    }
}
