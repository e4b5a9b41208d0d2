//! What comes to the door from outside: a key's forced command, and requests through the socket.
//!
//! What is taken is held against a second reading that has nothing in common with the parser, and what a job would pull
//! and start against a list of all that is declared.

use std::sync::OnceLock;

use deploy_app::caller::Users;
use deploy_app::manifest::Manifest;
use deploy_app::request::{self, Request};
use deploy_app::serve::judge;
use deploy_app::words::{Refusal, Target};
use regex::bytes::Regex;

/// A parser of commands: the one that is used, or one with a bug.
pub type Parser = fn(&[u8]) -> Result<Target, Refusal>;

/// The number of the user that keys log in as.
const SSH_USER: u32 = 900;
/// A user who may deploy to test alone.
const RUNNER: u32 = 901;

struct Known;

impl Users for Known {
    fn number(&self, name: &str) -> Option<u32> {
        match name {
            "deploy" => Some(SSH_USER),
            "runner" => Some(RUNNER),
            _ => None,
        }
    }

    fn name(&self, _: u32) -> Option<String> {
        None
    }
}

/// Forced commands.
///
/// # Panics
/// When one is taken that should not be, or refused without a word that helps.
pub fn command(bytes: &[u8]) {
    if let Err(defect) = examine(bytes, Target::parse) {
        panic!("{defect}");
    }
}

/// Requests through the socket, with the token that follows.
///
/// # Panics
/// When one is taken that should not be, or refused without a word that helps.
pub fn request(bytes: &[u8]) {
    if let Err(defect) = examine_request(bytes) {
        panic!("{defect}");
    }
}

/// Holds what a parser makes of a command against the second reading.
///
/// # Errors
/// What is wrong with it.
pub fn examine(bytes: &[u8], parse: Parser) -> Result<(), String> {
    let target = match parse(bytes) {
        Ok(target) => target,
        Err(refusal) if is_good(bytes) => return Err(format!("a good command was refused: {refusal}")),
        Err(refusal) => return helps(&refusal.to_string()),
    };
    if !is_good(bytes) || target.to_string().as_bytes() != bytes {
        return Err(format!("`{}` was taken for `{target}`", bytes.escape_ascii()));
    }
    for (uid, key) in [(SSH_USER, Some("ci")), (SSH_USER, Some("branch")), (SSH_USER, None), (RUNNER, None), (0, None)]
    {
        let request = Request { command: target.to_string(), key: key.map(str::to_owned), digest: None, token: false };
        examine_job(&target, uid, &request)?;
    }
    Ok(())
}

fn examine_request(bytes: &[u8]) -> Result<(), String> {
    let mut rest = bytes;
    let (request, target) = match Request::read(&mut rest) {
        Ok(read) => read,
        Err(error) => return helps(&error.to_string()),
    };
    examine(request.command.as_bytes(), Target::parse)?;
    for uid in [SSH_USER, RUNNER] {
        examine_job(&target, uid, &request)?;
    }
    // Whatever follows is a token or is refused, and is in no error.
    match request::token(&mut rest) {
        Ok(_) => Ok(()),
        Err(error) => helps(&error.to_string()),
    }
}

/// What a request leads to is one of the few things that are declared, for who asks.
fn examine_job(target: &Target, uid: u32, request: &Request) -> Result<(), String> {
    let job = match judge(manifest(), uid, request, target.clone(), &Known) {
        Ok(job) => job,
        Err(denied) => return helps(&denied.to_string()),
    };
    let asked = (target.app.as_str(), target.environment.as_str());
    let allowed = match (uid, request.key.as_deref()) {
        (0, None) | (SSH_USER, Some("ci")) => matches!(asked, ("shop", "prod" | "test")),
        (SSH_USER, Some("branch")) | (RUNNER, None) => asked == ("shop", "test"),
        _ => false,
    };
    let unit = format!("hearth-app-shop-{}.service", asked.1);
    let image = format!("registry.example.org/shop:{}", target.tag.as_str());
    let folder = format!("/var/lib/hearth/apps/shop-{}", asked.1);
    let exact = request.digest.is_none() || uid == 0;
    if allowed
        && exact
        && job.environment.unit() == unit
        && job.reference() == image
        && job.environment.state_folder.as_os_str() == folder.as_str()
    {
        return Ok(());
    }
    Err(format!("{uid} with key {:?} would pull {} and start {}", request.key, job.reference(), job.environment.unit()))
}

/// A refusal is one short line of printable text that says that nothing was done, or how to ask.
fn helps(said: &str) -> Result<(), String> {
    let is_line = said.len() < 1000 && !said.chars().any(char::is_control);
    let says = said.contains("othing was done") || said.contains("ask with APP ENVIRONMENT TAG");
    if is_line && says { Ok(()) } else { Err(format!("no refusal that helps: {}", said.escape_debug())) }
}

fn is_good(bytes: &[u8]) -> bool {
    static GOOD: OnceLock<Regex> = OnceLock::new();
    let good = GOOD.get_or_init(|| {
        let word = "[a-z0-9][-a-z0-9]{0,49}";
        let pattern = format!(r"(?-u)\A{word} {word} [A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}\z");
        Regex::new(&pattern).unwrap_or_else(|error| panic!("{error}"))
    });
    // The longest good one has 230 bytes; an expression that is not optimised takes its time over more.
    bytes.len() <= 230 && good.is_match(bytes)
}

fn manifest() -> &'static Manifest {
    static MANIFEST: OnceLock<Manifest> = OnceLock::new();
    MANIFEST.get_or_init(|| {
        let environment = |name: &str, keys: &str, users: &str| {
            format!(
                r#"{{"app":"shop","environment":"{name}","name":"shop-{name}","stateFolder":"/var/lib/hearth/apps/shop-{name}",
                "image":"registry.example.org/shop","labels":{{}},"cosignKeys":[],"keys":{keys},"users":{users}}}"#
            )
        };
        let text = format!(
            r#"{{"socket":"/s","queueFolder":"/q","dockerSocket":"/d","dockerConfigFolder":"/c","engineFolder":"/e","systemctlCommand":"/s",
            "journalctlCommand":"/j","sshUser":"deploy","environments":[{},{}]}}"#,
            environment("prod", r#"["ci"]"#, "[]"),
            environment("test", r#"["ci","branch"]"#, r#"["runner"]"#),
        );
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}"))
    })
}
