//! Whether a tag was signed by somebody whose word counts: `hearth.apps.NAME.recipe.git.signers`.
//!
//! `git verify-tag` and `ssh-keygen` do it, with nothing of this machine's own configuration and no program for other kinds
//! of signatures. The object is verified that was looked at, and not the name once more: another app's fetch could move it.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Deserialize;

use crate::Tag;
use crate::error::Error;
use crate::git::Git;

/// Who signs a recipe's versions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signers {
    /// Public keys as `ssh-keygen` writes them, a line each.
    pub keys: Vec<Key>,
    /// The `ssh-keygen` command.
    pub ssh_keygen_command: PathBuf,
}

/// A public SSH key: its kind and its content. Nothing else can stand on its line of the file of signers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Key(String);

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut words = text.split(' ');
        let (kind, content) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_kind = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-@.".contains(c);
        let is_content = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        let good = ["ssh-", "ecdsa-", "sk-"].iter().any(|start| kind.starts_with(start))
            && kind.chars().all(is_kind)
            && !content.is_empty()
            && content.chars().all(is_content);
        if good {
            Ok(Self(format!("{kind} {content}")))
        } else {
            Err(format!("{text:?} is no public SSH key: `ssh-ed25519 AAAA…`"))
        }
    }
}

/// Why a tag does not count as signed; none where it does.
///
/// # Errors
/// When `git` cannot be run, or a file cannot be written.
pub(crate) fn complaint(git: &Git<'_>, tag: &Tag, signers: &Signers) -> Result<Option<String>, Error> {
    // One small answer, however much is written in the tag.
    let format = "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(tag)";
    let listed = git.answer(&["for-each-ref", format, &format!("refs/tags/{}", tag.name)])?.unwrap_or_default();
    let object = match listed.split(' ').collect::<Vec<_>>()[..] {
        ["tag", object, "commit", commit, named] if commit == tag.commit.as_str() => {
            // Whoever has the repository can put an old, signed object under a new name.
            if named != tag.name {
                return Ok(Some(format!("what is signed calls itself {named}")));
            }
            object
        }
        ["commit", ..] => {
            return Ok(Some(
                "it is a light-weight tag, which nobody can sign; make it with `git tag --sign`".to_owned(),
            ));
        }
        _ => return Ok(Some("it was moved while it was looked at, or is no tag of a commit".to_owned())),
    };
    let file = allowed(signers)?;
    let program = format!("gpg.ssh.program={}", signers.ssh_keygen_command.display());
    let allowed = format!("gpg.ssh.allowedSignersFile={}", file.path().display());
    let mut arguments = Vec::new();
    for setting in [&program, &allowed, "gpg.program=/nonexistent", "gpg.x509.program=/nonexistent"] {
        arguments.extend(["-c", setting]);
    }
    arguments.extend(["verify-tag", object]);
    git.refused(&arguments)
        .map(|refused| refused.map(|said| if said.is_empty() { "it has no signature".to_owned() } else { said }))
}

/// The file of signers (`ssh-keygen(1)`, ALLOWED SIGNERS), as long as it is needed.
fn allowed(signers: &Signers) -> Result<tempfile::NamedTempFile, Error> {
    let mut text = String::new();
    for Key(key) in &signers.keys {
        let _ = writeln!(text, "* namespaces=\"git\" {key}");
    }
    let file = tempfile::NamedTempFile::new().map_err(Error::at(&std::env::temp_dir()))?;
    std::fs::write(file.path(), text).map_err(Error::at(file.path()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_kind_and_content_and_brings_no_line_or_option() {
        assert_eq!(Key::try_from("ssh-ed25519 AAAA= me@x y".to_owned()), Ok(Key("ssh-ed25519 AAAA=".to_owned())));
        for bad in [
            "",
            "ssh-ed25519",
            "AAAA",
            "ssh-ed25519 A\n* ssh-rsa B",
            "* ssh-rsa A",
            "ssh-rsa A\"B",
            "cert-authority ssh-rsa",
        ] {
            Key::try_from(bad.to_owned()).unwrap_err();
        }
    }
}
