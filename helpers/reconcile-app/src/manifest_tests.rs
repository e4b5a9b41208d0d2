use std::path::Path;

use super::*;

/// The text of a manifest of an app with this recipe.
fn manifest_of(recipe: &str) -> String {
    format!(
        r#"{{"schema":1,"stateFolder":"/s","dockerSocket":"/d","dockerConfigFolder":"/c","dockerCommand":"/docker",
        "name":"shop","stack":"shop","domain":"","recipe":{recipe},"composeFiles":null,"environment":{{}},"secrets":{{}},
        "images":[],"gate":{{"convergeSeconds":1,"healthySeconds":1,"restartLimit":1,"probe":null}},
        "allow":{{}},"sharedNetworks":["proxy"],
        "update":"rolling","drainSeconds":1,"nftCommand":null,"systemctlCommand":null}}"#
    )
}

/// The manifest of an app with this recipe.
fn with(recipe: &str) -> Result<Manifest, String> {
    let text = manifest_of(recipe);
    let manifest: Manifest =
        state::manifest::parse(Path::new("shop.json"), text.as_bytes()).map_err(|error| error.to_string())?;
    manifest.check().map_err(|error| error.to_string())?;
    Ok(manifest)
}

fn git(url: &str, version: &str, policy: &str) -> String {
    format!(
        r#"{{"folder":null,"git":{{"url":"{url}","ref":{version},"policy":"{policy}","recipes":"/var/lib/hearth/recipes",
        "access":{{"gitCommand":"/git","sshCommand":null,"credentialsFile":null,"sshKeyFile":null,"knownHostsFile":null,
        "caFile":null,"fetchSeconds":120}}}}}}"#
    )
}

#[test]
fn a_recipe_is_a_folder_or_in_a_repository() {
    assert!(matches!(with(r#"{"folder":"/recipe"}"#).unwrap().recipe, Source::Folder(_)));
    assert!(matches!(with(r#"{"folder":"/recipe","git":null}"#).unwrap().recipe, Source::Folder(_)));
    let manifest = with(&git("https://git.example.org/shop", "\"1.2.0+3.4\"", "minor")).unwrap();
    let Source::Git(source) = manifest.recipe else { panic!("{:?}", manifest.recipe) };
    assert_eq!(source.policy, updates::Policy::Minor);
    assert_eq!(source.declared.unwrap().to_string(), "1.2.0+3.4");
}

#[test]
fn what_is_wrong_with_a_repository_is_said_before_the_host_is_touched() {
    let commit = format!("\"{}\"", "0".repeat(40));
    let both = git("/srv/x", "null", "patch").replace("\"folder\":null", "\"folder\":\"/recipe\"");
    for (recipe, says) in [
        ("{}".to_owned(), "either a `folder` or `git`"),
        (both, "either a `folder` or `git`"),
        (git("https://me:secret@git.example.org/shop", "null", "patch"), "put them into the credentials file"),
        (git("ext::sh -c id", "null", "patch"), "is no repository"),
        (git("/srv/x", "\"main\"", "patch"), "branches move"),
        (git("/srv/x", "null", "newest"), "unknown variant `newest`"),
        (git("/srv/x", &commit, "patch"), "`shop` has a commit for a version"),
    ] {
        let said = with(&recipe).unwrap_err();
        assert!(said.contains(says) && !said.contains("secret@"), "{recipe}: {said}");
    }
    assert!(with(&git("/srv/x", &commit, "pinned")).is_ok());
}

/// The manifest of an app with this beside the ordinary gates.
fn with_gates(gates: &str) -> Result<Manifest, String> {
    let text = manifest_of(r#"{"folder":"/recipe"}"#).replace(r#""probe":null"#, &format!(r#""probe":null,{gates}"#));
    let manifest: Manifest =
        state::manifest::parse(Path::new("shop.json"), text.as_bytes()).map_err(|error| error.to_string())?;
    manifest.check().map_err(|error| error.to_string())?;
    Ok(manifest)
}

fn smoke(url: &str, method: &str, body: &str, pointer: &str) -> String {
    format!(
        r#""smoke":[{{"name":"health","url":"{url}","caFile":null,"connectTo":null,"method":"{method}","headers":{{}},
        "credentials":{{"basicAuth":null,"bearerFile":"/run/token","headerFiles":{{}}}},"body":"{body}",
        "followRedirects":false,"budgetSeconds":60,"expect":{{"status":200,"contains":null,"lacks":null,
        "headers":{{"X-Powered-By":null}},"json":{{"{pointer}":"ok"}}}}}}]"#
    )
}

#[test]
fn a_manifest_without_newer_gates_has_none() {
    let gate = with(r#"{"folder":"/recipe"}"#).unwrap().gate;
    assert!(gate.smoke.is_empty() && gate.audit.is_none() && gate.watch.is_none());
}

#[test]
fn what_is_wrong_with_a_smoke_request_is_said_before_the_host_is_touched() {
    for (url, method, body, pointer, says) in [
        ("shop.example.org", "GET", "", "/status", "`shop.example.org` is no address"),
        ("ftp://shop.example.org/", "GET", "", "/status", "begins with https://"),
        ("https://shop.example.org/", "GET", "", "status", "gate.smoke.health.json: `status` is no JSON pointer"),
        ("https://shop.example.org/", "GET", "a", "/status", "set method = \"POST\""),
    ] {
        let said = with_gates(&smoke(url, method, body, pointer)).unwrap_err();
        assert!(said.contains(says), "{said}");
    }
    let gate = with_gates(&smoke("https://shop.example.org/", "POST", "a", "/status")).unwrap().gate;
    assert_eq!(gate.smoke[0].url.as_str(), "https://shop.example.org/");
    assert_eq!(gate.proofs().map(crate::answers::Question::step).collect::<Vec<_>>(), ["smoke health"]);
}

#[test]
fn what_failed_before_is_tried_again_when_its_gate_was_changed_and_only_then() {
    let declared = |text: &str| state::manifest::parse::<Manifest>(Path::new("shop.json"), text.as_bytes()).unwrap();
    let text = manifest_of(r#"{"folder":"/recipe"}"#);
    let gate = declared(&text).gate.digest();
    let failed = |gate: Option<&str>, by_hand: bool| crate::record::FailedDeploy {
        digest: "a".to_owned(),
        reason: "too slow".to_owned(),
        versions: Vec::new(),
        logs: Vec::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
        by_hand,
        version: None,
        image: None,
        gate: gate.map(ToOwned::to_owned),
        asked: None,
    };
    let probe = r#""probe":{"url":"https://shop.example.org/","status":200,"contains":null,"caFile":null,"connectTo":null,"budgetSeconds":9}"#;
    for changed in [("\"convergeSeconds\":1", "\"convergeSeconds\":90"), ("\"probe\":null", probe)] {
        let other = declared(&text.replace(changed.0, changed.1)).gate.digest();
        assert!(failed(Some(&gate), false).meets_another_gate(&other), "{changed:?}");
        assert!(
            !failed(Some(&gate), true).meets_another_gate(&other),
            "what a person went back from waits for a person"
        );
        assert!(!failed(None, false).meets_another_gate(&other), "of an older record the gate is not known");
    }
    let same = declared(&text.replace("\"drainSeconds\":1", "\"drainSeconds\":2")).gate.digest();
    assert!(!failed(Some(&gate), false).meets_another_gate(&same));
}

/// What is said of an app with this compose file that is to be deployed blue-green.
fn blue_green(compose: &str, gates: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("compose.yml"), compose).unwrap();
    let recipe = format!(r#"{{"folder":"{}"}}"#, folder.path().display());
    let text = manifest_of(&recipe).replace(r#""update":"rolling""#, r#""update":"blue-green""#);
    let text = text.replace(r#""probe":null"#, gates);
    let manifest: Manifest = state::manifest::parse(Path::new("shop.json"), text.as_bytes()).unwrap();
    let checked = manifest.check().and_then(|()| manifest.check_recipe());
    checked.map_or_else(|error| error.to_string(), |()| "fit".to_owned())
}

#[test]
fn an_app_that_cannot_be_there_twice_is_refused_by_the_build_of_the_system() {
    let probe = r#""probe":{"url":"https://shop.example.org/","status":200,"contains":null,"budgetSeconds":1}"#;
    let volume = "services: {app: {image: x, volumes: ['data:/data']}}\nvolumes: {data: {}}\n";
    let said = blue_green(volume, probe);
    assert!(said.contains("service `app` mounts `data:/data`, which both colours would write"), "{said}");
    assert!(said.contains("Set `hearth.apps.shop.update` to \"rolling\""), "{said}");
    assert_eq!(blue_green("services: {app: {image: x}}\n", probe), "fit");
    assert_eq!(blue_green("services: {app: {image: '${UNSET:?}', volumes: ['data:/data']}}\n", probe), "fit");
    let said = blue_green("services: {app: {image: x}}\n", r#""probe":null"#);
    assert!(said.contains("without one nobody knows which colour the proxy serves"), "{said}");
}
