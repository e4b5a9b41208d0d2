//! What the `git` command prints.

use crate::Commit;

/// A file in a tree, or what stands in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// The object with its content.
    pub object: String,
    /// Its bytes.
    pub size: u64,
    /// Where it lies below the root. Not checked yet.
    pub path: Vec<u8>,
}

/// What lies in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A symlink: its content is where it leads.
    Symlink,
    /// A submodule: a commit of another repository.
    Submodule,
}

/// A line of `for-each-ref`: a tag, and for an annotated one what it stands at.
pub fn tag_of(line: &str) -> Option<(String, Commit)> {
    let mut parts = line.split(' ');
    let name = parts.next()?.strip_prefix("refs/tags/")?;
    let (kind, object, of, at) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let commit = match (kind, of) {
        ("commit", _) => object,
        ("tag", "commit") => at,
        _ => return None,
    };
    Some((name.to_owned(), commit.parse().ok()?))
}

/// `MODE TYPE OBJECT SIZE<tab>PATH`.
pub fn entry_of(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let head = std::str::from_utf8(&line[..tab]).ok()?;
    let mut parts = head.split_ascii_whitespace();
    let (mode, _, object, size) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let kind = match mode {
        "120000" => Kind::Symlink,
        "160000" => Kind::Submodule,
        "100755" => Kind::Executable,
        _ => Kind::File,
    };
    let size = if kind == Kind::Submodule { 0 } else { size.parse().ok()? };
    Some(Entry { kind, object: object.to_owned(), size, path: line[tab + 1..].to_vec() })
}

/// `OBJECT blob SIZE<newline>CONTENT<newline>`.
pub fn content_of(rest: &mut &[u8], object: &str) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&rest[..end]).ok()?;
    let size: usize = head.strip_prefix(object)?.strip_prefix(" blob ")?.parse().ok()?;
    let content = rest.get(end + 1..end + 1 + size)?.to_vec();
    *rest = rest.get(end + 2 + size..)?;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789012345678901234567890123456789";

    #[test]
    fn lines_of_git_are_read_and_what_is_no_commit_is_left_out() {
        let at = |line: &str| tag_of(line).map(|(name, commit)| (name, commit.to_string()));
        assert_eq!(at(&format!("refs/tags/1.0.0+1 commit {ID}  ")), Some(("1.0.0+1".to_owned(), ID.to_owned())));
        let other = "f".repeat(40);
        assert_eq!(at(&format!("refs/tags/a tag {other} commit {ID}")), Some(("a".to_owned(), ID.to_owned())));
        assert_eq!(at(&format!("refs/tags/a blob {ID}  ")), None);
        assert_eq!(at(&format!("refs/tags/a tag {ID} tag {ID}")), None);
        assert_eq!(at("refs/tags/a commit short  "), None);
        let entry = entry_of(format!("100644 blob {ID}      12\ta b\tc").as_bytes()).unwrap();
        assert_eq!((entry.kind, entry.size, entry.path.as_slice()), (Kind::File, 12, &b"a b\tc"[..]));
        assert_eq!(entry_of(format!("160000 commit {ID}       -\tsub").as_bytes()).unwrap().kind, Kind::Submodule);
    }

    #[test]
    fn contents_are_cut_by_their_length_not_by_lines() {
        let output = format!("{ID} blob 5\na\nb\nc\n{ID} blob 0\n\n{ID} missing\n");
        let mut rest = output.as_bytes();
        assert_eq!(content_of(&mut rest, ID).unwrap(), b"a\nb\nc");
        assert_eq!(content_of(&mut rest, ID).unwrap(), b"");
        assert_eq!(content_of(&mut rest, ID), None);
    }
}
