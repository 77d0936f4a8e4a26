//! The words that a person reads, in every language of the program: `assets/i18n/en` and `assets/i18n/ja`, in Fluent.
//!
//! A word is asked for by its key, which says where it stands (`report-decision`). Numbers come as text, spelled by
//! [`crate::session::format`], or as integers where a language asks how many there are. What is never here: text from files, which goes into a
//! message as an argument and must be escaped where it is shown.

mod language;

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

pub use language::Language;

use super::format::count;

/// Texts of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

/// What stands in a message: text, or a whole number.
pub type Argument<'a> = FluentValue<'a>;

/// The attribute with what a control does.
const HINT: &str = "hint";

/// The files of a language; both have the same ones.
macro_rules! files {
    ($language:literal) => {
        [
            include_str!(concat!("../../../assets/i18n/", $language, "/actions.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/welcome.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/import.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/shell.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/recipe.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/training.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/verdict.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/inspector.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/layers.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/graph.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/tradeoff.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/runs.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/export.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/monitor.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/activity.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/pages.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/check.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/report.ftl")),
            include_str!(concat!("../../../assets/i18n/", $language, "/cli.ftl")),
        ]
    };
}

impl Words {
    /// The words of a language, read when they are first asked for.
    pub fn of(language: Language) -> &'static Self {
        static ALL: [OnceLock<Words>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
        ALL[language as usize].get_or_init(|| Self::read(language))
    }

    fn read(language: Language) -> Self {
        let files = match language {
            Language::English => files!("en"),
            Language::Japanese => files!("ja"),
        };
        let identifier: LanguageIdentifier = language.key().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
        // Marks around arguments would be copied with the text, and are drawn as boxes by some programs.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| match value {
            FluentValue::Number(number) => Some(count(number.value.max(0.0) as u64)),
            _ => None,
        }));
        for file in files {
            // The files are part of the program, and a test reads them: what Fluent could read of one is kept.
            let resource = FluentResource::try_new(file.to_owned()).unwrap_or_else(|(resource, _)| resource);
            bundle.add_resource_overriding(resource);
        }
        Self { language, bundle }
    }

    /// Which language this is.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A text without arguments; the key itself where there is none, which a test excludes.
    pub fn text(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// What a control does, in a sentence for its tooltip: the attribute `hint` of its text.
    pub fn hint(&self, key: &str) -> String {
        let Some(hint) = self.bundle.get_message(key).and_then(|message| message.get_attribute(HINT)) else {
            return key.to_owned();
        };
        self.bundle.format_pattern(hint.value(), None, &mut Vec::new()).into_owned()
    }

    /// A text with its arguments.
    pub fn with(&self, key: &str, arguments: &[(&str, Argument<'_>)]) -> String {
        let Some(text) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let arguments: FluentArgs<'_> = arguments.iter().map(|(name, value)| (*name, value.clone())).collect();
        self.bundle.format_pattern(text, Some(&arguments), &mut Vec::new()).into_owned()
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").field("language", &self.language).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
