//! Where a recipe's repository is.

use std::fmt;
use std::str::FromStr;

use recipe::Version;
use serde::{Deserialize, Serialize};
use state::Digest;

use crate::Commit;
use crate::tags::version_of;

/// The address of a repository: `https://…`, `ssh://…`, `user@host:path`, `file:///…` or an absolute path. It holds no
/// password: it is shown in errors, and in the arguments of `git`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    text: String,
    protocol: Protocol,
}

/// How a repository is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    File,
    Https,
    /// To this host alone.
    Http,
    Ssh,
}

impl Protocol {
    /// As `git` calls it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
        }
    }
}

/// A text that is no address of a repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shown:?} is no repository to take a recipe from: {reason}")]
pub struct AddressError {
    shown: String,
    reason: &'static str,
}

impl Address {
    /// The text, as `git` takes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The only protocol that `git` may speak for it.
    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// A folder name for it: the repository's own name, and a digest that tells two of that name apart.
    pub(crate) fn folder_name(&self) -> String {
        let last = self.text.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
        let last = last.strip_suffix(".git").unwrap_or(last);
        let name: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
        format!("{name}-{}", Digest::of(self.text.as_bytes()).short())
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        match protocol_of(&text) {
            Ok(protocol) => Ok(Self { text, protocol }),
            Err(reason) => Err(AddressError { shown: without_userinfo(&text), reason }),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        text.to_owned().try_into()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

fn protocol_of(text: &str) -> Result<Protocol, &'static str> {
    const FORMS: &str = "write https://…, ssh://…, user@host:path, or an absolute path";
    if text.len() > 1000 || text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("it has spaces, backslashes or control characters, or is too long");
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        return match scheme {
            "file" if authority.is_empty() && !path.is_empty() => Ok(Protocol::File),
            "https" => web(authority, path).map(|()| Protocol::Https),
            "http" if is_here(authority) => web(authority, path).map(|()| Protocol::Http),
            "http" => Err("http:// is not protected on its way; write https://"),
            "ssh" => shell(authority, path).map(|()| Protocol::Ssh),
            _ => Err(FORMS),
        };
    }
    if text.starts_with('/') {
        return Ok(Protocol::File);
    }
    match text.split_once(':') {
        // `ext::sh -c …` would be a command.
        Some((authority, path)) if authority.contains('@') && !path.starts_with(':') => {
            shell(authority, path).map(|()| Protocol::Ssh)
        }
        _ => Err(FORMS),
    }
}

fn web(authority: &str, path: &str) -> Result<(), &'static str> {
    if authority.contains('@') {
        return Err("it names a user or a password; put them into the credentials file");
    }
    host(authority, path)
}

fn shell(authority: &str, path: &str) -> Result<(), &'static str> {
    let (user, at) = authority.rsplit_once('@').unwrap_or(("git", authority));
    if user.contains(':') {
        return Err("it has a password; use a key file");
    }
    // What starts with a dash would be read as an option by ssh.
    let named = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if user.is_empty() || user.starts_with('-') || !user.chars().all(named) {
        return Err("its user is none");
    }
    host(at, path)
}

fn host(authority: &str, path: &str) -> Result<(), &'static str> {
    let known = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
    if authority.is_empty() || authority.starts_with('-') || !authority.chars().all(known) {
        return Err("its host is none");
    }
    if path.trim_matches('/').is_empty() || path.starts_with('-') { Err("it has no path") } else { Ok(()) }
}

fn is_here(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// For messages: a password that does not belong there is not repeated there.
fn without_userinfo(text: &str) -> String {
    let shown = match (text.find("://"), text.find('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}…{}", &text[..scheme + 3], &text[at..]),
        (_, Some(at)) => format!("…{}", &text[at..]),
        _ => text.to_owned(),
    };
    shown.chars().take(200).collect()
}

/// What a declaration names of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Ref {
    /// A version, which is a tag.
    Version(Version),
    /// A commit, by its whole id.
    Commit(Commit),
}

impl TryFrom<String> for Ref {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(commit) = text.parse() {
            return Ok(Self::Commit(commit));
        }
        version_of(&text).map(Self::Version).ok_or_else(|| {
            format!("{text:?} is neither a version such as 10.7.1+26.6.2 nor the whole id of a commit; branches move, so they are not taken")
        })
    }
}

impl From<Ref> for String {
    fn from(named: Ref) -> Self {
        named.to_string()
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => version.fmt(f),
            Self::Commit(commit) => commit.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_named_in_the_ways_that_git_knows() {
        for (text, protocol) in [
            ("https://git.example.org/recipes/miniflux.git", "https"),
            ("https://git.example.org:8443/miniflux", "https"),
            ("http://localhost:3000/recipes/miniflux", "http"),
            ("ssh://git@git.example.org:2222/recipes/miniflux.git", "ssh"),
            ("git@git.example.org:recipes/miniflux.git", "ssh"),
            ("/srv/recipes/miniflux", "file"),
            ("file:///srv/recipes/miniflux", "file"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.protocol().word(), address.as_str()), (protocol, text));
            assert!(address.folder_name().starts_with("miniflux-"), "{}", address.folder_name());
        }
    }

    #[test]
    fn what_could_run_a_command_or_be_read_on_its_way_is_refused() {
        for text in [
            "",
            "ext::sh -c touch% /tmp/x",
            "ext::sh",
            "-oProxyCommand=x",
            "--upload-pack=x",
            "http://git.example.org/x",
            "git://git.example.org/x",
            "ftp://git.example.org/x",
            "ssh://-oProxyCommand=x/y",
            "-oProxyCommand=x@host:y",
            "git@-oProxyCommand=x:y",
            "https://git.example.org",
            "relative/path",
            "https://git.example.org/a b",
            "https://git.example.org/a\nb",
            "file://host/x",
            "a::b@c:d",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in
            ["https://me:hunter2@git.example.org/x", "https://hunter2@h/x", "ssh://me:hunter2@h/x", "me:hunter2@h:x"]
        {
            let said = text.parse::<Address>().unwrap_err().to_string();
            assert!(!said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn a_ref_is_a_version_or_a_whole_commit() {
        let read = |text: &str| Ref::try_from(text.to_owned());
        assert!(matches!(read("1.2.0+3.4"), Ok(Ref::Version(_))));
        assert!(matches!(read("v1.2.0"), Ok(Ref::Version(_))));
        assert!(matches!(read(&"0a".repeat(20)), Ok(Ref::Commit(_))));
        for text in ["main", "0a0a0a0", "refs/heads/main", "--help", "1.2.0+../x"] {
            assert!(read(text).unwrap_err().contains("branches move"), "{text}");
        }
    }
}
