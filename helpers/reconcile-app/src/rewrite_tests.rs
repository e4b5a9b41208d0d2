use super::*;
use crate::confine::Limits;

fn rewrite(value: Value) -> anyhow::Result<Stack> {
    let secrets = BTreeMap::from([("db_password".to_owned(), Digest::of(b"hunter2"))]);
    let (allow, limits) = (recipe::Allow::default(), Limits::default());
    let confinement = Confinement { allow: &allow, limits: &limits, machine: None };
    Rewrite { app: "wiki", stack: "wiki_example_org", digest: "d1", secrets: &secrets, confinement }.apply(value)
}

#[test]
fn a_secret_is_named_by_its_content_whatever_the_recipe_calls_it() {
    let stack = rewrite(json!({
        "services": {"app": {"image": "wiki:1"}},
        "secrets": {"db_password": {"external": true, "name": "wiki_example_org_db_password_v1"}},
    }))
    .unwrap();
    let name = format!("wiki_example_org_db_password_{}", Digest::of(b"hunter2").short());
    assert_eq!(stack.content_names(), [name]);
}

#[test]
fn a_secret_that_nobody_declared_is_refused_with_the_option_to_set() {
    let error = rewrite(json!({"services": {"app": {}}, "secrets": {"token": {"external": true}}})).unwrap_err();
    assert!(error.to_string().contains("`hearth.apps.wiki.secrets.token`"), "{error}");
}

#[test]
fn services_say_whose_they_are_and_never_turn_back_by_themselves() {
    let stack =
        rewrite(json!({"services": {"app": {"deploy": {"update_config": {"failure_action": "rollback"}}}}})).unwrap();
    let deploy = &stack.value["services"]["app"]["deploy"];
    assert_eq!(deploy["labels"][APP_LABEL], "wiki");
    assert_eq!(deploy["labels"][DIGEST_LABEL], "d1");
    assert_eq!(deploy["update_config"]["failure_action"], "pause");
}

/// The start period of a service with this health check and order of updates, after the rewrite.
fn start_period(check: &Value, order: &str) -> Value {
    let service = json!({"healthcheck": check, "deploy": {"update_config": {"order": order}}});
    let mut stack = rewrite(json!({"services": {"app": service}})).unwrap();
    stack.outlast(Duration::from_secs(120)).unwrap();
    stack.value["services"]["app"]["healthcheck"]["start_period"].clone()
}

#[test]
fn beside_an_old_task_a_new_one_is_ended_by_the_gate_and_not_by_its_health_check() {
    assert_eq!(start_period(&json!({"start_period": "30s"}), "start-first"), "180s");
    assert_eq!(start_period(&json!({}), "start-first"), "180s");
    assert_eq!(start_period(&json!({"start_period": "10m0s"}), "start-first"), "600s");
    assert_eq!(start_period(&json!({"start_period": "30s"}), "stop-first"), "30s");
    assert_eq!(start_period(&json!({"disable": true}), "start-first"), Value::Null);
}

#[test]
fn an_image_is_pinned_in_every_service_that_runs_it() {
    let mut stack =
        rewrite(json!({"services": {"a": {"image": "x:1"}, "b": {"image": "x:1"}, "c": {"image": "y:1"}}})).unwrap();
    assert_eq!(stack.images(), ["x:1", "y:1"]);
    stack.pin("x:1", "x:1@sha256:00");
    assert_eq!(stack.images(), ["x:1@sha256:00", "y:1"]);
}

#[test]
fn a_name_never_passes_the_limit_and_still_tells_contents_apart() {
    let stack = "s".repeat(45);
    let long = content_name(&stack, "a_secret_with_a_long_name", &Digest::of(b"one"));
    assert_eq!(long.len(), NAME_LIMIT);
    assert_ne!(long, content_name(&stack, "a_secret_with_a_long_name", &Digest::of(b"two")));
}

#[test]
fn what_was_written_is_read_again() {
    let stack = rewrite(json!({"services": {"app": {"image": "x:1"}}})).unwrap();
    assert_eq!(Stack::parse(&stack.text()).unwrap(), stack);
}

#[test]
fn what_is_put_right_runs_the_content_that_it_ran_and_another_name_is_another_image() {
    let kept = rewrite(json!({"services": {
        "app": {"image": "wiki:1@sha256:aa"}, "db": {"image": "postgres:15@sha256:bb"}, "old": {"image": "x:1"},
    }}))
    .unwrap();
    let mut stack = rewrite(json!({"services": {
        "app": {"image": "wiki:1"}, "db": {"image": "postgres:16"}, "old": {"image": "x:1"}, "new": {"image": "wiki:1"},
    }}))
    .unwrap();
    stack.keep_images_of(Some(&kept.text())).unwrap();
    let image = |service: &str| stack.value["services"][service]["image"].as_str().unwrap().to_owned();
    let images = ["app", "db", "old", "new"].map(image);
    assert_eq!(images, ["wiki:1@sha256:aa", "postgres:16", "x:1", "wiki:1"]);
}
