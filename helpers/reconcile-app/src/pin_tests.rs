use super::*;

fn pin(tag: &str) -> Pin {
    Pin {
        schema: 1,
        image: "registry.example.org/shop".to_owned(),
        tag: tag.to_owned(),
        digest: format!("sha256:{}", "a".repeat(64)),
        by: "key ci".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    }
}

fn declared(image: &str) -> Deployable {
    Deployable { image: image.to_owned(), variable: "IMAGE".to_owned() }
}

fn answer(tag: &str, outcome: Outcome) -> Answer {
    Answer { to: pin(tag), outcome, summary: String::new() }
}

#[test]
fn what_is_asked_for_is_in_force_and_what_passed_its_gate_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let (pins, shop) = (Pins::in_folder(folder.path()), declared("registry.example.org/shop"));
    let tag = || pins.in_force(Some(&shop)).unwrap().map(|of| (of.pin.tag, of.asked));
    assert_eq!(tag(), None);
    pins.ask(&pin("1")).unwrap();
    assert_eq!(tag(), Some(("1".to_owned(), true)));
    pins.settle(&answer("1", Outcome::Changed), true).unwrap();
    assert_eq!(tag(), Some(("1".to_owned(), false)));
}

#[test]
fn what_failed_leaves_the_earlier_pin() {
    let folder = tempfile::tempdir().unwrap();
    let (pins, shop) = (Pins::in_folder(folder.path()), declared("registry.example.org/shop"));
    pins.settle(&answer("1", Outcome::Changed), true).unwrap();
    pins.ask(&pin("2")).unwrap();
    pins.settle(&answer("2", Outcome::RolledBack), false).unwrap();
    assert_eq!(pins.in_force(Some(&shop)).unwrap().unwrap().pin.tag, "1");
    assert_eq!(pins.answer().unwrap().unwrap().outcome, Outcome::RolledBack);
}

#[test]
fn who_asked_hears_of_the_deploy_and_not_only_of_the_run_that_answers() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let came =
        |outcome, deployed: Option<i64>| what_came_of_it(&Ok((outcome, String::new())), at(5), deployed.map(at)).0;
    for (ended, deployed, heard) in [
        // It served before anybody asked; it was deployed since, by this run or by one that was cut off.
        (Outcome::Unchanged, Some(4), Outcome::Unchanged),
        (Outcome::Changed, Some(6), Outcome::Changed),
        (Outcome::Unchanged, Some(6), Outcome::Changed),
        // Another version of the recipe waits for a person, beside what was asked for or in its place.
        (Outcome::Held, Some(4), Outcome::Unchanged),
        (Outcome::Held, Some(6), Outcome::Changed),
        (Outcome::Held, None, Outcome::Held),
        (Outcome::RolledBack, None, Outcome::RolledBack),
    ] {
        assert_eq!(came(ended, deployed), heard, "{ended} {deployed:?}");
    }
    assert_eq!(what_came_of_it(&Err(anyhow::anyhow!("the engine is gone")), at(5), None).0, Outcome::Failed);
}

#[test]
fn an_answer_leaves_what_was_asked_for_in_the_meantime() {
    let folder = tempfile::tempdir().unwrap();
    let pins = Pins::in_folder(folder.path());
    pins.ask(&pin("2")).unwrap();
    pins.settle(&answer("1", Outcome::Failed), false).unwrap();
    assert_eq!(pins.asked().unwrap().unwrap().tag, "2");
}

#[test]
fn a_pin_of_an_image_that_is_not_declared_any_more_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let pins = Pins::in_folder(folder.path());
    pins.ask(&pin("1")).unwrap();
    assert_eq!(pins.in_force(Some(&declared("registry.example.org/other"))).unwrap(), None);
    assert_eq!(pins.in_force(None).unwrap(), None);
}

#[test]
fn a_damaged_record_is_said_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pinned.json"), "{").unwrap();
    let error = Pins::in_folder(folder.path()).pinned().unwrap_err().to_string();
    assert!(error.contains("pinned.json"), "{error}");
}

/// The inputs of an app whose state, with its pins, lies in `folder`.
fn inputs(folder: &Path) -> Inputs {
    std::fs::create_dir_all(folder.join("recipe")).unwrap();
    std::fs::write(folder.join("recipe/compose.yml"), "services: {app: {image: \"${IMAGE}\"}}\n").unwrap();
    let text = format!(
        r#"{{"schema":1,"stateFolder":"{0}","dockerSocket":"/d","dockerConfigFolder":"/c","dockerCommand":"/docker",
        "name":"shop","stack":"shop","domain":"","recipe":{{"folder":"{0}/recipe"}},"composeFiles":null,
        "environment":{{"IMAGE":"registry.example.org/shop:0"}},"secrets":{{}},"images":[],
        "deploy":{{"image":"registry.example.org/shop","variable":"IMAGE"}},
        "gate":{{"convergeSeconds":1,"healthySeconds":1,"restartLimit":1,"probe":null}},
        "allow":{{}},"sharedNetworks":["proxy"],
        "update":"rolling","drainSeconds":1,"nftCommand":null,"systemctlCommand":null}}"#,
        folder.display()
    );
    Inputs::read(&state::manifest::parse(Path::new("shop.json"), text.as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_pinned_image_is_an_input_and_its_tag_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let declared = inputs(folder.path());
    assert_eq!(declared.environment.get("IMAGE"), Some("registry.example.org/shop:0"));
    Pins::in_folder(folder.path()).ask(&pin("1")).unwrap();
    let asked = inputs(folder.path());
    assert_eq!(asked.environment.get("IMAGE"), Some(pin("1").reference().as_str()));
    assert_ne!(asked.digest, declared.digest);
    Pins::in_folder(folder.path()).settle(&answer("1", Outcome::Changed), true).unwrap();
    Pins::in_folder(folder.path()).ask(&pin("latest")).unwrap();
    assert_eq!(inputs(folder.path()).digest, asked.digest, "another tag of the same image changes nothing");
}

/// Something that failed a day after `pin` was asked for, as its own clock had it.
fn failed(asked: Option<Pin>) -> FailedDeploy {
    let text = r#"{ "digest": "d", "reason": "gate", "at": "1970-01-02T00:00:00Z" }"#;
    FailedDeploy { asked, ..serde_json::from_str(text).unwrap() }
}

#[test]
fn what_is_asked_for_once_more_is_tried_again_whatever_the_clock_said_when_it_failed() {
    let at = |second| Pin { at: Timestamp::from_second(second).unwrap(), ..pin("1") };
    assert!(is_another(&at(5), &failed(Some(at(90_000)))), "the clock was set back");
    assert!(is_another(&at(5), &failed(None)), "it was declared when it failed");
    assert!(is_another(&at(90_000), &failed(Some(at(5)))));
}

#[test]
fn a_question_that_a_run_was_cut_off_over_is_not_asked_again() {
    assert!(!is_another(&pin("1"), &failed(Some(pin("1")))));
}

#[test]
fn a_record_of_a_newer_hearth_is_read() {
    let mut text = serde_json::to_value(failed(None)).unwrap();
    text["later"] = serde_json::json!({ "field": 1 });
    assert_eq!(serde_json::from_value::<FailedDeploy>(text).unwrap(), failed(None));
}
