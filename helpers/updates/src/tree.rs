//! What of a commit's tree may be put on this host: checked before a byte of it is written.

use std::collections::BTreeMap;

use crate::listing::{Entry, Kind};
use crate::{Commit, Error};

/// The most files that a tree may have, and their bytes together: what crate `recipe` reads at most.
const MAX_FILES: usize = 2_000;
const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// How many symlinks one path may lead through.
const MAX_LINKS: usize = 16;

/// The files of a tree by their paths, all of which are below the root and none below another.
#[derive(Debug)]
pub struct Checked {
    /// The files and symlinks.
    pub files: BTreeMap<String, Entry>,
    /// What was left out, for a person.
    pub warnings: Vec<String>,
}

impl Checked {
    /// The bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|entry| entry.size).sum()
    }
}

/// Refuses a tree that is too large, or has paths that lead elsewhere. Submodules are left out, and named.
///
/// # Errors
/// [`Error::Tree`], with the path.
pub fn check(commit: &Commit, entries: Vec<Entry>) -> Result<Checked, Error> {
    let refused = |path: &str, reason: String| Error::Tree {
        commit: Box::new(commit.clone()),
        path: path.chars().take(200).collect(),
        reason,
    };
    if entries.len() > MAX_FILES {
        return Err(refused("", format!("it has {} files, {MAX_FILES} are allowed", entries.len())));
    }
    let mut checked = Checked { files: BTreeMap::new(), warnings: Vec::new() };
    for entry in entries {
        let shown = String::from_utf8_lossy(&entry.path).into_owned();
        let path = named(&entry.path).map_err(|reason| refused(&shown, reason.to_owned()))?;
        if entry.kind == Kind::Submodule {
            checked.warnings.push(format!("{path} is a submodule, which is not fetched"));
        } else if checked.files.insert(path.clone(), entry).is_some() {
            return Err(refused(&path, "it is there twice".to_owned()));
        }
    }
    if checked.bytes() > MAX_BYTES {
        return Err(refused("", format!("it has {} bytes, {MAX_BYTES} are allowed", checked.bytes())));
    }
    if let Some(path) = checked.files.keys().find(|path| ancestors(path).any(|above| checked.files.contains_key(above)))
    {
        return Err(refused(path, "it lies below a file".to_owned()));
    }
    Ok(checked)
}

/// A path below the root, of names that any file system takes.
fn named(path: &[u8]) -> Result<String, &'static str> {
    let path = std::str::from_utf8(path).map_err(|_| "its name is not UTF-8")?;
    if path.len() > 1000 || path.chars().any(char::is_control) {
        return Err("its name is too long or has control characters");
    }
    for name in path.split('/') {
        match name {
            "" | "." | ".." => return Err("it leads out of the tree"),
            name if name.eq_ignore_ascii_case(".git") => return Err("it would be a repository within the tree"),
            name if name.len() > 255 => return Err("its name is too long"),
            _ => {}
        }
    }
    Ok(path.to_owned())
}

fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// Refuses symlinks that lead out of the tree, by whatever way. `links` has what each leads to.
///
/// # Errors
/// [`Error::Tree`], with the path.
pub fn check_links(commit: &Commit, links: &BTreeMap<String, String>) -> Result<(), Error> {
    for (path, target) in links {
        if !stays_within(path, links) {
            let reason = format!("it is a symlink to {target:?}, which leads out of the tree or in circles");
            return Err(Error::Tree { commit: Box::new(commit.clone()), path: path.clone(), reason });
        }
    }
    Ok(())
}

/// Follows a path name by name, as the kernel would, from the root of the tree.
fn stays_within(path: &str, links: &BTreeMap<String, String>) -> bool {
    let mut ahead: Vec<&str> = path.rsplit('/').collect();
    let mut here: Vec<&str> = Vec::new();
    let mut followed = 0;
    while let Some(name) = ahead.pop() {
        match name {
            "" | "." => continue,
            ".." => match here.pop() {
                Some(_) => continue,
                None => return false,
            },
            name => here.push(name),
        }
        let Some(target) = links.get(&here.join("/")) else { continue };
        followed += 1;
        if target.is_empty() || target.starts_with('/') || target.contains('\0') || followed > MAX_LINKS {
            return false;
        }
        here.pop();
        ahead.extend(target.rsplit('/'));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit() -> Commit {
        "a".repeat(40).parse().unwrap()
    }

    fn file(path: &str) -> Entry {
        Entry { kind: Kind::File, object: "b".repeat(40), size: 10, path: path.as_bytes().to_vec() }
    }

    fn refusal(entries: Vec<Entry>) -> String {
        check(&commit(), entries).unwrap_err().to_string()
    }

    #[test]
    fn a_tree_of_plain_files_is_taken_and_submodules_are_named() {
        let submodule = Entry { kind: Kind::Submodule, size: 0, ..file("vendor") };
        let checked = check(&commit(), vec![file("compose.yml"), file("release/1.0.0+1"), submodule]).unwrap();
        assert_eq!(checked.files.keys().collect::<Vec<_>>(), ["compose.yml", "release/1.0.0+1"]);
        assert_eq!(checked.warnings, ["vendor is a submodule, which is not fetched"]);
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in
            ["../x", "/etc/passwd", "a/../../x", "a//b", "./x", ".git/hooks/post-checkout", "a/.GIT/config", "a\nb", ""]
        {
            assert!(refusal(vec![file(path)]).contains("the tree is refused"), "{path}");
        }
        let latin = Entry { path: vec![b'a', 0xff], ..file("") };
        assert!(refusal(vec![latin]).contains("not UTF-8"));
    }

    #[test]
    fn a_file_that_is_a_folder_or_there_twice_is_refused() {
        let link = Entry { kind: Kind::Symlink, ..file("a") };
        assert!(refusal(vec![link.clone(), file("a/b")]).contains("below a file"));
        assert!(refusal(vec![link, file("a")]).contains("twice"));
    }

    #[test]
    fn a_tree_that_is_too_large_is_refused() {
        let many = (0..=MAX_FILES).map(|number| file(&number.to_string())).collect();
        assert!(refusal(many).contains("2001 files"));
        assert!(refusal(vec![Entry { size: MAX_BYTES + 1, ..file("x") }]).contains("bytes"));
    }

    #[test]
    fn links_within_the_tree_are_taken_and_others_refused() {
        let refused = |links: &[(&str, &str)]| {
            let links = links.iter().map(|(path, target)| ((*path).to_owned(), (*target).to_owned())).collect();
            check_links(&commit(), &links).is_err()
        };
        assert!(!refused(&[("a", "b/c"), ("d/e", "../a"), ("f", "missing")]));
        for links in [
            &[("a", "/etc/passwd")][..],
            &[("a", "..")],
            &[("a/b", "../../x")],
            &[("a", "b"), ("b", "a")],
            // Each stays within where it is; together they do not.
            &[("d/up", ".."), ("x", "d/up/../y")],
            &[("a", "")],
        ] {
            assert!(refused(links), "{links:?}");
        }
    }
}
