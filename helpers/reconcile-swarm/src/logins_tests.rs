use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A client that gets no answer of the registry `silent`, and writes its logins as the real one does.
const CLIENT: &str = r#"#!/bin/sh
read -r password
echo "$password" >"$DOCKER_CONFIG/config.json"
case $5 in
  silent) exec sleep 600 ;;
esac
"#;

fn host(registries: &[&str]) -> (tempfile::TempDir, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    let within = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(within("docker"), CLIENT).unwrap();
    std::fs::set_permissions(within("docker"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(within("password"), "geheim\n").unwrap();
    let login = serde_json::json!({ "username": "hearth", "passwordFile": within("password") });
    let registries: BTreeMap<_, _> = registries.iter().map(|registry| (registry, &login)).collect();
    let manifest = serde_json::from_value(serde_json::json!({
        "stateFolder": within("state"), "dockerSocket": within("none.sock"), "dockerCommand": within("docker"),
        "advertiseAddress": null, "listenAddress": "", "defaultAddressPools": [], "subnetSize": 24, "networks": {},
        "nodeLabels": {}, "registries": registries, "dockerConfigFolder": within("config"),
    }));
    (folder, manifest.unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_registry_that_does_not_answer_keeps_no_other_login_from_being_written() {
    let (_folder, manifest) = host(&["silent", "talks"]);
    let prepared = prepare_within(&manifest, Duration::from_secs(5));
    let logins = tokio::time::timeout(Duration::from_secs(60), prepared).await.expect("it has an end").unwrap();
    assert_eq!(logins.changed, ["talks"]);
    assert_eq!(
        logins.failed,
        [
            "registry silent: it does not answer within 5 s; is its name right, and can this host reach it?; other registries are not concerned"
        ]
    );
    logins.write(&manifest).unwrap();
    assert_eq!(present(&manifest).unwrap().auths.into_keys().collect::<Vec<_>>(), ["talks"]);
    assert_eq!(names(&manifest.docker_config_folder), ["config.json"], "no password stays beside it");
}

#[tokio::test]
async fn what_a_killed_run_left_is_removed() {
    let (_folder, manifest) = host(&[]);
    let left = manifest.docker_config_folder.join(".login-x1");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("config.json"), "geheim").unwrap();
    prepare(&manifest).await.unwrap();
    assert_eq!(names(&manifest.docker_config_folder), [""; 0]);
}
