//! Files that Hearth changed, read by sops: key groups, SSH keys, recipients who came and went, another data key.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use sops::{CreationRule, Document, Format, Identities, KeyPath, OpenDocument, Plaintext, Scalar, Value};

const CLEAR: &str = "# note\na: one\nb:\n    - 1\n    - x: true\n";

fn key(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(format!("TEST-ONLY-{name}"))
}

fn identities(names: &[&str]) -> Identities {
    let mut identities = Identities::default();
    for name in names {
        let file = key(name);
        if name.contains('.') { identities.add_age_file(&file) } else { identities.add_ssh_file(&file) }.unwrap();
    }
    identities
}

fn rule(groups: &[&[&str]]) -> CreationRule {
    let recipient = |name: &&str| identities(&[name]).iter().next().unwrap().recipient().to_owned();
    let mut rule = CreationRule::default();
    for group in groups {
        rule.key_groups.extend(CreationRule::for_recipients(group.iter().map(recipient)).key_groups);
    }
    rule
}

fn new(groups: &[&[&str]], threshold: usize) -> OpenDocument {
    let plain = Plaintext::parse(CLEAR.as_bytes(), Format::Yaml, Path::new("x.yaml")).unwrap();
    let mut rule = rule(groups);
    rule.shamir_threshold = threshold;
    OpenDocument::create(plain, &rule).unwrap()
}

fn changed(by: &[&str], file: &[u8], change: impl FnOnce(&mut OpenDocument)) -> Vec<u8> {
    let document = Document::parse(file, Format::Yaml, Path::new("x.yaml")).unwrap();
    let mut open = document.open(&identities(by)).unwrap();
    change(&mut open);
    written(open)
}

fn written(open: OpenDocument) -> Vec<u8> {
    open.encrypt(SystemTime::now()).unwrap().expose().to_vec()
}

/// How many were read by sops as they should be, and how many were not.
pub fn run(program: &Path) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let reads = |file: &[u8], keys: &[&str]| -> Option<String> {
        let path = folder.path().join("x.yaml");
        std::fs::write(&path, file).unwrap();
        // starts: sops
        let mut sops = Command::new(program);
        sops.arg("decrypt").arg(&path).env("HOME", folder.path()).env("SOPS_DISABLE_VERSION_CHECK", "1");
        let (age, ssh): (Vec<&str>, Vec<&str>) = keys.iter().partition(|name| name.contains('.'));
        let text: Vec<String> = age.iter().map(|name| std::fs::read_to_string(key(name)).unwrap()).collect();
        sops.env("SOPS_AGE_KEY", text.join("\n"));
        if let Some(name) = ssh.first() {
            sops.env("SOPS_AGE_SSH_PRIVATE_KEY_FILE", key(name));
        }
        let output = sops.output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    };
    let groups = written(new(&[&["a.key"], &["b.key"], &["c.key"]], 2));
    let one = written(new(&[&["a.key"]], 0));
    let b = rule(&[&["b.key"]]).key_groups[0][0].1.clone();
    let added = changed(&["a.key"], &one, |open| assert!(open.add_recipient(&b, 0).unwrap()));
    let removed = changed(&["a.key"], &added, |open| assert!(open.remove_recipient(&b).unwrap()));
    let rotated = changed(&["a.key"], &one, |open| open.rotate().unwrap());
    let set = changed(&["a.key"], &one, |open| {
        open.set(&KeyPath::parse("a"), Value::Scalar(Scalar::Str("two".into()))).unwrap();
        open.unset(&KeyPath::parse("b/0")).unwrap();
    });
    let regrouped = changed(&["a.key", "c.key"], &groups, |open| {
        open.add_recipient(&rule(&[&["ed25519"]]).key_groups[0][0].1, 1).unwrap();
    });
    let clear = Some(CLEAR.to_owned());
    let after = Some("# note\na: two\nb:\n    - x: true\n".to_owned());
    let checks = [
        ("two of three key groups", reads(&groups, &["a.key", "c.key"]), clear.clone()),
        ("one of three key groups", reads(&groups, &["b.key"]), None),
        ("groups with a recipient more", reads(&regrouped, &["a.key", "ed25519"]), clear.clone()),
        ("an Ed25519 key of SSH", reads(&written(new(&[&["ed25519"]], 0)), &["ed25519"]), clear.clone()),
        ("an RSA key of SSH", reads(&written(new(&[&["rsa"]], 0)), &["rsa"]), clear.clone()),
        ("a recipient who was added", reads(&added, &["b.key"]), clear.clone()),
        ("a recipient who was removed", reads(&removed, &["b.key"]), None),
        ("the one who stayed", reads(&removed, &["a.key"]), clear.clone()),
        ("another data key", reads(&rotated, &["a.key"]), clear),
        ("a value that was set, and one taken out", reads(&set, &["a.key"]), after),
    ];
    let wrong: Vec<_> = checks.iter().filter(|(_, is, expected)| is != expected).collect();
    for (title, is, _) in &wrong {
        println!("{title}: sops reads {is:?}");
    }
    println!("{} of {} changed files are read by sops as they should be", checks.len() - wrong.len(), checks.len());
    wrong.len()
}
