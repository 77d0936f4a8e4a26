//! Export › For a pilot: who answers, what may be lost, and where it goes.

use eframe::egui;

use super::{ViewCx, WindowRequest};
use crate::io::export::{LimitIs, PilotLimit, PilotOptions, no_pilot};
use crate::session::{Command, RunEntry, RunId};
use crate::ui::widgets::{section, weak};

/// The form; what is chosen is the session's.
#[derive(Debug, Default)]
pub(super) struct PilotForm {
    /// Why there is no pilot of a run, where there is none.
    refused: Option<(RunId, Option<String>)>,
}

/// What is chosen: the key of its name and of what it says, and where it stands.
type Field = (&'static str, fn(&mut PilotOptions) -> &mut f64);

const FIELDS: [Field; 2] =
    [("export-pilot-share", |options| &mut options.share), ("export-pilot-sample", |options| &mut options.sample)];

/// Width of the names before the fields.
const NAME_WIDTH: f32 = 240.0;

impl PilotForm {
    pub(super) fn ui(&mut self, ui: &mut egui::Ui, cx: &ViewCx<'_>, entry: &RunEntry, is_busy: bool) {
        let store = cx.session.store();
        let words = cx.session.words();
        section(ui, cx.tokens, &words.text("export-section-pilot"));
        ui.add(egui::Label::new(weak(cx.tokens, words.text("export-pilot-says"))).wrap());
        if self.refused.as_ref().is_none_or(|(of, _)| *of != entry.id) {
            self.refused = Some((entry.id, no_pilot(&entry.run.dataset, &entry.run.model)));
        }
        let refused = self.refused.as_ref().and_then(|(_, why)| why.as_deref());
        if let Some(why) = refused {
            let text = words.with("export-not-this-run", &[("why", why.to_owned().into())]);
            ui.add(egui::Label::new(weak(cx.tokens, text)).wrap());
        }
        ui.add_space(4.0);
        let before = store.export.pilot;
        let mut options = before;
        for (key, of) in FIELDS {
            let says = words.hint(key);
            ui.horizontal(|ui| {
                let begin = ui.cursor().left();
                let label = ui.label(words.text(key)).on_hover_text(&says);
                ui.add_space((begin + NAME_WIDTH - ui.cursor().left()).max(0.0));
                let mut percent = 100.0 * *of(&mut options);
                let number =
                    egui::DragValue::new(&mut percent).range(0.0..=100.0).speed(0.5).max_decimals(1).suffix(" %");
                if ui.add_enabled(refused.is_none(), number).labelled_by(label.id).on_hover_text(&says).changed() {
                    *of(&mut options) = percent / 100.0;
                }
            });
        }
        if options != before {
            cx.out.send(Command::SetPilot(options));
        }
        let limit = PilotLimit::of(store.certificate_of(entry.id).map(AsRef::as_ref), store.limit);
        let says = match limit.limit_is {
            LimitIs::Certified => "export-pilot-limit-certified",
            LimitIs::Asked => "export-pilot-limit-asked",
        };
        let points = format!("{:.1}", 100.0 * limit.limit);
        ui.label(weak(cx.tokens, words.with(says, &[("points", points.into())])));
        ui.add_space(4.0);
        let button = egui::Button::new(words.text("export-pilot"));
        let response = ui.add_enabled(!is_busy && refused.is_none() && limit.limit > 0.0, button);
        let response = if limit.limit > 0.0 {
            response
        } else {
            response.on_disabled_hover_text(words.text("export-pilot-no-limit"))
        };
        if response.on_hover_text(words.hint("export-pilot")).clicked() {
            cx.out.request(WindowRequest::PilotDialog(entry.id));
        }
    }
}
