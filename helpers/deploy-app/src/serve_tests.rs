use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::thread;

use super::*;
use crate::deploy::Pulled;
use crate::frames;

/// A host on which nothing can be done: what is refused never gets to it.
struct Untouched;

impl Host for Untouched {
    fn free(&self) -> anyhow::Result<(u64, PathBuf)> {
        Ok((u64::MAX, PathBuf::new()))
    }

    fn pull(&self, image: &str, _: Option<swarm::Credentials>) -> anyhow::Result<Pulled> {
        anyhow::bail!("{image} was pulled")
    }

    fn registry(
        &self,
        image: &str,
        _: Option<swarm::Credentials>,
    ) -> anyhow::Result<Box<dyn image_signature::Registry>> {
        anyhow::bail!("{image} was asked for")
    }

    fn run(&self, unit: &str, _: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        anyhow::bail!("{unit} was started")
    }
}

/// Of the users `deploy` is 900, `runner` 901, and this process's own `tester`.
struct Known;

impl Users for Known {
    fn number(&self, name: &str) -> Option<u32> {
        match name {
            "deploy" => Some(900),
            "runner" => Some(901),
            "tester" => Some(rustix::process::getuid().as_raw()),
            _ => None,
        }
    }

    fn name(&self, number: u32) -> Option<String> {
        (number == 901).then(|| "runner".to_owned())
    }
}

fn manifest(folder: &Path) -> Manifest {
    let environment = |environment: &str, keys: &str, users: &str| {
        format!(
            r#"{{"app":"shop","environment":"{environment}","name":"shop-{environment}","stateFolder":"/nonexistent",
            "image":"registry.example.org/shop","labels":{{}},"cosignKeys":[],"keys":{keys},"users":{users}}}"#
        )
    };
    let text = format!(
        r#"{{"socket":"/s","queueFolder":"{}","dockerSocket":"/d","dockerConfigFolder":"/c","engineFolder":"/e","systemctlCommand":"/s",
        "journalctlCommand":"/j","sshUser":"deploy","environments":[{},{}]}}"#,
        folder.display(),
        environment("prod", r#"["ci"]"#, r#"["runner","gone"]"#),
        environment("test", r#"["ci","branch"]"#, "[]"),
    );
    serde_json::from_str(&text).unwrap()
}

fn request(key: Option<&str>) -> Request {
    Request { command: String::new(), key: key.map(str::to_owned), digest: None, token: false }
}

fn judged(uid: u32, key: Option<&str>, asked: &str) -> Result<String, String> {
    let manifest = manifest(Path::new("/nonexistent"));
    let job = judge(&manifest, uid, &request(key), Target::parse(asked.as_bytes()).unwrap(), &Known);
    job.map(|job| format!("{} by {}", job.environment.name.as_str(), job.by)).map_err(|error| error.to_string())
}

#[test]
fn keys_users_and_root_deploy_what_is_theirs() {
    assert_eq!(judged(900, Some("ci"), "shop prod 1").unwrap(), "shop-prod by key ci");
    assert_eq!(judged(900, Some("branch"), "shop test 1").unwrap(), "shop-test by key branch");
    assert_eq!(judged(901, None, "shop prod 1").unwrap(), "shop-prod by user runner");
    assert_eq!(judged(0, None, "shop test 1").unwrap(), "shop-test by root");
}

#[test]
fn what_is_not_theirs_and_what_is_not_there_get_the_same_answer_word_for_word() {
    let there = judged(900, Some("branch"), "shop prod 1").unwrap_err();
    let nowhere = judged(900, Some("branch"), "wiki prod 1").unwrap_err();
    assert_eq!(there.replace("shop", "wiki"), nowhere);
    assert_eq!(judged(900, Some("unknown"), "shop prod 1").unwrap_err(), there);
    assert_eq!(judged(901, None, "shop test 1").unwrap_err(), there.replace("prod", "test"));
    assert_eq!(judged(12345, None, "shop prod 1").unwrap_err(), there, "a user that is not there is nobody");
}

#[test]
fn only_the_user_of_the_keys_speaks_for_a_key_and_only_root_names_a_digest() {
    assert!(judged(901, Some("ci"), "shop prod 1").unwrap_err().contains("may speak for a key"));
    assert!(judged(0, Some("ci"), "shop prod 1").unwrap_err().contains("may speak for a key"));
    assert!(judged(900, None, "shop prod 1").unwrap_err().contains("nothing that you may deploy"));
    let manifest = manifest(Path::new("/nonexistent"));
    let digest = crate::words::Digest::try_from(format!("sha256:{}", "a".repeat(64))).unwrap();
    let with_digest = |key: Option<&str>| Request { digest: Some(digest.clone()), ..request(key) };
    let target = || Target::parse(b"shop prod 1").unwrap();
    assert_eq!(judge(&manifest, 900, &with_digest(Some("ci")), target(), &Known), Err(Denied::NoDigest));
    let job = judge(&manifest, 0, &with_digest(None), target(), &Known).unwrap();
    assert_eq!(job.reference(), format!("registry.example.org/shop@{}", digest.as_str()));
}

/// What a client reads that sends this.
fn answered(sent: &str) -> (Vec<String>, Option<u8>) {
    answered_in(tempfile::tempdir().unwrap().path(), sent)
}

/// The same where others may be at the door.
fn answered_in(folder: &Path, sent: &str) -> (Vec<String>, Option<u8>) {
    let mut manifest = manifest(folder);
    manifest.environments[0].users.insert("tester".to_owned());
    let (mut outer, inner) = UnixStream::pair().unwrap();
    outer.write_all(sent.as_bytes()).unwrap();
    outer.shutdown(std::net::Shutdown::Write).unwrap();
    serve(&manifest, &inner, &Known, PATIENCE, || Ok(Untouched)).unwrap();
    drop(inner);
    let mut lines = Vec::new();
    let code = frames::follow(BufReader::new(outer), &mut |line| lines.push(line.to_owned())).unwrap();
    (lines, code)
}

#[test]
fn who_is_at_the_other_end_is_what_the_kernel_says() {
    let ask = Request { command: "shop prod 1".to_owned(), ..request(None) };
    let (lines, code) = answered(&ask.line());
    let last = lines.last().unwrap();
    assert!(last.starts_with("failed: registry.example.org/shop:1 cannot be pulled"), "{lines:?}");
    assert_eq!(code, Some(1));
    let (lines, code) = answered(&Request { key: Some("ci".to_owned()), ..ask }.line());
    assert!(lines[0].starts_with("refused: only the user that keys log in as"), "{lines:?}");
    assert_eq!(code, Some(2));
}

#[test]
fn a_refusal_says_why_and_a_token_is_in_no_answer() {
    let ask = Request { command: "shop prod 1".to_owned(), token: true, ..request(None) };
    for (sent, says) in [
        ("SHOP\n".to_owned(), "this is no request to the door"),
        (format!("{}canary\u{1}\n", ask.line()), "the registry token is no line"),
        (format!("{}{}\n", ask.line(), "canary".repeat(10_000)), "more than 16384 bytes"),
        (format!("{}canary\n", ask.line()), "cannot be pulled"),
    ] {
        let (lines, code) = answered(&sent);
        let said = lines.join("\n");
        assert!(said.contains(says) && !said.contains("canary") && code != Some(0), "{said}");
    }
}

/// What a client reads that sends this at once and then a byte now and then, for longer than it is waited for.
fn dripped(sent: &str, byte: u8) -> (Vec<String>, Option<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = manifest(folder.path());
    manifest.environments[0].users.insert("tester".to_owned());
    let (outer, inner) = UnixStream::pair().unwrap();
    (&outer).write_all(sent.as_bytes()).unwrap();
    let mut dripping = outer.try_clone().unwrap();
    let dripper = thread::spawn(move || {
        // It ends some time: who waits for each byte anew then reads a request to its end, and has an answer to it.
        for _ in 0..40 {
            if dripping.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let _ = dripping.shutdown(std::net::Shutdown::Write);
    });
    let half = Duration::from_millis(500);
    let patience = Patience { request: half, token: half };
    serve(&manifest, &inner, &Known, patience, || Ok(Untouched)).unwrap();
    drop(inner);
    let mut lines = Vec::new();
    let code = frames::follow(BufReader::new(outer), &mut |line| lines.push(line.to_owned())).unwrap();
    dripper.join().unwrap();
    (lines, code)
}

#[test]
fn who_holds_all_their_places_is_refused_before_a_token_is_read_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let ask = Request { command: "shop prod 1".to_owned(), token: true, ..request(None) };
    let sent = format!("{}canary\u{1}\n", ask.line());
    let by = format!("user {}", rustix::process::getuid().as_raw());
    let hold = |caller: &str| -> Vec<_> {
        std::iter::from_fn(|| crate::places::take(folder.path(), caller).unwrap()).collect()
    };
    let others = hold("key ci");
    let (lines, _) = answered_in(folder.path(), &sent);
    assert!(lines[0].contains("the registry token is no line"), "{lines:?}");
    let own = if rustix::process::getuid().is_root() { hold("root") } else { hold(&by) };
    let (lines, code) = answered_in(folder.path(), &sent);
    assert!(lines[0].contains("has 4 deploys at the door already") && code == Some(2), "{lines:?}");
    assert_eq!((own.len(), others.len()), (PLACES, PLACES));
    drop(own);
    assert!(answered_in(folder.path(), &sent).0[0].contains("the registry token is no line"));
}

#[test]
fn who_sends_a_byte_now_and_then_does_not_keep_the_door() {
    let ask = Request { command: "shop prod 1".to_owned(), token: true, ..request(None) };
    for (sent, what) in [(String::new(), "a request"), (ask.line(), "the registry token")] {
        let (lines, code) = dripped(&sent, b'x');
        let says = format!("refused: {what} did not arrive: it took too long");
        assert!(lines[0].starts_with(&says) && code == Some(2), "{lines:?}");
    }
}
