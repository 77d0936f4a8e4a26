//! Every backward pass against finite differences.

use super::*;
use crate::engine::graph::{PowerLaw, power_law_communities};
use crate::engine::model::batch_norm;
use crate::engine::model::{Architecture, Family, Order};
use crate::engine::sparsify::{EdgeMode, Identity, WeightMode};

/// Loss of the model in training mode over fixed masks; central differences of it must match the gradients.
fn check(recipe: Recipe) {
    let ctl = Control::new(2).expect("workers");
    let shape = PowerLaw { n_nodes: 40, n_entries: 200, n_features: 9, n_classes: 3, seed: 5 };
    let dataset = power_law_communities(&shape, &ctl).expect("possible");
    let split = dataset.splits()[0].clone();
    let labels = dataset.labels().expect("generated").clone();
    let training = Training { schedule: Schedule::During, ..Training::default() };
    let mut fit = Fit::new(&dataset, &labels, &split, &recipe, &training, &ctl).expect("fits");
    let rows: Vec<(usize, u32)> = split.train.iter().map(|u| (*u as usize, *u)).collect();

    let forward = |fit: &Fit<'_>, model: &Model| {
        let mut tape = Tape::new(1, 1);
        let mut decider = Decider::new(&fit.recipe, fit.everything.clone(), dataset.topology().n_entries(), None);
        if fit.transpose.is_none() {
            decider = Decider::new(&fit.recipe, Survivors::empty(), 0, None);
        }
        let logits =
            decide::decide_training(&mut decider, model, feature_rows(&fit.input), &mut tape, &ctl).expect("finite");
        let (loss, gradient) = cross_entropy_gradient(&logits, &labels, rows.iter().copied());
        (loss, gradient, tape, decider.masks, decider.kept)
    };
    let (_, d_logits, tape, masks, kept) = forward(&fit, &fit.model);
    let kept = kept.expect("training keeps");
    let input = InputTranspose::of(&fit.input, &ctl).expect("not cancelled");
    let propagate_back = |step: usize, g: &Array2<f32>| {
        kept.survivors[step].propagate_back(g, fit.transpose.as_ref().expect("a graph"), &ctl)
    };
    let walked = Walked {
        weights: &kept.weights,
        masks: &masks.weights,
        propagate_back: fit.transpose.as_ref().map(|_| &propagate_back as &PropagateBack<'_>),
        input: &input,
    };
    let gradients = backward(&fit.model, d_logits, &tape, &walked, &ctl).expect("finite");

    let mut checked = 0;
    let model = fit.model.clone();
    for (l, gradient) in gradients.iter().enumerate() {
        let mut compare = |name: &str, analytic: f32, nudge: &dyn Fn(&mut Model, f32)| {
            let step = 2e-3f32;
            let loss_at = |sign: f32| {
                let mut nudged = model.clone();
                nudge(&mut nudged, sign * step);
                let (loss, _, _, nudged_masks, _) = forward(&fit, &nudged);
                // A mask that flips under the nudge makes the loss jump; such a position proves nothing.
                (nudged_masks == masks).then_some(loss)
            };
            let (Some(up), Some(down)) = (loss_at(1.0), loss_at(-1.0)) else { return };
            let numeric = (up - down) / (2.0 * f64::from(step));
            let tolerance = 2e-3 + 0.03 * numeric.abs();
            assert!((numeric - f64::from(analytic)).abs() < tolerance, "layer {l} {name}: {numeric} {analytic}");
            checked += 1;
        };
        let (d_in, d_out) = model.layers[l].linear.weight.dim();
        for at in [(0, 0), (d_in / 2, d_out / 2), (d_in - 1, d_out - 1), (1, 0), (0, d_out - 1)] {
            compare("weight", gradient.weight[at], &|m, s| m.layers[l].linear.weight[at] += s);
        }
        if let Some(bias) = &gradient.bias {
            compare("bias", bias[d_out - 1], &|m, s| {
                if let Some(b) = &mut m.layers[l].linear.bias {
                    b[d_out - 1] += s;
                }
            });
        }
        if let Some(batch_norm::NormGradient { weight, bias }) = &gradient.norm {
            compare("norm weight", weight[0], &|m, s| {
                if let Some(n) = &mut m.layers[l].norm {
                    n.weight[0] += s;
                }
            });
            compare("norm bias", bias[1], &|m, s| {
                if let Some(n) = &mut m.layers[l].norm {
                    n.bias[1] += s;
                }
            });
        }
    }
    assert!(checked >= 5, "only {checked} positions could be compared");
    fit.epoch(1, &ctl).expect("one epoch");
}

fn small(family: Family) -> Recipe {
    let model = Architecture {
        hidden: 6,
        dropout: 0.4,
        hops: if family == Family::Sgc { 3 } else { 0 },
        ..Architecture::new(family)
    };
    Recipe { model, ..Recipe::default() }
}

#[test]
fn gcn_gradients_match_finite_differences() {
    check(small(Family::Gcn));
    let mut deep = small(Family::Gcn);
    deep.model.layers = 3;
    deep.model.batch_norm = false;
    check(deep);
}

#[test]
fn pruned_gcn_gradients_match_finite_differences_over_what_was_kept() {
    let mut recipe = small(Family::Gcn);
    recipe.edges.mode = EdgeMode::Relative;
    recipe.edges.delta = vec![0.6];
    recipe.weights.mode = WeightMode::Relative;
    recipe.weights.delta = vec![0.5];
    check(recipe.clone());
    recipe.edges.identity = Identity::ResidualLoop;
    check(recipe);
}

#[test]
fn propagate_first_gradients_match_finite_differences() {
    let mut recipe = small(Family::Gcn);
    recipe.model.order = Order::PropagateFirst;
    check(recipe);
}

#[test]
fn mlp_gradients_match_finite_differences() {
    check(small(Family::Sgc));
}
