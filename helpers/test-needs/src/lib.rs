//! What a test needs of the machine beside a compiler, and what becomes of the test where that is missing.
//!
//! A sandbox that builds packages has one user, no mounts and few programs. A test that needs more asks here first and
//! returns where it is not there; that it was skipped is printed, also where the output of tests is not. On a machine that
//! has everything `HEARTH_TESTS_MUST_RUN` is set, so that nothing is skipped unseen: there such a test fails.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The variable that forbids skipping.
pub const MUST_RUN: &str = "HEARTH_TESTS_MUST_RUN";

/// Whether files can be given to other users.
///
/// # Panics
/// When they cannot, and skipping is forbidden.
pub fn file_owners() -> bool {
    let given = tempfile::NamedTempFile::new()
        .and_then(|file| std::os::unix::fs::chown(file.path(), Some(65534), Some(65534)).map(|()| file));
    is_met(given.is_ok(), "files cannot be given to other users")
}

/// Whether file systems can be mounted.
///
/// # Panics
/// When they cannot, and skipping is forbidden.
pub fn mounts() -> bool {
    let mounted = tempfile::tempdir().is_ok_and(|folder| {
        // starts: mount umount
        let run = |command: &[&str]| {
            let mut run = Command::new(command[0]);
            run.args(&command[1..]).arg(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            run.status().is_ok_and(|status| status.success())
        };
        // Lazily: a process that another test starts at this moment holds it for an instant.
        run(&["mount", "-t", "tmpfs", "none"]) && run(&["umount", "--lazy"])
    });
    is_met(mounted, "nothing can be mounted")
}

/// Whether this program is there.
///
/// # Panics
/// When it is not, and skipping is forbidden.
pub fn program(name: &str) -> bool {
    is_met(is_in(&std::env::var_os("PATH").unwrap_or_default(), name), format_args!("there is no {name}"))
}

/// Whether a need is met that only the test knows. Where it is not, `otherwise` is printed as the reason.
///
/// # Panics
/// When it is not, and skipping is forbidden.
pub fn is_met(met: bool, otherwise: impl Display) -> bool {
    if !met {
        let (test, must_run) = (std::thread::current(), std::env::var_os(MUST_RUN).is_some());
        let test = test.name().unwrap_or("a test");
        assert!(!must_run, "{test} cannot run: {otherwise}. With {MUST_RUN} set no test may be skipped for that");
        // What `eprintln` prints is kept back while a test passes.
        let _ = writeln!(std::io::stderr(), "skipped: {test}: {otherwise}");
    }
    met
}

fn is_in(path: &OsString, name: &str) -> bool {
    std::env::split_paths(path).any(|folder: std::path::PathBuf| is_executable(&folder.join(name)))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the test `what_is_missing` of this file in a process of its own.
    fn where_something_is_missing(must_run: bool) -> (bool, String) {
        let mut run = Command::new(std::env::current_exe().unwrap());
        run.args(["--exact", "tests::what_is_missing", "--include-ignored"]).env_remove(MUST_RUN);
        if must_run {
            run.env(MUST_RUN, "1");
        }
        let output = run.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    #[test]
    #[ignore = "the other tests run it"]
    fn what_is_missing() {
        assert!(!program("no-such-program"));
    }

    #[test]
    fn a_test_is_skipped_and_says_so() {
        let (passed, said) = where_something_is_missing(false);
        assert!(passed, "{said}");
        assert!(said.contains("skipped: tests::what_is_missing: there is no no-such-program\n"), "{said}");
    }

    #[test]
    fn where_tests_must_run_it_fails() {
        let (passed, said) = where_something_is_missing(true);
        assert!(!passed, "{said}");
        assert!(said.contains("cannot run: there is no no-such-program. With HEARTH_TESTS_MUST_RUN set"), "{said}");
    }

    #[test]
    fn a_program_is_found_where_it_can_be_run() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tool"), "").unwrap();
        let path = folder.path().into();
        assert!(!is_in(&path, "tool") && !is_in(&OsString::new(), "tool"));
        std::fs::set_permissions(folder.path().join("tool"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        assert!(is_in(&path, "tool"));
    }
}
