//! What a recipe says a person must do on the way to a version.
//!
//! Co-op Cloud's convention, which `abra` reads before an upgrade: `release/<version>` in the recipe's tree, one file a
//! version. `release/next` is a draft and belongs to none.

use std::collections::BTreeMap;

use crate::git::Repository;
use crate::listing::{Entry, Kind};
use crate::tags::version_of;
use crate::{Commit, Error, Note};

/// The folder.
const FOLDER: &str = "release";
/// How many bytes of one note are shown, and how many files are looked at.
const MAX_BYTES: usize = 16 * 1024;
const MAX_FILES: usize = 500;

/// Reads the notes in trees. Contents are asked for once, however many trees have them.
///
/// # Errors
/// When the repository cannot be read.
pub fn read(repository: &impl Repository, commits: &[&Commit]) -> Result<Vec<Vec<Note>>, Error> {
    let mut trees = Vec::new();
    for commit in commits {
        let entries = repository.tree(commit, &format!("{FOLDER}/"))?;
        trees.push(entries.into_iter().filter(is_note).take(MAX_FILES).collect::<Vec<_>>());
    }
    let wanted: BTreeMap<&str, u64> = trees.iter().flatten().map(|entry| (entry.object.as_str(), entry.size)).collect();
    let objects: Vec<&str> = wanted.keys().copied().collect();
    let contents = repository.contents(&objects, wanted.values().sum())?;
    let texts: BTreeMap<&str, String> = objects.iter().copied().zip(contents.iter().map(|text| shown(text))).collect();
    Ok(trees.iter().map(|entries| entries.iter().filter_map(|entry| note(entry, &texts)).collect()).collect())
}

fn is_note(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::File | Kind::Executable) && entry.size < 1024 * 1024 && named_after(entry).is_some()
}

fn named_after(entry: &Entry) -> Option<recipe::Version> {
    version_of(std::str::from_utf8(&entry.path).ok()?.strip_prefix(FOLDER)?.strip_prefix('/')?)
}

fn note(entry: &Entry, texts: &BTreeMap<&str, String>) -> Option<Note> {
    let text = texts.get(entry.object.as_str()).filter(|text| !text.is_empty())?;
    Some(Note { version: named_after(entry)?, text: text.clone() })
}

/// The text for a person's terminal: without what could steer it, and not without end.
fn shown(content: &[u8]) -> String {
    let cut = &content[..content.len().min(MAX_BYTES)];
    let text = String::from_utf8_lossy(cut);
    let plain = state::plain(&text);
    let more = if cut.len() < content.len() { "\n(there is more in the recipe)" } else { "" };
    format!("{}{more}", plain.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_cannot_steer_a_terminal_or_fill_it() {
        assert_eq!(shown(b"\n Move\x1b[2J the \r\nuploads\x07 \n"), "Move the \nuploads");
        assert_eq!(shown(b" \n\n"), "");
        let long = shown(&vec![b'x'; MAX_BYTES + 1]);
        assert!(long.ends_with("(there is more in the recipe)") && long.len() < MAX_BYTES + 50);
    }
}
