//! What lies in the file system after a run. The fixtures are those of the command line's examples.

mod common;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

use common::{Host, files, refuse};

#[test]
fn values_are_rendered_as_they_are_with_the_mode_asked_for() {
    let host = Host::new();
    host.ends_with(10, "nine.json");
    for (name, content) in [
        ("wiki/password", "canary-1-wiki"),
        ("port", "8443"),
        ("enabled", "true"),
        ("umlaut", "canary-6-käse"),
        ("quoted", "canary-7 \"$x\" \\"),
        ("certificate", "-----BEGIN CERTIFICATE-----\ncanary-5\n-----END CERTIFICATE-----\n"),
        ("templates/mail.env", "PASSWORD=canary-3-mail\nTOKEN=canary-4-token\n"),
    ] {
        assert_eq!(host.read(&format!("run/secrets/{name}")), content);
    }
    assert_eq!(host.mode("run/secrets/port"), 0o400);
    assert_eq!(host.mode("run/secrets/certificate"), 0o440);
    assert_eq!(host.mode("run/secrets/wiki"), 0o751);
    assert_eq!(host.mode("run/secrets"), 0o751);
    assert_eq!(host.read("etc/mail-password"), "canary-3-mail");
    assert!(host.path("etc/mail-password").is_symlink());
}

#[test]
fn a_secret_stands_nowhere_but_in_its_files() {
    let host = Host::new();
    let mut said = host.ends_with(10, "nine.json");
    host.edit("rotated.json", |_| ());
    said += &host.ends_with(10, "rotated.json");
    host.edit("tampered.json", |_| ());
    said += &host.ends_with(1, "tampered.json");
    assert!(!said.contains("canary"), "{said}");
    for path in files(host.0.path()) {
        let rendered = path.starts_with(host.path("run/secrets.d"));
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let planted_in_clear = path.ends_with("clear.yaml") || path.ends_with("rule.yaml");
        assert!(rendered || planted_in_clear || !text.contains("canary"), "{}", path.display());
    }
}

#[test]
fn nothing_is_written_when_nothing_differs() {
    let host = Host::new();
    host.ends_with(10, "nine.json");
    let before = std::fs::metadata(host.path("run/secrets.d")).unwrap();
    let link = std::fs::symlink_metadata(host.path("run/secrets")).unwrap();
    host.ends_with(0, "nine.json");
    assert_eq!(std::fs::metadata(host.path("run/secrets.d")).unwrap().mtime_nsec(), before.mtime_nsec());
    assert_eq!(std::fs::symlink_metadata(host.path("run/secrets")).unwrap().ino(), link.ino());
    assert_eq!(host.generations(), ["1"]);
}

#[test]
fn of_ten_secrets_nine_are_rendered_and_the_tenth_keeps_what_it_had() {
    let host = Host::new();
    host.edit("ten.json", |_| ());
    let said = host.ends_with(40, "ten.json");
    assert!(said.contains("it has no content; the other 9 secrets were rendered"), "{said}");
    assert_eq!(host.read("run/secrets/port"), "8443");
    assert!(!host.path("run/secrets/alien").exists());

    host.edit("json.json", |_| ());
    host.ends_with(10, "json.json");
    assert_eq!(host.read("run/secrets/alien"), "canary-8-api");

    host.edit("ten.json", |manifest| manifest["secrets"][3]["file"] = "rotated.yaml".into());
    let said = host.ends_with(40, "ten.json");
    assert!(said.contains("it keeps its last content; the other 9 secrets were rendered"), "{said}");
    assert_eq!(host.read("run/secrets/alien"), "canary-8-api");
    assert_eq!(host.read("run/secrets/token"), "canary-4-rotated");
    let log = host.read("systemctl.log");
    let told = log.lines().rfind(|line| line.contains(" try-restart ")).unwrap();
    assert!(!told.contains("alien"), "{log}");
}

#[test]
fn a_changed_file_leaves_the_generation_as_it_is() {
    let host = Host::new();
    host.ends_with(10, "nine.json");
    host.edit("tampered.json", |manifest| {
        manifest["templates"][0]["content"] = "<HEARTH:mail:PLACEHOLDER>".into();
        manifest["templates"][0]["restartUnits"] = ["mail.service"].as_slice().into();
    });
    for _ in 0..2 {
        let said = host.ends_with(1, "tampered.json");
        assert!(said.contains("tampered.yaml: `token`"), "{said}");
    }
    let told = std::fs::read_to_string(host.path("systemctl.log")).unwrap_or_default();
    assert!(!told.contains("mail.service"), "{told}");
    assert_eq!(host.generations(), ["1"]);
    assert_eq!(host.read("run/secrets/token"), "canary-4-token");
}

#[test]
fn a_changed_file_before_any_generation_renders_nothing() {
    let host = Host::new();
    host.edit("tampered.json", |_| ());
    host.ends_with(1, "tampered.json");
    assert!(!host.path("run").exists());
}

#[test]
fn what_was_changed_by_hand_is_healed_and_older_generations_go() {
    let host = Host::new();
    host.ends_with(10, "nine.json");
    for round in 2..5 {
        let file = host.path("run/secrets/port");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&file, "by hand").unwrap();
        host.ends_with(10, "nine.json");
        assert_eq!((host.read("run/secrets/port").as_str(), host.generation()), ("8443", round.to_string()));
    }
    assert_eq!(host.generations(), ["3", "4"]);
}

#[test]
fn what_a_killed_run_left_is_not_mixed_in_and_goes() {
    let host = Host::new();
    host.ends_with(10, "nine.json");
    std::fs::create_dir_all(host.path("run/secrets.d/2")).unwrap();
    std::fs::write(host.path("run/secrets.d/2/half"), "written").unwrap();
    host.edit("rotated.json", |_| ());
    host.ends_with(10, "rotated.json");
    assert_eq!((host.generation().as_str(), host.generations()), ("2", vec!["1".to_owned(), "2".to_owned()]));
    assert!(!host.path("run/secrets/half").exists());
}

#[test]
fn of_one_file_in_two_formats_each_secret_fails_with_its_own_error_and_unit() {
    let host = Host::new();
    host.edit("ten.json", |manifest| {
        let mut other = manifest["secrets"].as_array().unwrap().last().unwrap().clone();
        (other["name"], other["format"]) = ("also".into(), "json".into());
        (other["path"], other["unit"]) = ("run/secrets/also".into(), "hearth-secret-also.service".into());
        manifest["secrets"].as_array_mut().unwrap().push(other);
    });
    refuse(&host, "hearth-secret-alien.service) exit 1;;");
    let said = host.ends_with(40, "ten.json");
    assert!(said.contains("secret `alien`: no identity") && said.contains("secret `also`: alien.yaml"), "{said}");
    assert!(host.read("systemctl.log").contains("restart hearth-secret-also.service\n"));
}

#[test]
fn many_files_are_rendered_and_a_bad_one_among_them_fails_alone() {
    let host = Host::new();
    host.edit("nine.json", |manifest| {
        let token = manifest["secrets"][3].clone();
        for number in 0..60 {
            let (mut secret, file) = (token.clone(), format!("{number}.yaml"));
            std::fs::copy(host.path(if number == 33 { "tampered.yaml" } else { "team.yaml" }), host.path(&file))
                .unwrap();
            (secret["name"], secret["file"]) = (format!("of{number}").into(), file.into());
            secret["path"] = secret["path"].as_str().unwrap().replace("token", &format!("of{number}")).into();
            manifest["secrets"].as_array_mut().unwrap().push(secret);
        }
    });
    let said = host.ends_with(40, "nine.json");
    assert!(said.contains("secret `of33`: 33.yaml: ") && said.contains("the other 68 secrets were rendered"), "{said}");
    for number in (0..60).filter(|number| *number != 33) {
        assert_eq!(host.read(&format!("run/secrets/of{number}")), host.read("run/secrets/token"));
    }
    assert!(!host.path("run/secrets/of33").exists());
}

#[test]
fn an_owner_who_is_unknown_takes_only_his_own_secret_with_him() {
    let host = Host::new();
    host.edit("nine.json", |manifest| manifest["secrets"][2]["owner"] = "nobody-knows-him".into());
    let said = host.ends_with(40, "nine.json");
    assert!(said.contains("secret `mail`: this host has no user `nobody-knows-him`"), "{said}");
    assert!(!host.path("run/secrets/mail").exists());
    assert_eq!(host.read("run/secrets/port"), "8443");
}

#[test]
fn files_belong_to_whom_they_are_given() {
    if !test_needs::file_owners() {
        return;
    }
    let host = Host::new();
    host.edit("nine.json", |manifest| {
        manifest["secrets"][4]["owner"] = "65534".into();
        manifest["secrets"][4]["group"] = "12345".into();
    });
    host.ends_with(10, "nine.json");
    let file = std::fs::metadata(host.path("run/secrets/port")).unwrap();
    assert_eq!((file.uid(), file.gid()), (65534, 12345));
}

#[test]
fn memory_that_never_swaps_is_mounted() {
    if !test_needs::mounts() {
        return;
    }
    let host = Host::new();
    host.edit("nine.json", |manifest| manifest["mount"] = true.into());
    let script = format!(
        "{} nine.json; stat -f -c %T run/secrets.d; stat -c %a run/secrets.d",
        env!("CARGO_BIN_EXE_render-secrets")
    );
    let output = Command::new("unshare").args(["--mount", "sh", "-c", &script]).current_dir(host.0.path()).output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(said.ends_with("tmpfs\n751\n") || said.ends_with("ramfs\n751\n"), "{said}");
    assert!(host.generations().is_empty(), "the files are in the mount, which went with its namespace");
}
