//! What must hold before a deploy counts, as it is declared.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use probe::Url;
use serde::{Deserialize, Deserializer};

/// What must hold before a deploy counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gate {
    /// How long all services may take to run and be healthy.
    pub converge_seconds: u64,
    /// For how long they must then stay so.
    pub healthy_seconds: u64,
    /// How many tasks of one service may fail before the deploy counts as failed.
    pub restart_limit: usize,
    /// A request that must be answered through the proxy.
    pub probe: Option<Probe>,
    /// How long a certificate that is new may take until the proxy shows it.
    #[serde(default)]
    pub certificate_seconds: u64,
    /// More such requests, which a new version must answer.
    #[serde(default)]
    pub smoke: Vec<Smoke>,
    /// Pages that are loaded as a browser would.
    #[serde(default)]
    pub audit: Option<Audit>,
    /// How long a new version is watched before it counts.
    #[serde(default)]
    pub watch: Option<Watch>,
    /// How its migrations are tried before anything is touched.
    #[serde(default)]
    pub migrations: Option<check_migrations::Declared>,
}

impl Gate {
    /// [`Gate::converge_seconds`] as a duration.
    pub fn converge(&self) -> Duration {
        Duration::from_secs(self.converge_seconds)
    }

    /// [`Gate::healthy_seconds`] as a duration.
    pub fn healthy(&self) -> Duration {
        Duration::from_secs(self.healthy_seconds)
    }

    /// A digest of all that is declared of it, as this version of Hearth reads it: one that reads more of it may judge
    /// otherwise, too.
    pub fn digest(&self) -> String {
        state::Digest::of(format!("{self:?}").as_bytes()).hex()
    }

    /// Checks what types cannot hold.
    pub(super) fn check(&self, app: &str) -> anyhow::Result<()> {
        for smoke in &self.smoke {
            let option = format!("hearth.apps.{app}.gate.smoke.{}", smoke.name);
            for pointer in smoke.expect.json.keys() {
                anyhow::ensure!(
                    pointer.is_empty() || pointer.starts_with('/'),
                    "{option}.json: `{pointer}` is no JSON pointer; one begins with a slash, such as /status"
                );
            }
            anyhow::ensure!(
                smoke.body.is_empty() || !matches!(smoke.method.as_str(), "GET" | "HEAD"),
                "{option}: a request with method {} has no body; set method = \"POST\"",
                smoke.method
            );
        }
        Ok(())
    }
}

/// A request that must be answered through the proxy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probe {
    /// The whole address, `https://…`.
    pub url: String,
    /// The status expected.
    pub status: u16,
    /// Text that the body must contain.
    pub contains: Option<String>,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// An address to connect to instead of the one that the name resolves to.
    pub connect_to: Option<SocketAddr>,
    /// How long it may take until the answer is right.
    pub budget_seconds: u64,
}

/// A declared request, and what its answer must be.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Smoke {
    /// Its name in the declaration.
    pub name: String,
    /// The whole address.
    #[serde(deserialize_with = "url")]
    pub url: Url,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// An address to connect to instead of the one that the name resolves to.
    pub connect_to: Option<SocketAddr>,
    /// `GET`, `POST` and the like.
    pub method: String,
    /// Headers that are no secret.
    pub headers: BTreeMap<String, String>,
    /// Headers that are.
    pub credentials: Credentials,
    /// What is sent.
    pub body: String,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Hosts beside that of `url` that a redirect may lead to: the app's own.
    #[serde(default)]
    pub redirect_hosts: Vec<String>,
    /// What the answer must be.
    pub expect: Expect,
    /// How long it may take until the answer is right.
    pub budget_seconds: u64,
}

/// What an answer must be.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expect {
    /// Its status.
    pub status: u16,
    /// Text in its body.
    pub contains: Option<String>,
    /// Text that is not in its body.
    pub lacks: Option<String>,
    /// Text in the value of each of these headers; null where there must be none.
    pub headers: BTreeMap<String, Option<String>>,
    /// What stands at each of these JSON pointers into its body.
    pub json: BTreeMap<String, serde_json::Value>,
}

/// Secrets that are sent, each in a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// A name and a password.
    pub basic_auth: Option<BasicAuth>,
    /// A token.
    pub bearer_file: Option<PathBuf>,
    /// Whole values of headers.
    pub header_files: BTreeMap<String, PathBuf>,
}

/// A name and a password.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BasicAuth {
    /// The name.
    pub username: String,
    /// The file with the password.
    pub password_file: PathBuf,
}

/// Pages that are loaded as a browser would.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Audit {
    /// Their addresses.
    #[serde(deserialize_with = "urls")]
    pub pages: Vec<Url>,
    /// Other origins whose files are asked for too.
    pub origins: Vec<String>,
    /// How references that are passed over begin.
    pub ignore: Vec<String>,
    /// What the pages are asked with.
    pub credentials: Credentials,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// An address to connect to instead of the one that the app's name resolves to.
    pub connect_to: Option<SocketAddr>,
    /// How long it may take until nothing is found.
    pub budget_seconds: u64,
}

/// How long a new version is watched before it counts.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Watch {
    /// For how long.
    pub seconds: u64,
    /// How long it is left alone between two looks.
    pub every_seconds: u64,
    /// How many tasks of one service may fail meanwhile before the deploy counts as failed.
    pub restart_limit: usize,
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    parse(&String::deserialize(deserializer)?)
}

fn urls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Url>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| parse(text)).collect()
}

fn parse<E: serde::de::Error>(text: &str) -> Result<Url, E> {
    let url = Url::parse(text).map_err(|error| E::custom(format!("`{text}` is no address: {error}")))?;
    if matches!(url.scheme(), "https" | "http") && url.host_str().is_some() {
        Ok(url)
    } else {
        Err(E::custom(format!("`{text}` is no address of the web: it begins with https:// and a name")))
    }
}
