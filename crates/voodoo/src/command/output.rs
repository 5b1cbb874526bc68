//! Printing what was asked for, on stdout.

use std::io::{ErrorKind, Write as _, stdout};

use serde::Serialize;

use crate::exit::{Exit, Failure};

/// Prints text as it is.
pub(super) fn text(text: &str) -> Result<(), Failure> {
    bytes(text.as_bytes())
}

/// Prints a value as JSON, for programs.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut line = serde_json::to_vec_pretty(value).map_err(Failure::with(Exit::Internal))?;
    line.push(b'\n');
    bytes(&line)
}

/// Prints bytes. Whoever reads may stop reading.
pub(super) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context("printing")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Columns with a line of names above, each as wide as its widest cell.
pub(super) fn table<const N: usize>(names: [&str; N], rows: &[[String; N]]) -> String {
    let head = names.map(str::to_owned);
    let all = || std::iter::once(&head).chain(rows);
    let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in all() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |one: &str, other: &str| [one.to_owned(), other.to_owned()];
        let text = table(["handle", "role"], &[row("ada-lovelace", "admin"), row("bo", "member")]);
        assert_eq!(text, "handle        role\nada-lovelace  admin\nbo            member\n");
    }
}
