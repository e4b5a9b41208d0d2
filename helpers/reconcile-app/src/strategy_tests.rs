use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::colour::{COLOUR_LABEL, GENERATION_LABEL, STAGE_LABEL};
use crate::plan::DIGEST_LABEL;

fn stack(services: &Value) -> Stack {
    Stack::parse(&json!({ "services": services }).to_string()).unwrap()
}

fn order_of(update: Update, service: &Value) -> Value {
    let mut stack = stack(&json!({ "app": service }));
    order(update, &mut stack);
    stack.value()["services"]["app"]["deploy"]["update_config"]["order"].clone()
}

#[test]
fn what_the_recipe_says_of_the_order_stays_unless_the_old_tasks_are_to_be_stopped_first() {
    for said in ["start-first", "stop-first"] {
        let service = json!({ "deploy": { "update_config": { "order": said } } });
        assert_eq!(order_of(Update::Rolling, &service), said);
        assert_eq!(order_of(Update::Handover, &service), said);
        assert_eq!(order_of(Update::StopFirst, &service), "stop-first");
    }
}

#[test]
fn where_the_recipe_says_nothing_the_new_task_is_first_if_the_two_share_nothing() {
    assert_eq!(order_of(Update::Rolling, &json!({})), "start-first");
    assert_eq!(order_of(Update::Rolling, &json!({ "volumes": ["data:/data"] })), Value::Null);
    assert_eq!(order_of(Update::Rolling, &json!({ "volumes": ["./page.html:/page.html:ro"] })), "start-first");
    assert_eq!(order_of(Update::Rolling, &json!({ "ports": [{ "target": 80 }] })), Value::Null);
}

fn routed() -> Value {
    json!({ "deploy": { "labels": { "traefik.enable": "true", "traefik.http.routers.x.rule": "Host(`x`)" } } })
}

#[test]
fn a_recipe_of_one_routed_service_that_keeps_nothing_is_fit_for_blue_green() {
    let mounts = json!([
        { "type": "tmpfs", "target": "/tmp" },
        { "type": "bind", "source": "/srv", "target": "/srv", "read_only": true }
    ]);
    assert_eq!(unfit(&stack(&json!({ "app": routed(), "cache": { "volumes": mounts } }))), Vec::<String>::new());
}

#[test]
fn what_cannot_be_there_twice_is_told_with_what_to_do() {
    let with = |key: &str, value: Value| {
        let mut service = routed();
        service[key] = value;
        unfit(&stack(&json!({ "app": service }))).join("\n")
    };
    let volume = with("volumes", json!([{ "type": "volume", "source": "data", "target": "/data" }]));
    assert!(volume.contains("mounts `data`, which both colours would write; keep its data in a database"), "{volume}");
    assert!(with("volumes", json!(["data:/data"])).contains("mounts `data:/data`"));
    assert!(with("ports", json!([{ "target": 25, "published": 25 }])).contains("publishes ports of the host"));
    let said = refuse("x", &[volume]).unwrap_err().to_string();
    assert!(said.contains("nothing was touched. Set `hearth.apps.x.update` to \"rolling\""), "{said}");
    let named = json!({ "services": { "app": routed() }, "networks": { "back": { "name": "back" } } });
    assert!(cannot_be_twice(&named).join("").contains("network `back` has a name of its own"));
}

#[test]
fn routes_that_cannot_be_switched_in_one_step_are_told() {
    let reasons = |services: Value| unfit(&stack(&services)).join("\n");
    assert!(reasons(json!({ "app": {} })).contains("no service has the label `traefik.enable=true`"));
    assert!(reasons(json!({ "a": routed(), "b": routed() })).contains("a and b are routed"));
    let bare = json!({ "deploy": { "labels": { "traefik.enable": "true" } } });
    assert!(reasons(json!({ "app": bare })).contains("no label `traefik.http.routers.NAME.rule`"));
    let mut tcp = routed();
    tcp["deploy"]["labels"]["traefik.tcp.routers.y.rule"] = json!("HostSNI(`*`)");
    assert!(reasons(json!({ "app": tcp })).contains("routes for TCP or UDP"));
}

fn manifest(update: &str) -> Manifest {
    let text = format!(
        r#"{{"schema":1,"stateFolder":"/s","dockerSocket":"/d","dockerConfigFolder":"/c","dockerCommand":"/docker",
        "name":"x","stack":"x","domain":"","recipe":{{"folder":"/r"}},"composeFiles":null,"environment":{{}},"secrets":{{}},
        "images":[],"gate":{{"convergeSeconds":300,"healthySeconds":1,"restartLimit":1,"probe":null}},
        "allow":{{}},"sharedNetworks":["proxy"],
        "update":"{update}","drainSeconds":1,"nftCommand":null,"systemctlCommand":null}}"#
    );
    state::manifest::parse(std::path::Path::new("x.json"), text.as_bytes()).unwrap()
}

#[test]
fn the_downtime_of_stop_first_is_foretold() {
    let service = |seconds: u64| Service { stop_grace: Duration::from_secs(seconds), running: 1, ..Service::default() };
    let said = foretold(&manifest("stop-first"), &[service(10), service(15)], None).unwrap();
    assert_eq!(
        said,
        "downtime: nothing serves from when the old tasks are stopped until the new ones are healthy, 315 s at most (15 s to stop, 300 s to come up)"
    );
    assert_eq!(foretold(&manifest("stop-first"), &[], None), None, "what does not serve is not down either");
    assert_eq!(foretold(&manifest("rolling"), &[service(10)], None), None);
}

#[test]
fn blue_green_tells_who_serves_meanwhile() {
    let blue = BTreeMap::from(
        [(COLOUR_LABEL, "blue"), (GENERATION_LABEL, "3"), (STAGE_LABEL, "live"), (DIGEST_LABEL, "d")]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    let blue = Service { labels: blue, running: 1, ..Service::default() };
    let plain = Service { running: 1, ..Service::default() };
    let said = |observed: &[Service]| foretold(&manifest("blue-green"), observed, None).unwrap();
    assert_eq!(said(&[blue]), "green comes up; blue serves until it has passed its gate, no downtime");
    assert_eq!(said(&[plain]), "blue comes up; what runs serves until it has passed its gate, no downtime");
    assert_eq!(said(&[]), "blue comes up; nothing serves yet");
}
