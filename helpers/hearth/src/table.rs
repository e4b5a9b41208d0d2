//! Tables for people: as wide as the terminal, coloured only there, plain text in a pipe.

use std::io::{IsTerminal as _, Write as _};

use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Table, presets};

use crate::story::Tone;

/// A table that grows row by row.
pub struct Rows {
    table: Table,
    coloured: bool,
}

impl Rows {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(headings.iter().copied());
        let terminal = std::io::stdout().is_terminal();
        if terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            // In a pipe a row is a line.
            table.set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        // The convention of <https://no-color.org>.
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { table, coloured: terminal && !refused }
    }

    /// The columns whose words are never broken; the others share what is left of the line.
    #[must_use]
    pub fn whole(mut self, columns: &[usize]) -> Self {
        for place in columns {
            if let Some(column) = self.table.column_mut(*place) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        self
    }

    /// Adds a row. What a terminal would obey is left out of it.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.table.add_row(cells.into_iter().map(|cell| {
            let (said, clean) = (cell.content(), state::plain(&cell.content()));
            if said == clean { cell } else { Cell::new(clean) }
        }));
    }

    /// A word in the colour of its tone.
    pub fn toned(&self, word: &str, tone: Tone) -> Cell {
        let cell = Cell::new(word);
        match tone {
            _ if !self.coloured => cell,
            Tone::Well => cell.fg(Color::Green),
            Tone::Waits => cell.fg(Color::Yellow),
            Tone::Bad => cell.fg(Color::Red),
        }
    }

    /// Prints it. A reader that has read enough, such as `head`, ends it and is no error.
    ///
    /// # Errors
    /// When it cannot be printed.
    pub fn print(&self) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        match self.table.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end())) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            printed => printed,
        }
    }
}
