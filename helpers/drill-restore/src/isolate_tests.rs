use super::*;

fn live() -> Value {
    json!({
        "version": "3.8",
        "services": {
            "app": {
                "image": "localhost:5000/miniflux:2.2.6@sha256:aa",
                "environment": { "DATABASE_HOST": "feeds_db" },
                "networks": { "proxy": null, "internal": { "aliases": ["web"] } },
                "ports": [{ "target": 8080, "published": 80, "mode": "host" }],
                "labels": { "traefik.enable": "true" },
                "volumes": [
                    { "type": "volume", "source": "data", "target": "/data" },
                    { "type": "bind", "source": "/srv/media", "target": "/media" },
                    { "type": "bind", "source": "/var/run/docker.sock", "target": "/var/run/docker.sock", "read_only": true },
                    { "type": "bind", "source": "/srv/agent.sock", "target": "/agent.sock" },
                    { "type": "bind", "source": "/run/hearth/certificates", "target": "/certificates" },
                    { "type": "tmpfs", "target": "/tmp" }
                ],
                "secrets": [{ "source": "password" }],
                "deploy": {
                    "replicas": 2,
                    "labels": {
                        "traefik.enable": "true",
                        "hearth.app": "feeds",
                        "hearth.digest": "d",
                        "backupbot.backup.pre-hook": "dump",
                        "backupbot.restore.post-hook": "load"
                    }
                }
            },
            "db": { "image": "postgres" }
        },
        "networks": { "proxy": { "name": "proxy", "external": true }, "internal": { "ipam": { "config": [{ "subnet": "10.7.0.0/24" }] } } },
        "volumes": { "data": {}, "shared": { "name": "shared_files", "external": true } },
        "secrets": { "password": { "name": "feeds_password_0123456789ab", "external": true } },
        "configs": { "url": { "name": "feeds_url_0123456789ab", "file": "/nix/store/x/url.tmpl", "template_driver": "golang" } }
    })
}

fn isolated() -> Isolated {
    isolate(live(), "feeds", "feeds_example_org").unwrap()
}

#[test]
fn nothing_leads_to_it_and_nothing_out_of_it() {
    let Isolated { value, .. } = isolated();
    let app = &value["services"]["app"];
    assert!(app.get("ports").is_none() && app.get("labels").is_none(), "{app:#}");
    let own = json!({ "driver": "overlay", "internal": true, "labels": { "hearth.drill": "feeds" } });
    assert_eq!(value["networks"], json!({ "proxy": own, "internal": own, "default": own }));
    assert!(!value.to_string().contains("traefik"), "{value:#}");
}

#[test]
fn it_carries_the_label_of_drills_and_not_that_of_the_app() {
    let labels = isolated().value["services"]["app"]["deploy"]["labels"].clone();
    assert_eq!(labels, json!({ "hearth.drill": "feeds", "backupbot.restore.post-hook": "load" }));
    assert_eq!(isolated().value["services"]["db"]["deploy"]["labels"], json!({ "hearth.drill": "feeds" }));
}

#[test]
fn its_volumes_are_its_own_whatever_they_are_called_in_the_live_app() {
    let Isolated { value, volumes, .. } = isolated();
    assert_eq!(value["volumes"]["data"], json!({ "external": true, "name": "drill_feeds_data" }));
    let of = |live: &str, own: &str| (live.to_owned(), own.to_owned());
    let expected = [of("feeds_example_org_data", "drill_feeds_data"), of("shared_files", "drill_feeds_shared")];
    assert_eq!(volumes, expected.into());
}

#[test]
fn of_the_host_it_reads_and_reaches_no_process() {
    let mounts = isolated().value["services"]["app"]["volumes"].clone();
    assert_eq!(
        mounts,
        json!([
            { "type": "volume", "source": "data", "target": "/data" },
            { "type": "bind", "source": "/srv/media", "target": "/media", "read_only": true },
            { "type": "tmpfs", "target": "/tmp" }
        ])
    );
}

#[test]
fn secrets_and_configs_are_used_under_the_names_of_their_content_and_never_made() {
    let Isolated { value, borrowed, .. } = isolated();
    assert_eq!(value["secrets"]["password"], json!({ "external": true, "name": "feeds_password_0123456789ab" }));
    assert_eq!(value["configs"]["url"], json!({ "external": true, "name": "feeds_url_0123456789ab" }));
    assert_eq!(borrowed, ["feeds_password_0123456789ab", "feeds_url_0123456789ab"]);
}

#[test]
fn services_find_each_other_under_the_names_of_the_live_stack() {
    let Isolated { value, .. } = isolated();
    let app = &value["services"]["app"]["networks"];
    assert_eq!(app["internal"]["aliases"], json!(["web", "app", "feeds_example_org_app"]));
    assert_eq!(app["proxy"]["aliases"], json!(["app", "feeds_example_org_app"]));
    assert_eq!(
        value["services"]["db"]["networks"],
        json!({ "default": { "aliases": ["db", "feeds_example_org_db"] } })
    );
}

#[test]
fn what_cannot_be_kept_apart_is_refused() {
    let mut odd = live();
    odd["services"]["app"]["volumes"] = json!([{ "type": "cluster", "source": "x", "target": "/x" }]);
    let told = format!("{:#}", isolate(odd, "feeds", "feeds").unwrap_err());
    assert_eq!(told, "services.app: a mount of type cluster cannot be kept apart from the live app");
    let mut short = live();
    short["services"]["app"]["volumes"] = json!(["data:/data"]);
    isolate(short, "feeds", "feeds").unwrap_err();
}

#[test]
fn the_stack_of_an_app_with_a_long_name_leaves_room_for_services() {
    assert_eq!(stack_name("feeds"), "drill_feeds");
    let long = stack_name("a-name-of-many-more-letters-than-that");
    assert!(long.len() == 18 && long.starts_with("drill_"), "{long}");
}
