//! What a version asks for beyond the one that serves: `growth.json` beside an app's other records.
//!
//! Only a run that renders a version learns that. It writes it down, and the decision, which renders nothing, holds the
//! version from then on. Both are named by their commits, so what is known of a tag says nothing of where it is moved to.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Commit;
use crate::holds::{read, write};

/// The shape of the record.
const SCHEMA: u32 = 1;
/// How many are remembered: the oldest go first, and are learnt again when they are needed.
const KEPT: usize = 200;

/// What one state of a recipe asks for beyond another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Growth {
    /// What serves.
    pub from: Commit,
    /// What it would move to.
    pub to: Commit,
    /// Each thing that is new, as a person reads it.
    pub asks: Vec<String>,
}

/// What is known of one app.
#[derive(Clone, Debug)]
pub struct Growths {
    path: PathBuf,
    known: Vec<Growth>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    schema: u32,
    known: Vec<Growth>,
}

impl Growths {
    /// What the app in this state folder knows.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        let path = folder.join("growth.json");
        let known = read::<Record>(&path)?.map(|record| record.known).unwrap_or_default();
        Ok(Self { path, known })
    }

    /// What a step asks for, where that is known; nothing for a step that asks for nothing new.
    pub fn of(&self, from: &Commit, to: &Commit) -> &[String] {
        let found = self.known.iter().find(|known| known.from == *from && known.to == *to);
        found.map_or(&[], |known| &known.asks)
    }

    /// Remembers what a step asks for; true when that is news.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&mut self, growth: Growth) -> io::Result<bool> {
        if self.of(&growth.from, &growth.to) == growth.asks {
            return Ok(false);
        }
        self.known.retain(|known| known.from != growth.from || known.to != growth.to);
        self.known.push(growth);
        self.known.drain(..self.known.len().saturating_sub(KEPT));
        write(&self.path, &Record { schema: SCHEMA, known: self.known.clone() })?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(digit: char) -> Commit {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn growth(to: char, asks: &[&str]) -> Growth {
        Growth { from: commit('a'), to: commit(to), asks: asks.iter().map(|&line| line.to_owned()).collect() }
    }

    #[test]
    fn what_was_learnt_of_a_step_is_known_of_that_step_alone_and_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut growths = Growths::in_folder(folder.path()).unwrap();
        assert!(!growths.remember(growth('b', &[])).unwrap(), "nothing new is no news");
        assert!(growths.remember(growth('b', &["port 25/tcp of the host"])).unwrap());
        let again = Growths::in_folder(folder.path()).unwrap();
        assert_eq!(again.of(&commit('a'), &commit('b')), ["port 25/tcp of the host"]);
        assert!(again.of(&commit('a'), &commit('c')).is_empty() && again.of(&commit('c'), &commit('b')).is_empty());
    }

    #[test]
    fn what_is_known_of_a_step_changes_with_what_it_asks_for_and_does_not_grow_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut growths = Growths::in_folder(folder.path()).unwrap();
        assert!(growths.remember(growth('b', &["secret x"])).unwrap());
        assert!(growths.remember(growth('b', &[])).unwrap(), "it asks for less now");
        assert!(growths.of(&commit('a'), &commit('b')).is_empty());
        for number in 0..250 {
            let to: Commit = format!("{number:040x}").parse().unwrap();
            growths.remember(Growth { to, ..growth('b', &["secret x"]) }).unwrap();
        }
        assert_eq!(Growths::in_folder(folder.path()).unwrap().known.len(), KEPT);
    }
}
