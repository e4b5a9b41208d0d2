//! Where an image's repository is.

use probe::Url;

use crate::Document;

/// Docker Hub's registry, whose name is not that of its images
/// (<https://github.com/distribution/reference/blob/main/normalize.go>).
const HUB: &str = "registry-1.docker.io";

/// The repository of an image, in its registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    base: Url,
    path: String,
}

/// An image's name leads to no registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no registry")]
pub struct NoRepository(String);

impl Repository {
    /// The repository of an image that is named without tag and digest.
    ///
    /// A registry on this very machine (`localhost`, `127.0.0.1`) is spoken to over http, every other over https.
    ///
    /// # Errors
    /// When its name is none.
    pub fn of(image: &str) -> Result<Self, NoRepository> {
        let (host, path) = split(image);
        let base = |scheme| Url::parse(&format!("{scheme}://{host}/v2/{path}/"));
        let none = |_| NoRepository(image.to_owned());
        let over_https = base("https").map_err(none)?;
        let base = if is_local(&over_https) { base("http").map_err(none)? } else { over_https };
        Ok(Self { base, path })
    }

    /// The address of a document.
    pub(crate) fn address(&self, document: &Document) -> Option<Url> {
        // Not by `join` alone, for which `sha256:` would be a scheme; every path begins with a word.
        self.base.join(&document.path()).ok()
    }

    /// What a token for reading is good for.
    pub(crate) fn scope(&self) -> String {
        format!("repository:{}:pull", self.path)
    }

    /// Whether this registry itself is where an address leads.
    pub(crate) fn holds(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Whether something may be sent there: over https, or where this registry is on this machine, to this machine.
    /// An address that has a login in it is not what anybody would send on.
    pub(crate) fn may_lead_to(&self, url: &Url) -> bool {
        let bare = url.username().is_empty() && url.password().is_none();
        let private = url.scheme() == "http" && is_local(url) && is_local(&self.base);
        bare && (url.scheme() == "https" || private)
    }
}

fn split(image: &str) -> (&str, String) {
    match image.split_once('/') {
        Some(("docker.io" | "index.docker.io", path)) => (HUB, of_hub(path)),
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
        _ => (HUB, of_hub(image)),
    }
}

fn of_hub(path: &str) -> String {
    if path.contains('/') { path.to_owned() } else { format!("library/{path}") }
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_name_leads_where_docker_would_go() {
        let tag = Document::Tag("1".to_owned());
        for (image, expected) in [
            ("registry.example.org/team/shop", "https://registry.example.org/v2/team/shop/manifests/1"),
            ("registry.example.org:8443/shop", "https://registry.example.org:8443/v2/shop/manifests/1"),
            ("localhost:5000/hello", "http://localhost:5000/v2/hello/manifests/1"),
            ("127.0.0.2/hello", "http://127.0.0.2/v2/hello/manifests/1"),
            ("nginx", "https://registry-1.docker.io/v2/library/nginx/manifests/1"),
            ("team/shop", "https://registry-1.docker.io/v2/team/shop/manifests/1"),
            ("docker.io/nginx", "https://registry-1.docker.io/v2/library/nginx/manifests/1"),
        ] {
            let repository = Repository::of(image).unwrap();
            assert_eq!(repository.address(&tag), Some(url(expected)), "{image}");
        }
        let digest = crate::Digest::of(b"");
        let blob = Repository::of("a.b/c").unwrap().address(&Document::Blob(digest.clone())).unwrap();
        assert_eq!(blob.as_str(), format!("https://a.b/v2/c/blobs/{digest}"));
        assert!(Repository::of("localhost:x/hello").is_err());
    }

    #[test]
    fn nothing_is_sent_in_clear_but_to_this_machine_by_this_machines_registry() {
        let (far, near) =
            (Repository::of("registry.example.org/shop").unwrap(), Repository::of("localhost:5000/x").unwrap());
        for (address, from_far, from_near) in [
            ("https://storage.example.net/blob", true, true),
            ("http://registry.example.org/v2/", false, false),
            ("http://localhost:5001/token", false, true),
            ("http://[::1]:5001/token", false, true),
            ("http://169.254.169.254/latest", false, false),
            ("https://user:word@registry.example.org/", false, false),
            ("file:///etc/passwd", false, false),
        ] {
            let answers = (far.may_lead_to(&url(address)), near.may_lead_to(&url(address)));
            assert_eq!(answers, (from_far, from_near), "{address}");
        }
        assert!(
            far.holds(&url("https://registry.example.org/v2/"))
                && !far.holds(&url("https://registry.example.org:444/"))
        );
    }
}
