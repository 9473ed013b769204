//! Figures now, beside those of the file and the best ever.

use std::collections::BTreeMap;

use super::file::TruthFile;

/// Figures by `set.figure`, 0 to 1, rounded to four decimals.
pub(crate) type Figures = BTreeMap<String, f64>;

/// Four decimals: less is noise, and the file stays readable.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// How one figure stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// As good as ever, and the file says so.
    Same,
    /// Better than the file says, or new.
    Rise,
    /// Lower than its best; the file says why.
    Explained,
    /// Lower than its best, or gone.
    Unexplained,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    name: String,
    now: Option<f64>,
    best: Option<f64>,
    standing: Standing,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    /// Figures with a reason that are as good as ever.
    pub(crate) needless_reasons: Vec<String>,
}

/// Compares every figure that there is or ever was.
pub(crate) fn compare(now: &Figures, file: &TruthFile, best: &Figures) -> Report {
    let mut report = Report::default();
    let mut names: Vec<&String> = now.keys().chain(best.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (value, top) = (now.get(name).copied(), best.get(name).copied());
        let reason = file.reasons.contains_key(name);
        let is_lower = match (value, top) {
            (Some(value), Some(top)) => value < top,
            (None, _) => true,
            (Some(_), None) => false,
        };
        let standing = match (is_lower, reason) {
            (true, true) => Standing::Explained,
            (true, false) => Standing::Unexplained,
            (false, _) if value > file.figures.get(name).copied() => Standing::Rise,
            (false, _) => Standing::Same,
        };
        if !is_lower && reason {
            report.needless_reasons.push(name.clone());
        }
        report.rows.push(Row { name: name.clone(), now: value, best: top, standing });
    }
    report
}

impl Report {
    /// How many figures stand so.
    pub(crate) fn count(&self, standing: Standing) -> usize {
        self.rows.iter().filter(|row| row.standing == standing).count()
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        println!("{:<24} {:<26} {:>7} {:>7} {:>8}", "set", "figure", "now", "best", "change");
        for row in &self.rows {
            let (set, figure) = row.name.split_once('.').unwrap_or(("", &row.name));
            let change = match (row.now, row.best) {
                (Some(now), Some(best)) => format!("{:+.4}", now - best),
                (Some(_), None) => "new".to_owned(),
                (None, _) => "gone".to_owned(),
            };
            let note = match row.standing {
                Standing::Same => "",
                Standing::Rise => "  higher than the file says",
                Standing::Explained => "  explained",
                Standing::Unexplained => "  LOWER, no reason given",
            };
            println!(
                "{set:<24} {figure:<26} {:>7} {:>7} {:>8}{note}",
                shown(row.now),
                shown(row.best),
                change
            );
        }
    }
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"))
}

#[cfg(test)]
mod tests {
    use super::{Figures, Standing, compare, rounded};
    use crate::truth::file::TruthFile;

    fn standing(now: Option<f64>, file: Option<f64>, best: Option<f64>, reason: bool) -> Standing {
        let one = |value: Option<f64>| -> Figures {
            value.map(|value| ("a.x".to_owned(), value)).into_iter().collect()
        };
        let mut truth = TruthFile { figures: one(file), ..TruthFile::default() };
        if reason {
            truth.reasons.insert("a.x".to_owned(), "why".to_owned());
        }
        let report = compare(&one(now), &truth, &one(best));
        assert_eq!(report.rows.len(), 1);
        report.rows[0].standing
    }

    #[test]
    fn a_figure_stands_by_its_best_and_by_the_file() {
        assert_eq!(standing(Some(0.5), Some(0.5), Some(0.5), false), Standing::Same);
        assert_eq!(standing(Some(0.6), Some(0.5), Some(0.5), false), Standing::Rise);
        assert_eq!(standing(Some(0.4), Some(0.5), Some(0.5), false), Standing::Unexplained);
        assert_eq!(standing(Some(0.4), Some(0.4), Some(0.5), true), Standing::Explained);
        assert_eq!(standing(Some(0.1), None, None, false), Standing::Rise);
        assert_eq!(standing(None, Some(0.5), Some(0.5), false), Standing::Unexplained);
        assert_eq!(standing(None, Some(0.5), Some(0.5), true), Standing::Explained);
    }

    #[test]
    fn a_reason_for_a_figure_that_recovered_is_told() {
        let figures: Figures = [("a.x".to_owned(), 0.5)].into();
        let mut file = TruthFile { figures: figures.clone(), ..TruthFile::default() };
        file.reasons.insert("a.x".to_owned(), "why".to_owned());
        assert_eq!(compare(&figures, &file, &figures).needless_reasons, ["a.x"]);
    }

    #[test]
    fn noise_behind_the_fourth_decimal_is_no_drop() {
        assert_eq!(rounded(0.499_96), rounded(0.500_04));
    }
}
