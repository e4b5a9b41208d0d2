use serde_json::json;

use super::*;
use crate::colour::Colour;
use crate::plan::DIGEST_LABEL;

fn stack() -> Stack {
    let routed = json!({
        "traefik.enable": "true", "traefik.http.routers.x.rule": "Host(`x.org`)", DIGEST_LABEL: "d1", "coop-cloud.x.version": "1+1"
    });
    let value = json!({
        "services": {
            "app": { "image": "x:1", "deploy": { "labels": routed }, "networks": { "proxy": null, "internal": null } },
            "cache": {
                "image": "cache:1", "deploy": { "labels": { DIGEST_LABEL: "d1" } },
                "networks": { "internal": { "aliases": ["redis"] } }
            }
        },
        "networks": { "proxy": { "external": true, "name": "proxy" }, "internal": {} }
    });
    Stack::parse(&value.to_string()).unwrap()
}

fn turn() -> Turn {
    Turn::new(Colour::Green, 7, "d1")
}

#[test]
fn a_stack_in_a_colour_says_which_deploy_it_is_and_one_without_says_none() {
    let green = stack().coloured("x", &turn(), Stage::Idle).unwrap();
    assert_eq!((green.turn(), green.stack_name("x")), (Some(turn()), "x-green".to_owned()));
    assert_eq!((stack().turn(), stack().stack_name("x")), (None, "x".to_owned()));
    assert_eq!(Stack::parse(&green.text()).unwrap().turn(), Some(turn()), "and still after it was written down");
    assert_eq!(green.version("x").as_deref(), Some("1+1"));
}

#[test]
fn nothing_but_labels_of_the_routed_service_changes_when_visitors_are_sent_to_it() {
    let (idle, live) =
        (stack().coloured("x", &turn(), Stage::Idle).unwrap(), stack().coloured("x", &turn(), Stage::Live).unwrap());
    let without = |stack: &Stack| {
        let mut value = stack.value().clone();
        value["services"]["app"]["deploy"]["labels"] = json!(null);
        value
    };
    assert_eq!(without(&idle), without(&live));
    assert_ne!(idle, live);
    assert_eq!(live.routed().len(), 1);
}

#[test]
fn services_find_each_other_under_the_names_that_recipes_use_and_only_in_their_own_colour() {
    let green = stack().coloured("x", &turn(), Stage::Live).unwrap();
    let networks = |service: &str| green.value()["services"][service]["networks"].clone();
    assert_eq!(networks("cache"), json!({ "internal": { "aliases": ["redis", "x_cache"] } }));
    assert_eq!(networks("app"), json!({ "proxy": null, "internal": { "aliases": ["x_app"] } }));
}
