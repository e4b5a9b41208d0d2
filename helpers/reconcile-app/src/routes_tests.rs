use super::*;
use crate::colour::Colour;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn recipe() -> Labels {
    labels(&[
        ("coop-cloud.x.version", "1.0.0+1"),
        ("traefik.enable", "true"),
        ("traefik.http.services.x.loadbalancer.server.port", "8080"),
        ("traefik.http.routers.x.rule", "Host(`x.org`)"),
        ("traefik.http.routers.x.entrypoints", "web-secure"),
        ("traefik.http.routers.x.middlewares", "strip, auth@file,other@swarm"),
        ("traefik.http.middlewares.strip.stripprefix.prefixes", "/a"),
        ("traefik.http.middlewares.other.chain.middlewares", "strip"),
    ])
}

fn turn(generation: u64) -> Turn {
    Turn::new(Colour::Green, generation, "digest")
}

#[test]
fn what_is_defined_has_the_colour_in_its_name_and_what_is_not_ours_keeps_its_own() {
    let live = coloured(&recipe(), &turn(3), Stage::Live);
    assert_eq!(live["traefik.http.services.x-green.loadbalancer.server.port"], "8080");
    assert_eq!(live["traefik.http.routers.x-green.middlewares"], "strip-green,auth@file,other-green");
    assert_eq!(live["traefik.http.middlewares.strip-green.stripprefix.prefixes"], "/a");
    assert_eq!(live["traefik.http.middlewares.other-green.chain.middlewares"], "strip-green");
    assert_eq!(live["traefik.http.routers.x-green.entrypoints"], "web-secure");
    assert_eq!((live["traefik.enable"].as_str(), live["coop-cloud.x.version"].as_str()), ("true", "1.0.0+1"));
    assert!(!live.keys().any(|key| key.contains("routers.x.") || key.contains("services.x.")), "{live:?}");
}

#[test]
fn an_idle_colour_is_reached_by_its_token_alone_and_says_so() {
    let idle = coloured(&recipe(), &turn(3), Stage::Idle);
    assert_eq!(routers(&idle), ["x-green-hearth"]);
    let token = &turn(3).token;
    let rule = format!("(Host(`x.org`)) && Header(`X-Hearth-Colour`, `{token}`)");
    assert_eq!(idle["traefik.http.routers.x-green-hearth.rule"], rule);
    assert_eq!(idle["traefik.http.routers.x-green-hearth.entrypoints"], "web-secure");
    let mark = format!("hearth-{}", &token[..16]);
    assert_eq!(
        idle["traefik.http.routers.x-green-hearth.middlewares"],
        format!("{mark},strip-green,auth@file,other-green")
    );
    let headers = format!("traefik.http.middlewares.{mark}.headers");
    assert_eq!(idle[&format!("{headers}.customresponseheaders.X-Hearth-Colour")], "green.3.idle");
    assert_eq!(idle[&format!("{headers}.customrequestheaders.X-Hearth-Colour")], "");
}

fn priority(labels: &Labels, router: &str) -> u64 {
    labels[&format!("traefik.http.routers.{router}.priority")].parse().unwrap()
}

#[test]
fn a_later_deploy_outranks_an_earlier_one_and_the_tokens_route_outranks_both() {
    let mut long = recipe();
    long.insert("traefik.http.routers.x.rule".to_owned(), format!("Host(`{}.org`)", "x".repeat(200)));
    let (old, new) = (coloured(&long, &turn(3), Stage::Live), coloured(&recipe(), &turn(4), Stage::Live));
    assert!(priority(&new, "x-green") > priority(&old, "x-green"));
    assert!(priority(&old, "x-green-hearth") > priority(&new, "x-green"), "also that of an earlier deploy");
    assert!(priority(&old, "x-green") > 1000, "an app without colours is outranked");
}

#[test]
fn routers_of_one_service_keep_their_order_among_themselves() {
    let mut two = recipe();
    two.extend(labels(&[
        ("traefik.http.routers.api.rule", "Host(`x.org`) && PathPrefix(`/api`)"),
        ("traefik.http.routers.low.rule", "Host(`x.org`) || Host(`a-very-long-name-indeed.example.org`)"),
        ("traefik.http.routers.low.priority", "1"),
    ]));
    let live = coloured(&two, &turn(3), Stage::Live);
    assert!(priority(&live, "api-green") > priority(&live, "x-green"));
    assert!(priority(&live, "x-green") > priority(&live, "low-green"));
}

#[test]
fn only_a_service_with_a_rule_that_is_switched_on_has_routes() {
    assert!(has_routes(&recipe()));
    assert!(!has_routes(&labels(&[("traefik.enable", "true")])));
    let mut off = recipe();
    off.insert("traefik.enable".to_owned(), "false".to_owned());
    assert!(!has_routes(&off));
}
