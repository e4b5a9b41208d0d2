//! A locked key, and a person at a terminal who mistypes its passphrase once.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const HEARTH: &str = env!("CARGO_BIN_EXE_hearth-secrets");
const RECIPIENT: &str = include_str!("../../sops/tests/data/TEST-ONLY-locked-ed25519.pub");

/// What a terminal shows while something is typed into it; `script` of util-linux is the terminal.
fn at_a_terminal(folder: &Path, command: &str, typed: &str) -> String {
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--echo", "never", "--command", command, "/dev/null"])
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("SOPS_AGE_KEY_FILE")
        .env_remove("SOPS_AGE_KEY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script` of bsdutils is needed");
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned()
}

#[test]
fn the_passphrase_of_a_locked_key_is_asked_for_at_the_terminal_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sops/tests/data/TEST-ONLY-locked-ed25519");
    std::fs::write(folder.path().join("x.yaml"), "token: abc\n").unwrap();
    let encrypt = ["encrypt", "--in-place", "--age", RECIPIENT.trim(), "x.yaml"];
    assert!(Command::new(HEARTH).args(encrypt).current_dir(folder.path()).status().unwrap().success());
    let decrypt = format!("{HEARTH} decrypt --ssh-key {} x.yaml", key.display());
    let shown = at_a_terminal(folder.path(), &decrypt, "not that\ntest only\n");
    assert_eq!(shown.matches("Passphrase of").count(), 2, "{shown}");
    assert!(shown.contains("token: abc") && !shown.contains("test only"), "{shown}");
}
