//! What units are told after a run, and when they are told again.

mod common;

use common::{Host, refuse, systemd};

#[test]
fn units_that_could_not_be_told_are_told_by_the_next_run() {
    let host = Host::new();
    host.ends_with(10, "nine.json");
    let systemctl = host.read("systemctl");
    std::fs::write(host.path("systemctl"), "#!/bin/sh\nexit 4\n").unwrap();
    host.edit("rotated.json", |_| ());
    let said = host.ends_with(1, "rotated.json");
    assert!(said.contains("these units still use the old ones"), "{said}");
    assert_eq!(host.read("run/secrets/token"), "canary-4-rotated");
    std::fs::write(host.path("systemctl"), systemctl).unwrap();
    host.ends_with(10, "rotated.json");
    assert!(host.read("systemctl.log").starts_with("--no-block try-restart token.service\n"));
    host.ends_with(0, "rotated.json");
}

#[test]
fn a_unit_that_failed_is_started_with_the_new_content_and_one_that_was_stopped_is_not() {
    let host = Host::new();
    let failed = "token.service|proxy.service) echo failed;; *) echo inactive;;";
    host.ends_with(10, "nine.json");
    systemd(&host, failed, "nothing) ;;");
    host.edit("rotated.json", |manifest| {
        manifest["secrets"][3]["restartUnits"] = ["stopped.service", "token.service"].as_slice().into();
    });
    host.ends_with(10, "rotated.json");
    let told = host.read("systemctl.log");
    // Forgotten first, or systemd would refuse a unit that failed too often.
    for lines in [
        "--no-block try-restart stopped.service\n",
        "reset-failed token.service\n--no-block restart token.service\n",
        "reset-failed proxy.service\n--no-block restart proxy.service\n",
    ] {
        assert!(told.contains(lines), "{lines}{told}");
    }
    host.ends_with(0, "rotated.json");
    assert_eq!(host.read("systemctl.log"), told);
}

#[test]
fn a_unit_that_failed_before_there_was_anything_to_read_is_started_and_no_other_is() {
    let host = Host::new();
    systemd(&host, "token.service) echo failed;; *) echo active;;", "nothing) ;;");
    host.ends_with(10, "nine.json");
    let told = "reset-failed token.service\n--no-block restart token.service\n";
    assert_eq!(host.read("systemctl.log"), told);
    host.ends_with(0, "nine.json");
    assert_eq!(host.read("systemctl.log"), told);
}

#[test]
fn a_unit_that_is_refused_does_not_let_the_others_be_told_again() {
    let host = Host::new();
    host.ends_with(10, "nine.json");
    host.edit("rotated.json", |manifest| {
        manifest["secrets"][3]["restartUnits"] = ["mail.service", "token.service"].as_slice().into();
    });
    refuse(&host, "mail.service) exit 4;;");
    let said = host.ends_with(1, "rotated.json");
    assert!(said.contains("systemctl try-restart mail.service: `mail.service`: ./systemctl ended with"), "{said}");
    let told = host.read("systemctl.log");
    assert!(told.contains("restart token.service\n") && told.contains("reload-or-restart proxy.service\n"), "{told}");
    refuse(&host, "nothing) ;;");
    host.ends_with(10, "rotated.json");
    host.ends_with(0, "rotated.json");
    let told = host.read("systemctl.log");
    for unit in ["token.service", "mail.service", "proxy.service"] {
        assert_eq!(told.matches(unit).count(), 1, "{unit}:\n{told}");
    }
}

#[test]
fn a_unit_that_systemd_does_not_know_is_a_warning_and_keeps_no_other_from_being_told() {
    let host = Host::new();
    host.ends_with(10, "nine.json");
    host.edit("rotated.json", |manifest| {
        manifest["secrets"][3]["restartUnits"] = ["gone.service", "token.service"].as_slice().into();
    });
    refuse(&host, "gone.service) exit 5;;");
    let said = host.ends_with(10, "rotated.json");
    assert!(said.contains("warning: systemd knows no `gone.service`, so nothing uses the old content"), "{said}");
    assert!(host.read("systemctl.log").contains("try-restart token.service\n"));
    host.ends_with(0, "rotated.json");
}

#[test]
fn the_unit_of_a_secret_that_failed_is_told_by_the_next_run_when_systemd_was_not_there() {
    let host = Host::new();
    host.edit("ten.json", |_| ());
    refuse(&host, "*) exit 1;;");
    let said = host.ends_with(40, "ten.json");
    assert!(said.contains("`hearth-secret-alien.service` could not be told"), "{said}");
    refuse(&host, "nothing) ;;");
    host.ends_with(40, "ten.json");
    host.ends_with(40, "ten.json");
    assert_eq!(host.read("systemctl.log"), "--no-block restart hearth-secret-alien.service\n");
}

#[test]
fn after_a_boot_the_unit_of_a_secret_that_still_fails_is_told_again() {
    let host = Host::new();
    host.edit("ten.json", |_| ());
    host.ends_with(40, "ten.json");
    std::fs::remove_dir_all(host.path("run")).unwrap();
    std::fs::remove_file(host.path("systemctl.log")).unwrap();
    host.ends_with(40, "ten.json");
    assert_eq!(host.read("systemctl.log"), "--no-block restart hearth-secret-alien.service\n");
}
