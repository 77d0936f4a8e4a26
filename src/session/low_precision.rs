//! What low precision costs and gains, in one sentence for window and terminal.

use super::format::{bytes, percent, seconds};
use super::words::Words;
use crate::engine::experiment::{Bytes, Timing};
use crate::io::bundle::LowMetrics;

/// What a model in low precision costs and gains. A speed-up is claimed as far as its interval carries.
pub(crate) fn low_says(words: &Words, low: &LowMetrics, timing: Option<&Timing>) -> String {
    let number =
        |value: Option<f64>| value.map_or_else(|| words.text("low-no-finite-number"), |value| format!("{value:.1e}"));
    let agreement = [
        ("agreement", percent(low.agreement).into()),
        ("off", number(low.relative_error).into()),
        ("most", number(low.largest_difference).into()),
    ];
    let mut parts = vec![words.with("low-agreement", &agreement)];
    let measured = timing.and_then(|timing| timing.low_speedup().zip(timing.low_over_pruned()));
    if let (Some(secs), Some((over_baseline, over_pruned))) = (low.secs, measured) {
        let times = [
            ("time", seconds(secs).into()),
            ("baseline", over_baseline.to_string().into()),
            ("pruned", over_pruned.to_string().into()),
        ];
        parts.push(words.with("low-times", &times));
    }
    let of = |key: &str, of: Option<Bytes>| of.map(|of| words.with(key, &[("bytes", bytes_say(of).into())]));
    parts.extend([of("low-files", low.disk), of("low-memory", low.memory)].into_iter().flatten());
    let facts = [("types", low.stored_as.to_string().into()), ("facts", parts.join("; ").into())];
    words.with("low-says", &facts)
}

/// Unpruned, pruned, and in low precision.
pub(crate) fn bytes_say(of: Bytes) -> String {
    format!("{} → {} → {}", bytes(of.baseline), bytes(of.pruned), bytes(of.low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sparsify::{StoredAs, ValueType};
    use crate::session::words::Language;

    #[test]
    fn what_was_not_measured_is_not_said() {
        let words = Words::of(Language::English);
        let low = LowMetrics {
            stored_as: StoredAs { weights: ValueType::Int8, ..StoredAs::default() },
            secs: None,
            speedup: None,
            speedup_interval: None,
            over_pruned: None,
            over_pruned_interval: None,
            largest_difference: Some(0.125),
            relative_error: Some(0.015),
            agreement: 0.998,
            test: None,
            disk: Some(Bytes { baseline: 4_000_000, pruned: 1_000_000, low: 300_000 }),
            memory: None,
        };
        let says = low_says(words, &low, None);
        assert!(
            says.starts_with("low precision (weights int8): 99.8 % of the predictions stay, logits 1.5e-2 off"),
            "{says}"
        );
        assert!(says.contains("; files ") && !says.contains("memory") && !says.contains("unpruned"), "{says}");
        assert!(low_says(words, &LowMetrics { largest_difference: None, ..low }, None).contains("no finite number"));
    }
}
