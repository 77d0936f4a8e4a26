//! The report on bundles for people who decide: one page that gets a pilot approved, and appendices that an engineer trusts.
//!
//! It says what the files of a bundle say, and what lies beside them. What is never here: a clock, a measurement, a number that is in no
//! file; what was not measured is said to be missing.

mod accuracy;
mod beside;
mod choice;
mod classes;
mod comparison;
mod cost;
mod decision;
mod facts;
mod identity;
mod layers;
mod masks;
mod methods;
mod plan;
mod price;
mod reported;
mod risks;
mod say;
mod stress;
mod time;
mod tradeoff;

use crate::io::printed::{Block, Page};
use crate::io::recipe_to_toml;
use crate::session::tasks::export::replay_command;
use crate::session::words::Words;
use say::Say;

pub use choice::ReportChoice;
pub use price::{Currency, Price};
pub use reported::ReportOptions;
pub(crate) use reported::Reported;

/// The page on these bundles: of one, or a comparison of several and then the page of each.
pub(crate) fn report_page(bundles: &[Reported], options: &ReportOptions) -> Page {
    let say = Say(Words::of(options.language));
    let language = options.language.key();
    if let [only] = bundles {
        return Page {
            language,
            title: title_of(only, say),
            subtitle: identity::subtitle(only, say),
            blocks: blocks(only, options, say),
        };
    }
    let mut all = comparison::comparison(bundles, options, say);
    for bundle in bundles {
        all.push(Block::Appendix(say.with(
            "report-bundle-heading",
            &[("bundle", bundle.name.as_str().into()), ("title", title_of(bundle, say).into())],
        )));
        all.push(Block::Text(identity::subtitle(bundle, say)));
        all.extend(blocks(bundle, options, say));
    }
    let n = bundles.len().to_string();
    Page {
        language,
        title: say.with("report-title-several", &[("n", n.into())]),
        subtitle: say.text("report-subtitle-several"),
        blocks: all,
    }
}

fn title_of(of: &Reported, say: Say) -> String {
    let manifest = &of.bundle.manifest;
    let (model, graph) = (manifest.model.title.as_str(), manifest.graph.name.as_str());
    say.with("report-title", &[("model", model.into()), ("graph", graph.into())])
}

/// One bundle: the page, then its appendices.
fn blocks(of: &Reported, options: &ReportOptions, say: Say) -> Vec<Block> {
    let mut blocks = vec![
        Block::Decision(decision::sentence(of, say)),
        Block::Facts(facts::facts(of, options.price.as_ref(), say)),
        Block::Heading(say.text("report-identity")),
        Block::Table(identity::table(of, say)),
        Block::Heading(say.text("report-tradeoff")),
        tradeoff::block(of, say),
        risks::block(of, say),
        Block::Heading(say.text("report-plan")),
        Block::Plan(plan::stages(of, say)),
    ];
    blocks.extend(accuracy::appendix(of, options.price.as_ref(), say));
    blocks.extend(layers::appendix(of, say));
    blocks.extend(classes::appendix(of, say));
    blocks.extend(methods::appendix(of, say));
    blocks.extend(stress::appendix(of, say));
    blocks.extend(beside::appendix(of, say));
    blocks.push(Block::Appendix(say.text("report-recipe")));
    blocks.push(Block::Text(say.text("report-recipe-says")));
    blocks.push(Block::Code(recipe_to_toml(&of.bundle.recipe)));
    blocks.extend(replay(of, say));
    blocks
}

/// How everything above is computed again.
fn replay(of: &Reported, say: Say) -> Vec<Block> {
    let (bundle, name) = (&of.bundle, std::path::Path::new(&of.name));
    let graph = &bundle.manifest.graph;
    let replay = replay_command(name, &bundle.recipe, (&graph.source, &graph.source), graph.features_left_out);
    vec![
        Block::Heading(say.text("report-replay")),
        Block::Text(say.text("report-replay-says")),
        Block::Code(format!("{replay}\npython {}/load_bundle.py", plan::quoted(&of.name))),
        Block::Table(identity::hash_table(of, say)),
    ]
}

#[cfg(test)]
mod tests;
