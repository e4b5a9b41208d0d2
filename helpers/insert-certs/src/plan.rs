//! What is to be done, decided without doing anything.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use state::Digest;

/// A certificate that was found good, as it is to be served.
#[derive(Clone, Debug)]
pub struct Desired<'a> {
    /// The certificate's name.
    pub name: &'a str,
    /// Twelve digits of the digest of certificate and key.
    pub digest: String,
    /// The digests of the two files' content.
    pub contents: [Digest; 2],
    /// Where the proxy sees the folder.
    pub mounted_at: &'a Path,
    /// What the names of the swarm's secrets begin with.
    pub secret_prefix: &'a str,
}

/// The two halves of a certificate.
pub const KINDS: [&str; 2] = ["crt", "key"];

impl Desired<'_> {
    /// The name of a file in the folder.
    pub fn file(&self, kind: &str) -> String {
        format!("{}-{}.{kind}", self.name, self.digest)
    }

    /// The name of a swarm secret.
    pub fn secret(&self, kind: &str) -> String {
        format!("{}_{kind}_{}", self.secret_prefix, self.digest)
    }

    /// What the proxy reads, in the form of Traefik's
    /// [file provider](https://doc.traefik.io/traefik/https/tls/#user-defined).
    pub fn configuration(&self) -> String {
        let path = |kind| serde_json::Value::from(self.mounted_at.join(self.file(kind)).to_string_lossy()).to_string();
        format!(
            "# Written by insert-certs for certificate {}, and replaced as a whole when that changes.\n\
             tls:\n  certificates:\n    - certFile: {}\n      keyFile: {}\n",
            self.name,
            path("crt"),
            path("key")
        )
    }
}

/// What is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// What the proxy reads now.
    pub configuration: Option<String>,
    /// The certificate's files in the folder, with the digests of their content.
    pub files: BTreeMap<String, Digest>,
    /// The names of the certificate's secrets in the swarm.
    pub secrets: Vec<String>,
}

/// One thing to do. Each may be done again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write the certificate or the key into the folder.
    WriteFile(&'static str),
    /// Tell the proxy.
    WriteConfiguration,
    /// Put the certificate or the key into the swarm.
    CreateSecret(&'static str),
    /// Remove a secret that no service uses.
    RetireSecret(String),
    /// Remove a file that the proxy has left behind.
    RemoveFile(String),
}

/// What has to be done, in this order: the files before the configuration that names them, old things last.
pub fn plan(desired: &Desired<'_>, observed: &Observed) -> Vec<Step> {
    let mut steps = Vec::new();
    for (kind, content) in KINDS.into_iter().zip(&desired.contents) {
        if observed.files.get(&desired.file(kind)) != Some(content) {
            steps.push(Step::WriteFile(kind));
        }
    }
    let configured = observed.configuration.as_ref() == Some(&desired.configuration());
    if !configured {
        steps.push(Step::WriteConfiguration);
    }
    for kind in KINDS {
        if !observed.secrets.contains(&desired.secret(kind)) {
            steps.push(Step::CreateSecret(kind));
        }
    }
    let is_desired = |name: &String, of: &dyn Fn(&str) -> String| KINDS.iter().any(|kind| of(kind) == *name);
    let old = observed.secrets.iter().filter(|name| !is_desired(name, &|kind| desired.secret(kind)));
    steps.extend(old.cloned().map(Step::RetireSecret));
    if !configured {
        // The proxy may be reading the files of the certificate before: those stay until the next change.
        let before = observed.configuration.as_deref().unwrap_or_default();
        let old = observed.files.keys().filter(|name| !is_desired(name, &|kind| desired.file(kind)));
        steps.extend(old.filter(|name| !before.contains(*name)).cloned().map(Step::RemoveFile));
    }
    steps
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = |kind: &str| if kind == "crt" { "the certificate" } else { "the key" };
        match self {
            Self::WriteFile(kind) => write!(f, "write {} into the proxy's folder", what(kind)),
            Self::WriteConfiguration => f.write_str("tell the proxy"),
            Self::CreateSecret(kind) => write!(f, "put {} into the swarm", what(kind)),
            Self::RetireSecret(name) => write!(f, "remove swarm secret {name} unless a service uses it"),
            Self::RemoveFile(name) => write!(f, "remove {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn desired(digest: &str) -> Desired<'static> {
        Desired {
            name: "example",
            digest: digest.to_owned(),
            contents: KINDS.map(|kind| Digest::of(format!("{digest}{kind}").as_bytes())),
            mounted_at: Path::new("/certificates"),
            secret_prefix: "hearth_cert_example",
        }
    }

    /// What is there after a step.
    fn taken(step: &Step, desired: &Desired<'_>, observed: &mut Observed) {
        match step {
            Step::WriteFile(kind) => {
                let content = desired.contents[usize::from(*kind == "key")].clone();
                observed.files.insert(desired.file(kind), content);
            }
            Step::WriteConfiguration => observed.configuration = Some(desired.configuration()),
            Step::CreateSecret(kind) => observed.secrets.push(desired.secret(kind)),
            Step::RetireSecret(name) => observed.secrets.retain(|secret| secret != name),
            Step::RemoveFile(name) => drop(observed.files.remove(name)),
        }
    }

    fn all_taken(desired: &Desired<'_>, observed: &mut Observed) -> Vec<Step> {
        let steps = plan(desired, observed);
        for step in &steps {
            taken(step, desired, observed);
        }
        steps
    }

    #[test]
    fn the_first_certificate_is_written_before_the_proxy_is_told() {
        let steps = all_taken(&desired("aaaaaaaaaaaa"), &mut Observed::default());
        assert_eq!(
            steps,
            [
                Step::WriteFile("crt"),
                Step::WriteFile("key"),
                Step::WriteConfiguration,
                Step::CreateSecret("crt"),
                Step::CreateSecret("key")
            ]
        );
    }

    #[test]
    fn the_files_of_the_certificate_before_stay_until_the_next_change() {
        let mut observed = Observed::default();
        for digest in ["aaaaaaaaaaaa", "bbbbbbbbbbbb"] {
            all_taken(&desired(digest), &mut observed);
        }
        assert!(observed.files.contains_key("example-aaaaaaaaaaaa.key"));
        all_taken(&desired("cccccccccccc"), &mut observed);
        let left: Vec<_> = observed.files.keys().map(String::as_str).collect();
        assert_eq!(
            left,
            [
                "example-bbbbbbbbbbbb.crt",
                "example-bbbbbbbbbbbb.key",
                "example-cccccccccccc.crt",
                "example-cccccccccccc.key"
            ]
        );
        assert_eq!(observed.secrets, ["hearth_cert_example_crt_cccccccccccc", "hearth_cert_example_key_cccccccccccc"]);
    }

    #[test]
    fn a_file_that_somebody_changed_is_written_again() {
        let mut observed = Observed::default();
        all_taken(&desired("aaaaaaaaaaaa"), &mut observed);
        observed.files.insert("example-aaaaaaaaaaaa.key".to_owned(), Digest::of(b"else"));
        assert_eq!(plan(&desired("aaaaaaaaaaaa"), &observed), [Step::WriteFile("key")]);
    }

    #[test]
    fn the_proxy_is_told_what_traefik_reads() {
        assert_eq!(
            desired("aaaaaaaaaaaa").configuration().lines().skip(1).collect::<Vec<_>>(),
            [
                "tls:",
                "  certificates:",
                "    - certFile: \"/certificates/example-aaaaaaaaaaaa.crt\"",
                "      keyFile: \"/certificates/example-aaaaaaaaaaaa.key\""
            ]
        );
    }

    proptest! {
        /// Whatever is there and wherever a run is cut off: the next one ends with the certificate served, the one after
        /// that finds nothing to do, and what the proxy is told of is always there.
        #[test]
        fn a_second_plan_is_empty(
            before in prop::collection::vec(prop::sample::select(&["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"][..]), 0..4),
            cut in 0..8_usize,
        ) {
            let mut observed = Observed::default();
            for digest in &before {
                let desired = desired(digest);
                for step in plan(&desired, &observed).iter().take(cut) {
                    taken(step, &desired, &mut observed);
                    for named in ["crt", "key"] {
                        let told = observed.configuration.clone().unwrap_or_default();
                        let file = told.split(['/', '"']).find(|word| word.ends_with(named));
                        prop_assert!(file.is_none_or(|file| observed.files.contains_key(file)), "{file:?}");
                    }
                }
            }
            let last = desired("cccccccccccc");
            all_taken(&last, &mut observed);
            prop_assert_eq!(plan(&last, &observed), []);
            prop_assert_eq!(observed.configuration, Some(last.configuration()));
            prop_assert_eq!(observed.secrets.len(), 2);
        }
    }
}
