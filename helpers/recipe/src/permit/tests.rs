use super::*;
use crate::Port;
use serde_json::json;

const OWNER: Owner<'static> = Owner { app: "shop", stack: "shop_org", domain: Some("shop.org"), networks: &[] };

fn refusals_of(file: &Value, allow: &Allow) -> Vec<Refusal> {
    let networks = ["proxy".to_owned()];
    check(file, &Owner { networks: &networks, ..OWNER }, allow)
}

fn one(file: &Value) -> String {
    let found = refusals_of(file, &Allow::default());
    assert_eq!(found.len(), 1, "{file}: {found:#?}");
    found[0].to_string()
}

/// A file that is refused with these words, and passes with this setting.
fn needs(file: &Value, said: &str, setting: &str, allow: &Allow) {
    let found = one(file);
    assert!(found.contains(said) && found.contains(setting), "{file}: {found}");
    assert_eq!(refusals_of(file, allow), [], "{file}");
}

fn service(key: &str, value: &Value) -> Value {
    json!({"services": {"app": {"image": "x", key: value}}})
}

fn labels(labels: &Value) -> Value {
    service("deploy", &json!({"labels": labels}))
}

#[test]
fn an_ordinary_stack_passes() {
    let file = json!({
        "version": "3.12", "x-note": {"anything": [1]},
        "services": {
            "app": {
                "image": "x", "command": ["a", "b"], "environment": {"A": "{{.Node.Hostname}}", "B": null}, "hostname": "{{.Task.Name}}",
                "networks": {"proxy": null, "internal": {"aliases": ["db"]}}, "x-note": 1,
                "volumes": [{"type": "volume", "source": "data", "target": "/d", "volume": {"nocopy": true, "subpath": "a/b"}},
                    {"type": "volume", "target": "/anonymous"}, {"type": "tmpfs", "target": "/t", "tmpfs": {"size": 1, "mode": 448}},
                    {"type": "bind", "source": "/recipe/a", "target": "/a", "read_only": true}],
                "configs": [{"source": "c", "target": "/c", "mode": 292}], "secrets": [{"source": "s"}],
                "sysctls": {"net.core.somaxconn": 1}, "ulimits": {"nofile": 5, "nproc": {"soft": 1, "hard": 2}},
                "logging": {"driver": "json-file", "options": {"max-size": "1m", "max-file": "2"}}, "oom_score_adj": 500,
                "build": {"context": ".", "args": {"a": ["b"]}},
                "deploy": {"mode": "replicated", "replicas": 2, "resources": {"limits": {"cpus": "1", "memory": "9"}},
                    "placement": {"constraints": ["node.role==manager"], "preferences": [{"spread": "a"}]},
                    "labels": {"traefik.enable": "true", "backupbot.backup": "true", "traefik.frontend.rule": "Host:ignored",
                        "traefik.http.routers.shop.rule": "Host(`shop.org`) && PathPrefix(`/a`)",
                        "traefik.http.routers.shop.middlewares": "strip,own@docker",
                        "traefik.http.routers.shop.tls.certresolver": "",
                        "traefik.http.middlewares.strip.stripprefix.prefixes": "/a",
                        "traefik.http.middlewares.own.headers.customrequestheaders.X-A": "b",
                        "traefik.http.services.shop.loadbalancer.server.port": "80"}}
            }
        },
        "networks": {"proxy": {"name": "proxy", "external": true}, "internal": {"driver": "overlay", "driver_opts": {"encrypted": ""},
            "internal": true, "attachable": true}, "named": {"name": "shop_org_named"}},
        "volumes": {"data": null, "other": {"name": "shop_org_x", "driver": "local"}},
        "configs": {"c": {"file": "/recipe/c", "name": "whatever", "template_driver": "golang"}},
        "secrets": {"s": {"external": true, "name": "whatever"}}
    });
    assert_eq!(refusals_of(&file, &Allow::default()), []);
}

#[test]
fn a_template_in_a_mount_is_refused_wherever_the_swarm_expands_it() {
    for file in [
        json!({"volumes": {"v": {"driver_opts": {"type": "tmpfs", "o": "{{\"bind\"}}", "device": "/"}}}}),
        json!({"volumes": {"v": {"labels": {"a": "{{.Node.ID}}"}}}}),
        json!({"volumes": {"v": {"name": "shop_org_{{.Task.Slot}}"}}}),
        service(
            "volumes",
            &json!([{"type": "bind", "source": "/recipe/{{printf \"%c\" 46}}", "target": "/x", "read_only": true}]),
        ),
        service("volumes", &json!([{"type": "tmpfs", "target": "/{{.Node.ID}}"}])),
    ] {
        let found = refusals_of(&file, &Allow { privileged: true, proxy: true, ..Allow::default() });
        assert!(found.iter().any(|refusal| refusal.reason.contains("the swarm expands `{{`")), "{file}: {found:?}");
    }
}

#[test]
fn what_belongs_to_others_is_refused_and_can_be_allowed_by_name() {
    let volumes = Allow { volumes: vec!["databases_postgres".into(), "shop_org_v".into()], ..Allow::default() };
    let networks = Allow { networks: vec!["blog_internal".into(), "shop_org_n".into()], ..Allow::default() };
    for (file, said, setting, allow) in [
        (
            json!({"volumes": {"v": {"external": true, "name": "databases_postgres"}}}),
            "a volume of another app",
            "allow.volumes = [ \"databases_postgres\" ];",
            &volumes,
        ),
        (
            json!({"volumes": {"v": {"name": "databases_postgres"}}}),
            "a volume of another app",
            "allow.volumes",
            &volumes,
        ),
        (
            json!({"volumes": {"databases_postgres": {"external": true}}}),
            "a volume of another app",
            "allow.volumes",
            &volumes,
        ),
        (
            json!({"volumes": {"v": {"driver": "rclone"}}}),
            "the rights of root",
            "allow.volumes = [ \"shop_org_v\" ];",
            &volumes,
        ),
        (
            json!({"volumes": {"v": {"driver_opts": {"type": "NFS", "device": ":/x", "o": "addr=10.0.0.1"}}}}),
            "with its own address",
            "allow.volumes",
            &volumes,
        ),
        (
            json!({"networks": {"n": {"external": true, "name": "blog_internal"}}}),
            "a network of others",
            "allow.networks = [ \"blog_internal\" ];",
            &networks,
        ),
        (json!({"networks": {"n": {"name": "blog_internal"}}}), "a network of others", "allow.networks", &networks),
        (
            json!({"networks": {"n": {"driver": "macvlan"}}}),
            "the host's own interfaces",
            "allow.networks = [ \"shop_org_n\" ];",
            &networks,
        ),
        (
            json!({"networks": {"n": {"driver_opts": {"com.docker.network.bridge.name": "br0"}}}}),
            "interfaces or routes",
            "allow.networks",
            &networks,
        ),
        (
            json!({"networks": {"n": {"ipam": {"config": [{"subnet": "9.9.9.0/24"}]}}}}),
            "addresses that the recipe chooses",
            "allow.networks",
            &networks,
        ),
    ] {
        needs(&file, said, setting, allow);
    }
    // The proxy's network is shared by its declaration; making one of that name is not.
    assert_eq!(refusals_of(&json!({"networks": {"proxy": {"external": true}}}), &Allow::default()), []);
    assert!(one(&json!({"networks": {"n": {"name": "proxy"}}})).contains("a network of others"));
    assert!(
        one(&json!({"configs": {"c": {"external": true, "name": "blog_conf"}}})).contains("belongs to another app")
    );
    assert!(one(&json!({"volumes": {"v": {"name": "shop_organic_v"}}})).contains("a volume of another app"));
    assert!(one(&json!({"volumes": {"v": {"name": "shop_org_"}}})).contains("a volume of another app"));
}

#[test]
fn a_name_on_a_network_of_others_is_refused() {
    let file = json!({
        "services": {"app": {"image": "x", "networks": {"proxy": {"aliases": ["databases_pooler"]}}}},
        "networks": {"proxy": {"external": true}}
    });
    assert!(one(&file).contains("databases_pooler may be the name of one of them"));
}

#[test]
fn ports_are_refused_and_can_be_allowed_one_by_one() {
    let ssh = |mode: &str| service("ports", &json!([{"mode": mode, "target": 22, "published": 22, "protocol": "tcp"}]));
    let allow = |text: &str| Allow { ports: vec![text.parse::<Port>().unwrap()], ..Allow::default() };
    for mode in ["ingress", "host"] {
        needs(&ssh(mode), "past its firewall", "allow.ports = [ \"22\" ];", &allow("22"));
        assert_eq!(refusals_of(&ssh(mode), &allow("22/udp")).len(), 1);
    }
    let udp = service("ports", &json!([{"target": 1, "published": 8448, "protocol": "udp"}]));
    needs(&udp, "8448/udp", "allow.ports = [ \"8448/udp\" ];", &allow("8448/udp"));
    assert!(one(&service("ports", &json!([{"target": 1}]))).contains("a port that nobody chose"));
    assert!(one(&service("ports", &json!([{"target": 1, "published": 0}]))).contains("a port that nobody chose"));
    assert!(
        one(&service("ports", &json!([{"target": 1, "published": 1, "protocol": "icmp"}]))).contains("no protocol")
    );
}

#[test]
fn log_drivers_that_send_or_read_are_refused_and_can_be_allowed() {
    let splunk = service("logging", &json!({"driver": "splunk"}));
    let allow = Allow { logging: vec!["splunk".into()], ..Allow::default() };
    needs(&splunk, "read files and open connections", "allow.logging = [ \"splunk\" ];", &allow);
    let journald = service("logging", &json!({"driver": "journald", "options": {"env": "OBJECT_SYSTEMD_UNIT"}}));
    assert!(one(&journald).contains("options that bound the size"));
    for driver in ["syslog", "gelf", "fluentd", "awslogs", "anything"] {
        assert!(one(&service("logging", &json!({"driver": driver}))).contains("allow.logging"), "{driver}");
    }
}

#[test]
fn what_reaches_the_host_by_another_way_is_refused() {
    for (file, said) in [
        (service("sysctls", &json!({"kernel.core_pattern": "|/x"})), "a setting of the whole host"),
        (service("network_mode", &json!("none")), "a swarm ignores it"),
        (service("network_mode", &json!("container:databases")), "a swarm ignores it"),
        (service("deploy", &json!({"mode": "replicated-job"})), "a job ends"),
        (service("oom_score_adj", &json!(-1000)), "allow.privileged = true"),
        (service("volumes", &json!([{"type": "npipe", "source": "x", "target": "/x"}])), "no kind of mount"),
        (service("volumes", &json!([{"type": "image", "source": "x", "target": "/x"}])), "no kind of mount"),
        (service("volumes", &json!([{"type": "cluster", "source": "group:x", "target": "/x"}])), "no kind of mount"),
        (service("volumes", &json!([{"type": "volume", "source": "undeclared", "target": "/x"}])), "declares"),
        (service("volumes", &json!([{"type": "volume", "target": "/x", "volume": {"subpath": "../x"}}])), "leads out"),
        (
            service(
                "volumes",
                &json!([{"type": "bind", "source": "/r/x", "target": "/x", "bind": {"propagation": "rshared"}}]),
            ),
            "appears below",
        ),
        (service("credential_spec", &json!({"file": "x"})), "not among those"),
        (service("isolation", &json!("x")), "not among those"),
        (service("a_key_of_tomorrow", &json!(1)), "not among those"),
        (service("deploy", &json!({"resources": {"reservations": {"generic_resources": []}}})), "not among those"),
        (json!({"volumes": {"v": {"x-cluster-spec": {}}}}), "not among those"),
        (json!({"secrets": {"s": {"driver": "x"}}}), "not among those"),
        (json!({"include": ["x"]}), "not among those"),
        (json!({"configs": {"c": {"file": "x", "template_driver": "lua"}}}), "no driver"),
        (service("image", &json!(["x"])), "is not what stands here"),
        (json!([]), "is not what stands here"),
    ] {
        let found = one(&file);
        assert!(found.contains(said), "{file}: {found}");
    }
}

#[test]
fn a_route_for_hosts_of_others_is_refused_and_its_host_can_be_declared() {
    let domains = Allow { domains: vec!["www.shop.org".into()], ..Allow::default() };
    let www = labels(&json!({"traefik.http.routers.r.rule": "Host(`shop.org`, `www.shop.org`)"}));
    needs(&www, "which the app is not declared to serve", "hearth.apps.shop.domains = [ \"www.shop.org\" ];", &domains);
    let proxy = Allow { proxy: true, ..Allow::default() };
    for (key, value) in [
        ("traefik.http.routers.r.rule", "PathPrefix(`/`)"),
        ("traefik.http.routers.r.rule", "HostRegexp(`.+`)"),
        ("traefik.http.routers.r.rule", "Host(`shop.org`) || Path(`/`)"),
        ("Traefik.HTTP.Routers.r.Rule", "Host:blog.org"),
        ("traefik.http.routers.r.priority", "99999"),
        ("traefik.http.routers.r.service", "api@internal"),
        ("traefik.http.routers.r.service", "blog_app"),
        ("traefik.http.routers.r.middlewares", "hearth-blog-auth@file"),
        ("traefik.http.routers.r.middlewares[0]", "blog"),
        ("traefik.http.routers.r.unheardof", "x"),
        ("traefik.http.services.s.loadbalancer.server.url", "http://127.0.0.1"),
        ("traefik.http.services.s.loadbalancer.serverstransport", "x"),
        ("traefik.http.services.s.weighted.services[0].name", "blog"),
        ("traefik.http.services.s.loadbalancer.healthcheck.path", "http://10.0.0.1/"),
        ("traefik.http.middlewares.m.forwardauth.address", "http://10.0.0.1/"),
        ("traefik.http.middlewares.m.basicauth.usersfile", "/certificates/x"),
        ("traefik.http.middlewares.m.plugin.x.y", "z"),
        ("traefik.http.middlewares.m.chain.middlewares", "blog"),
        ("traefik.http.middlewares.m.chain.middlewares[0]", "hearth-blog-auth@file"),
        ("traefik.http.middlewares.m.ratelimit.redis.endpoints", "10.0.0.1:6379"),
        ("traefik.http.middlewares.m.ratelimit.Redis.TLS.key", "/certificates/x"),
        ("traefik.http.serverstransports.t.insecureskipverify", "true"),
        ("traefik.tcp.routers.r.rule", "HostSNI(`*`)"),
        ("traefik.udp.routers.r.entrypoints", "web"),
        ("traefik.tls.stores.default.defaultcertificate.certfile", "x"),
    ] {
        needs(&labels(&json!({key: value})), "", "allow.proxy = true;", &proxy);
    }
    for (all, said) in [
        (json!({"traefik.enable": "yes"}), "neither true nor false"),
        (json!({"traefik.http.routers.r@file.rule": "Host(`shop.org`)"}), "no name of a route"),
        (json!({"traefik.http.routers.r.Middlewares": "", "traefik.http.routers.r.middlewares": ""}), "the same label"),
    ] {
        let found = one(&labels(&all));
        assert!(found.contains(said), "{found}");
    }
    let nowhere = check(&www, &Owner { domain: None, ..OWNER }, &Allow::default());
    assert_eq!(nowhere.len(), 1);
}

#[test]
fn what_a_swarm_ignores_is_told() {
    let file = json!({"services": {"app": {
        "restart": "always", "security_opt": ["no-new-privileges:true"], "ipc": "shareable", "cgroup_parent": "x", "links": [], "build": {"context": "."},
        "networks": {"n": {"ipv4_address": "10.0.0.1"}}, "volumes": [{"type": "volume", "target": "/x", "consistency": "cached"}]
    }}});
    let said = ignored(&file);
    let keys: Vec<&str> = said.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        keys,
        [
            "services.app.build",
            "services.app.cgroup_parent",
            "services.app.ipc",
            "services.app.restart",
            "services.app.security_opt",
            "services.app.networks.n.ipv4_address",
            "services.app.volumes[0].consistency",
        ]
    );
}
