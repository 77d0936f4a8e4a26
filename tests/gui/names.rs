//! What a screen reader has: every control says what it is.

use std::collections::BTreeMap;

use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT as _;
use unifews::session::{Command, Session};
use unifews::ui::App;
use unifews::ui::actions::Action;
use unifews::ui::views::Pane;

use super::{Choices, wait, window, with_karate};

/// Roles that something can be done with.
const CONTROLS: [Role; 10] = [
    Role::Button,
    Role::CheckBox,
    Role::ComboBox,
    Role::Slider,
    Role::SpinButton,
    Role::TextInput,
    Role::MultilineTextInput,
    Role::Tab,
    Role::Link,
    Role::RadioButton,
];

/// Controls without a name, and names that several controls of one role have.
fn faults(h: &Harness<'_, App>, place: &str) -> Vec<String> {
    let mut names: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut found = Vec::new();
    for node in h.root().children_recursive() {
        let node = node.accesskit_node();
        if !CONTROLS.contains(&node.role()) {
            continue;
        }
        let name = node.label().unwrap_or_default();
        if name.trim().is_empty() {
            let rect = node.bounding_box();
            found.push(format!("{place}: {:?} without a name at {rect:?}, value {:?}", node.role(), node.value()));
        }
        *names.entry((format!("{:?}", node.role()), name)).or_default() += 1;
    }
    // The menu, and the column of the table of runs that is named by what stands in it.
    names.remove(&("Button".to_owned(), "Run".to_owned()));
    found.extend(
        names.into_iter().filter(|(_, n)| *n > 1).map(|((role, name), n)| format!("{place}: {n} times {role} {name}")),
    );
    found
}

#[test]
fn every_control_of_every_pane_has_a_name_of_its_own() {
    let choices = Choices::default();
    let mut found = faults(&window([1440.0, 900.0], &choices), "welcome");
    let mut h = with_karate([1440.0, 900.0], &choices);
    h.state().send(Command::Prune);
    wait(&mut h, "a run", |s| s.store().runs.len() == 1 && s.is_idle());
    h.state().send(Command::SelectNode(Some(5)));
    let ctx = h.ctx.clone();
    for pane in Pane::CENTRE {
        h.state_mut().perform(Action::Show(pane), &ctx);
        wait(&mut h, "the pane", Session::is_idle);
        h.run_steps(4);
        found.extend(faults(&h, &format!("{pane:?}")));
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
