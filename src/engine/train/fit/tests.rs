//! Every backward pass against finite differences.

use super::*;
use crate::engine::graph::{PowerLaw, power_law_communities, with_neighbour_tags};
use crate::engine::model::{
    Activation, Aggregation, Architecture, AttentionForm, Family, InputLayer, Jumping, Norm, Order, Role, Skip,
};
use crate::engine::sparsify::saved::SavedForBackward;
use crate::engine::sparsify::{Compat, EdgeMode, Identity, Masks, WeightMode};

/// One training forward without a step: loss, its gradient, and the tape.
fn forward<'a>(
    fit: &'a Fit<'_>,
    model: &Model,
    rows: &[(usize, u32)],
    transpose: Option<&'a Transpose>,
    ctl: &Control,
) -> (f64, Array2<f32>, Tape, Masks, SavedForBackward<'a>) {
    let mut tape = Tape::new(1, 1);
    let n_entries = if fit.recipe.model.is_decoupled() { 0 } else { fit.dataset.topology().n_entries() };
    let edges = EdgePass::new(&fit.recipe, fit.everything.clone(), n_entries, Exempt::default(), None);
    let weights = WeightPass::new(&fit.recipe, model, None);
    let input = feature_rows(&fit.input);
    let forward = training_forward(edges, weights, model, input, &mut tape, transpose, ctl);
    let (logits, masks, saved) = forward.expect("finite");
    let (loss, gradient) = loss_gradient(&logits, fit.labels, rows.iter().copied());
    (loss, gradient, tape, masks, saved)
}

fn check(recipe: Recipe) {
    let ctl = Control::new(2).expect("workers");
    let shape = PowerLaw { n_nodes: 40, n_entries: 200, n_features: 9, n_classes: 3, seed: 5 };
    check_on(&power_law_communities(&shape, &ctl).expect("possible"), recipe, &ctl);
}

/// Loss of the model in training mode over fixed masks; central differences of it must match the gradients.
fn check_on(dataset: &Dataset, recipe: Recipe, ctl: &Control) {
    let split = dataset.splits()[0].clone();
    let labels = dataset.labels().expect("generated").clone();
    let training = Training { schedule: Schedule::During, ..Training::default() };
    let mut fit = Fit::new((dataset, &labels, &split), &recipe, &training, None, ctl).expect("fits");
    let transpose = fit.transpose.clone();
    // Biases of 0 put rows without features exactly on a kink of LeakyReLU, where no difference quotient is the gradient.
    for (at, parameter) in fit.model.parameters.iter_mut().enumerate().filter(|(_, p)| p.role == Role::Vector) {
        for (j, value) in parameter.values.iter_mut().enumerate() {
            *value += 0.05 * ((at * 7 + j * 3) as f32).sin();
        }
    }
    let rows: Vec<(usize, u32)> = split.train.iter().map(|u| (*u as usize, *u)).collect();

    let (_, d_logits, tape, masks, saved) = forward(&fit, &fit.model, &rows, transpose.as_ref(), ctl);
    let input = InputTranspose::of(&fit.input, ctl).expect("not cancelled");
    let gradients = tape.backward(d_logits, fit.model.parameters.len(), &saved, &input, ctl).expect("finite");

    let mut checked = 0;
    let model = fit.model.clone();
    for (at, parameter) in model.parameters.iter().enumerate() {
        let Some(gradient) = &gradients[at] else {
            assert!(!parameter.is_trained(), "{} has no gradient", parameter.name);
            continue;
        };
        let (d_in, d_out) = parameter.values.dim();
        let places = [(0, 0), (d_in / 2, d_out / 2), (d_in - 1, d_out - 1), (d_in / 3, 0), (0, d_out - 1)];
        for place in places {
            let loss_at = |nudge: f32| {
                let mut nudged = model.clone();
                nudged.parameters[at].values[place] += nudge;
                let (loss, _, _, nudged_masks, _) = forward(&fit, &nudged, &rows, transpose.as_ref(), ctl);
                // A mask that flips under the nudge makes the loss jump; such a position proves nothing.
                (nudged_masks == masks).then_some(loss)
            };
            let quotient = |step: f32| Some((loss_at(step)? - loss_at(-step)?) / (2.0 * f64::from(step)));
            let (Some(numeric), Some(wider)) = (quotient(1e-3), quotient(2e-3)) else { continue };
            let analytic = f64::from(gradient[place]);
            let tolerance = 2e-3 + 0.03 * numeric.abs();
            // Two steps that disagree have a kink between them; where both sides of the place disagree it lies on one.
            let Some(here) = loss_at(0.0) else { continue };
            let slope = |step: f32| Some((loss_at(step)? - here) / f64::from(step));
            let (Some(up), Some(down)) = (slope(1e-3), slope(-1e-3)) else { continue };
            if (numeric - wider).abs() > 0.5 * tolerance || (up - down).abs() > tolerance {
                continue;
            }
            assert!((numeric - analytic).abs() < tolerance, "{} {place:?}: {numeric} {analytic}", parameter.name);
            checked += 1;
        }
    }
    let n_trained = model.parameters.iter().filter(|p| p.is_trained()).count();
    assert!(checked >= 2 * n_trained, "only {checked} positions could be compared");
    fit.epoch(1, ctl).expect("one epoch");
}

fn small(family: Family) -> Recipe {
    let model = Architecture { hidden: 6, dropout: 0.4, ..Architecture::new(family) };
    let hops = if model.is_decoupled() { 3 } else { 0 };
    let heads = if model.has("heads") { 2 } else { 1 };
    Recipe { model: Architecture { hops, heads, ..model }, ..Recipe::default() }
}

/// Every family, unpruned and over what it kept.
#[test]
fn gradients_of_every_family_match_finite_differences() {
    for family in Family::ALL {
        check(small(family));
        let mut pruned = small(family);
        pruned.edges.delta = vec![0.6];
        pruned.weights.delta = vec![0.5];
        check(pruned.clone());
        pruned.compat = Compat::OFFICIAL;
        check(pruned);
    }
}

#[test]
fn gradients_of_several_classes_per_node_match_finite_differences() {
    let ctl = Control::new(2).expect("workers");
    let shape = PowerLaw { n_nodes: 40, n_entries: 200, n_features: 9, n_classes: 3, seed: 5 };
    let dataset = power_law_communities(&shape, &ctl).expect("possible");
    let dataset = with_neighbour_tags(&dataset, &ctl).expect("valid");
    assert!(dataset.labels().is_some_and(|l| l.tags().is_some()));
    for family in Family::ALL {
        check_on(&dataset, small(family), &ctl);
    }
}

#[test]
fn gradients_of_every_form_of_attention_match_finite_differences() {
    for attention in [AttentionForm::V2, AttentionForm::V1] {
        for share_weights in [false, true] {
            for out_heads in [1, 2] {
                let mut recipe = small(Family::Gat);
                recipe.model.attention = attention;
                recipe.model.share_weights = share_weights && attention == AttentionForm::V2;
                recipe.model.out_heads = out_heads;
                recipe.edges.delta = vec![0.4];
                check(recipe);
            }
        }
    }
}

/// Every operation that networks have between and around their layers.
#[test]
fn gradients_of_every_setting_match_finite_differences() {
    let with = |family: Family, change: &dyn Fn(&mut Architecture)| {
        let mut recipe = small(family);
        recipe.model.layers = 3;
        // Without kinks, near which no difference quotient is the gradient.
        recipe.model.activation = Activation::Gelu;
        change(&mut recipe.model);
        recipe.model.check().expect("a network that is possible");
        recipe
    };
    // Every normalisation with an activation.
    for (norm, activation) in Norm::ALL.iter().zip(Activation::ALL.iter().cycle()) {
        check(with(Family::Gcn, &|model| (model.norm, model.activation) = (*norm, *activation)));
    }
    for jumping in Jumping::ALL {
        let mut recipe = with(Family::Gat, &|model| (model.jumping, model.residual) = (*jumping, true));
        recipe.edges.delta = vec![0.4];
        check(recipe);
    }
    for (skip, family) in Skip::ALL.iter().zip([Family::Gcn, Family::Sage].into_iter().cycle()) {
        check(with(family, &|model| (model.skip, model.input_layer) = (*skip, InputLayer::Activated)));
    }
    for aggregation in Aggregation::ALL {
        let mut recipe = with(Family::Sage, &|model| (model.aggregation, model.act_first) = (*aggregation, true));
        recipe.edges.delta = vec![0.5];
        recipe.weights.delta = vec![0.4];
        check(recipe);
    }
    check(with(Family::Gin, &|model| {
        (model.norm, model.inner_norm) = (Norm::Graph, Norm::Layer);
        (model.activation, model.jumping) = (Activation::Prelu, Jumping::Max);
    }));
    check(with(Family::Gcn2, &|model| (model.norm, model.activation) = (Norm::Layer, Activation::Elu)));
    check(with(Family::Mlp, &|model| (model.norm, model.activation) = (Norm::Layer, Activation::Prelu)));
}

#[test]
fn gcn_gradients_match_finite_differences() {
    check(small(Family::Gcn));
    let mut deep = small(Family::Gcn);
    deep.model.layers = 3;
    deep.model.norm = Norm::None;
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
