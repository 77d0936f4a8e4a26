//! Numbers for people: one spelling of each kind everywhere, in the window, on the terminal and on the pages that are written.

use crate::engine::score::Auc;
use crate::engine::timing::{Claim, Speedup};

/// A share as percent with one decimal, for example `21.8 %`; with two where one would read like all or nothing.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return NONE.to_owned();
    }
    match share * 100.0 {
        shown if shown > 0.0 && shown < 0.005 => "< 0.01 %".to_owned(),
        shown if shown > 99.995 && shown < 100.0 => "> 99.99 %".to_owned(),
        shown if (shown > 0.0 && shown < 0.05) || (99.95..100.0).contains(&shown) => format!("{shown:.2} %"),
        shown => format!("{shown:.1} %"),
    }
}

/// A change of a share in points, with its sign, for example `−1.3 pp`.
pub fn points(change: f64) -> String {
    if !change.is_finite() {
        return NONE.to_owned();
    }
    let sign = if change < -0.000_5 {
        "−"
    } else if change > 0.000_5 {
        "+"
    } else {
        "±"
    };
    format!("{sign}{:.1} pp", (change * 100.0).abs())
}

/// An area under the ROC curve with its interval, for example `ROC AUC 78.1 % (95 % interval 75.2 to 80.8 %)`.
pub fn auc(auc: &Auc) -> String {
    let area = format!("ROC AUC {}", percent(auc.value));
    match auc.interval {
        Some([low, high]) => format!("{area} (95 % interval {:.1} to {})", 100.0 * low, percent(high)),
        None => area,
    }
}

/// What stands where there is no number.
pub const NONE: &str = "–";

/// A count with grouped thousands, for example `12,623`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A large count in short, for example `1.82 M`; exact below 10,000.
pub fn short_count(n: u64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    if n < 10_000 {
        return count(n);
    }
    let n = n as f64;
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| n >= *unit).unwrap_or((1.0, ""));
    format!("{} {name}", three_digits(n / unit))
}

/// How counts that stand side by side are shown, so that they fit: exact where they are fewer than 100,000 in all, else in short. The
/// tooltip has them in full.
pub fn fitting_count(all: u64) -> fn(u64) -> String {
    if all < 100_000 { count } else { short_count }
}

/// A duration, for example `3.9 ms`, `1.2 s` or `4 min 10 s`.
pub fn seconds(secs: f64) -> String {
    if !secs.is_finite() || secs < 0.0 {
        return NONE.to_owned();
    }
    if secs < 0.999_5e-3 {
        return format!("{} µs", three_digits(secs * 1e6));
    }
    if secs < 0.999_5 {
        return format!("{} ms", three_digits(secs * 1e3));
    }
    if secs < 59.95 {
        return format!("{secs:.1} s");
    }
    let whole = secs.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours} h {minutes} min") } else { format!("{minutes} min {rest} s") }
}

/// Time left, of constant width below an hour, for example `0:42`.
pub fn clock(secs: f64) -> String {
    let whole = secs.max(0.0).round() as u64;
    if whole >= 3600 {
        format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
    } else {
        format!("{}:{:02}", whole / 60, whole % 60)
    }
}

/// A ratio, for example `1.6×`.
pub fn factor(ratio: f64) -> String {
    if !ratio.is_finite() {
        NONE.to_owned()
    } else if ratio >= 99.5 {
        format!("{ratio:.0}×")
    } else {
        format!("{ratio:.1}×")
    }
}

/// What may be said of a speed-up, for example `1.6×`, or that there is none to speak of.
pub fn speedup(measured: &Speedup) -> String {
    match measured.claim() {
        // Where it is about 1, its second decimal is what is claimed.
        Claim::Faster | Claim::Slower if measured.ratio < 1.95 => format!("{:.2}×", measured.ratio),
        Claim::Faster | Claim::Slower => factor(measured.ratio),
        Claim::NoDifference => "none".to_owned(),
        Claim::TooFew => format!("{}?", factor(measured.ratio)),
    }
}

/// An interval of ratios, for example `0.97–1.06×`.
pub fn factors(interval: Option<[f64; 2]>) -> String {
    interval.map_or_else(|| NONE.to_owned(), |[low, high]| format!("{low:.2}–{high:.2}×"))
}

/// A size, for example `1.4 MB` (powers of 1,000).
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{} kB", three_digits(n as f64 / 1e3)),
        1_000_000..1_000_000_000 => format!("{} MB", three_digits(n as f64 / 1e6)),
        _ => format!("{} GB", three_digits(n as f64 / 1e9)),
    }
}

/// A threshold: at most three significant digits, no trailing zeros beyond two decimals, for example `0.50` or `1.2e-4`.
pub fn delta(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    match value.abs() {
        v if v < 0.001 => format!("{value:.1e}"),
        v if v < 0.1 => format!("{value:.3}"),
        v if v < 100.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}

fn three_digits(value: f64) -> String {
    match value {
        v if v < 9.995 => format!("{v:.2}").trim_end_matches('0').trim_end_matches('.').to_owned(),
        v if v < 99.95 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelt_one_way() {
        assert_eq!(percent(0.218), "21.8 %");
        assert_eq!(percent(f64::NAN), "–");
        assert_eq!(
            [percent(0.0), percent(0.000_3), percent(0.999_6), percent(1.0)],
            ["0.0 %", "0.03 %", "99.96 %", "100.0 %"]
        );
        assert_eq!([percent(1e-6), percent(1.0 - 1e-6)], ["< 0.01 %", "> 99.99 %"]);
        assert_eq!([points(-0.013), points(0.02), points(0.0)], ["−1.3 pp", "+2.0 pp", "±0.0 pp"]);
        let area = Auc { value: 0.781, interval: Some([0.7524, 0.808]) };
        assert_eq!(auc(&area), "ROC AUC 78.1 % (95 % interval 75.2 to 80.8 %)");
        assert_eq!(auc(&Auc { interval: None, ..area }), "ROC AUC 78.1 %");
        assert_eq!(
            [count(0), count(999), count(1_000), count(12_623), count(1_234_567)],
            ["0", "999", "1,000", "12,623", "1,234,567"]
        );
        assert_eq!([short_count(9_999), short_count(1_820_000), short_count(735_000)], ["9,999", "1.82 M", "735 k"]);
        assert_eq!(
            [seconds(0.0039), seconds(1.2), seconds(250.0), seconds(4.2e-5), seconds(7_260.0)],
            ["3.9 ms", "1.2 s", "4 min 10 s", "42.0 µs", "2 h 1 min"]
        );
        assert_eq!([clock(42.4), clock(250.0), clock(3_725.0)], ["0:42", "4:10", "1:02:05"]);
        assert_eq!([factor(1.57), factor(123.4)], ["1.6×", "123×"]);
        assert_eq!([bytes(12), bytes(1_400_000), bytes(999_999)], ["12 B", "1.4 MB", "1000 kB"]);
        assert_eq!([delta(0.0), delta(0.5), delta(0.012), delta(0.000_12)], ["0", "0.50", "0.012", "1.2e-4"]);
    }
}
