//! What was measured beside the rows that have a must: times, rates, costs, memory and bytes.
//!
//! Scenarios note what they like as JSON; whatever of it has a known name becomes a line here, the
//! median of its repetitions.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::report::{Measured, median, short};

/// Columns that say of how many the others are.
const COUNTS: [&str; 2] = ["n", "users"];

/// A table and its columns.
struct Table {
    title: &'static str,
    /// The name in JSON, with the place behind a dot where it is a list, and the head.
    columns: &'static [(&'static str, &'static str)],
}

const TIMES: Table = Table {
    title: "Times, in ms",
    columns: &[
        ("n", "number"),
        ("p50_ms", "p50"),
        ("p90_ms", "p90"),
        ("p99_ms", "p99"),
        ("p999_ms", "p99.9"),
        ("max_ms", "longest"),
    ],
};
const RATES: Table = Table {
    title: "Rates and costs",
    columns: &[
        ("deliveries_per_s", "deliveries/s"),
        ("per_s", "starts, log-ins or writes/s"),
        ("cpu_us_per_delivery", "server CPU per delivery, µs"),
        ("cpu_us_each", "server CPU per start, µs"),
        ("bytes.0", "bytes to clients"),
        ("bytes.1", "bytes from clients"),
    ],
};
const MEMORY: Table = Table {
    title: "Memory, in KiB for each user",
    columns: &[
        ("users", "users"),
        ("rss_kib_each", "RSS"),
        ("pss_kib_each", "PSS"),
        ("tcp_kib_each_both_ends", "the kernel's buffers, both ends"),
    ],
};

/// One line: of whom, and the figures of each repetition by column.
struct Line {
    of: String,
    figures: Vec<Vec<f64>>,
}

/// The tables of a run, those with lines.
pub(crate) fn tables(measured: &[Measured]) -> String {
    let mut text = String::new();
    for table in [&TIMES, &RATES, &MEMORY] {
        let mut lines = Vec::new();
        for one in measured {
            walk(&one.details, &one.scenario, &mut |of, object| table.note(of, object, &mut lines));
        }
        if !lines.is_empty() {
            text += &table.words(&lines);
        }
    }
    text
}

/// Visits every object, with the way to it in words.
fn walk(value: &Value, of: &str, visit: &mut impl FnMut(&str, &Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(of, object);
            for (name, inner) in object {
                walk(inner, &format!("{of}, {}", name.replace('_', " ")), visit);
            }
        }
        Value::Array(list) => {
            for inner in list.iter().filter(|inner| inner.is_object()) {
                let size = ["users", "batch"].into_iter().find_map(|size| {
                    inner.get(size).and_then(Value::as_u64).map(|n| format!("{n} {size}"))
                });
                walk(inner, &format!("{of}, {}", size.unwrap_or_default()), visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A figure by its name, or by its name and its place in a list.
fn figure(object: &Map<String, Value>, name: &str) -> Option<f64> {
    match name.split_once('.') {
        None => object.get(name)?.as_f64(),
        Some((list, at)) => object.get(list)?.get(at.parse::<usize>().ok()?)?.as_f64(),
    }
}

impl Table {
    /// Takes an object that has a figure of this table. How many there were is none by itself, and
    /// of nothing measured there are no figures.
    fn note(&self, of: &str, object: &Map<String, Value>, lines: &mut Vec<Line>) {
        let found: Vec<_> = self.columns.iter().map(|(name, _)| figure(object, name)).collect();
        let is_figure = |(name, _): &(&str, &str)| !COUNTS.contains(name);
        let has_figure =
            self.columns.iter().zip(&found).any(|(column, one)| is_figure(column) && one.is_some());
        if !has_figure || figure(object, "n") == Some(0.0) {
            return;
        }
        let at = lines.iter().position(|line| line.of == of).unwrap_or_else(|| {
            lines.push(Line { of: of.to_owned(), figures: vec![Vec::new(); found.len()] });
            lines.len() - 1
        });
        for (column, figure) in lines[at].figures.iter_mut().zip(found) {
            column.extend(figure);
        }
    }

    fn words(&self, lines: &[Line]) -> String {
        let mut text = format!("\n## {}\n\n| of |", self.title);
        for (_, head) in self.columns {
            let _infallible = write!(text, " {head} |");
        }
        text += "\n|---|";
        text += &"---|".repeat(self.columns.len());
        text.push('\n');
        for Line { of, figures } in lines {
            let _infallible = write!(text, "| {of} |");
            for column in figures {
                let figure = median(column);
                let words = match figure {
                    _ if figure.is_nan() => String::new(),
                    _ if figure.fract() == 0.0 => format!("{figure:.0}"),
                    _ => short(figure),
                };
                let _infallible = write!(text, " {words} |");
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn measured(repetition: usize, details: Value) -> Measured {
        Measured { scenario: "storm".to_owned(), repetition, details }
    }

    #[test]
    fn what_has_a_known_name_is_a_line_with_the_median_of_all_repetitions() {
        let details = |per_s: f64, p50_ms: f64| {
            json!({"server": {"per_s": per_s, "bytes": [10, 20],
                "took": {"n": 3, "p50_ms": p50_ms, "max_ms": 9.0}}})
        };
        let measured = [1.0, 2.0, 9.0].map(|x| measured(1, details(x, x + 1.0)));
        let text = tables(&measured);
        assert!(text.contains("| storm, server |  | 2 |  |  | 10 | 20 |\n"), "{text}");
        assert!(text.contains("| storm, server, took | 3 | 3 |  |  |  | 9 |\n"), "{text}");
        assert!(!text.contains("Memory"), "{text}");
    }

    #[test]
    fn what_was_measured_of_nothing_says_nothing() {
        let nothing = json!({"yardstick": {"ack": {"n": 0, "p50_ms": 0.0}}, "users": 7});
        assert_eq!(tables(&[measured(1, nothing)]), "");
        assert_eq!(tables(&[]), "");
    }

    #[test]
    fn lines_of_a_list_are_told_apart_by_their_size() {
        let sizes = json!({"sizes": [{"users": 5, "rss_kib_each": 2.5},
            {"users": 9, "rss_kib_each": 1.5}], "alone": [{"batch": 100, "per_s": 7.0}]});
        let text = tables(&[measured(1, sizes)]);
        assert!(text.contains("| storm, sizes, 5 users | 5 | 2.50 |  |  |\n"), "{text}");
        assert!(text.contains("| storm, sizes, 9 users | 9 | 1.50 |  |  |\n"), "{text}");
        assert!(text.contains("| storm, alone, 100 batch |  | 7 |"), "{text}");
    }
}
