use super::*;
use serde_json::json;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("inside.conf"), "x").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink("/", folder.path().join("root")).unwrap();
    std::os::unix::fs::symlink("inside.conf", folder.path().join("alias")).unwrap();
    folder
}

fn refusals(compose: &Value, allow: &Allow) -> Vec<Refusal> {
    let folder = folder();
    let real = folder.path().canonicalize().unwrap();
    check(compose, &Place { file: "compose.yml", app: "blog", folder: &real }, allow)
}

fn one(compose: &Value) -> String {
    let found = refusals(compose, &Allow::default());
    assert_eq!(found.len(), 1, "{compose}: {found:#?}");
    found[0].to_string()
}

fn of_service(key: &str, value: &Value) -> Value {
    json!({"services": {"app": {"image": "x", key: value}}})
}

#[test]
fn an_ordinary_stack_is_not_refused() {
    let compose = json!({
        "version": "3.8",
        "services": {
            "app": {
                "image": "x", "volumes": ["data:/data", "/anonymous", {"type": "volume", "source": "data", "target": "/d"},
                    {"type": "tmpfs", "target": "/t"}, "./inside.conf:/c:ro"],
                "networks": ["proxy", "internal"], "sysctls": {"net.core.somaxconn": 1024}, "privileged": false,
                "security_opt": ["no-new-privileges:true"], "cap_drop": ["ALL"], "env_file": ["inside.conf"],
                "build": ".", "pid": null, "network_mode": "bridge"
            },
        },
        "networks": {"proxy": {"external": true}, "internal": null},
        "volumes": {"data": null, "scratch": {"driver_opts": {"type": "tmpfs", "device": "tmpfs"}},
            "share": {"driver_opts": {"type": "nfs", "o": "addr=10.0.0.1", "device": ":/x"}}},
        "configs": {"c": {"file": "./inside.conf"}, "d": {"file": "alias"}},
        "secrets": {"s": {"external": true}},
        "x-anything": {"privileged": true}
    });
    assert_eq!(refusals(&compose, &Allow::default()), []);
}

#[test]
fn a_path_of_the_host_is_refused_in_every_disguise_and_can_be_allowed() {
    for (source, path) in [
        ("/", "/"),
        ("/etc", "/etc"),
        ("/../etc/", "/etc"),
        ("/var/run/docker.sock", "/run/docker.sock"),
        ("/run/docker.sock", "/run/docker.sock"),
        ("//run/./docker.sock", "/run/docker.sock"),
    ] {
        for compose in [
            of_service("volumes", &json!([format!("{source}:/x")])),
            of_service("volumes", &json!([format!("{source}:/x:ro,z")])),
            of_service("volumes", &json!([{"type": "bind", "source": source, "target": "/x", "read_only": true}])),
            json!({"volumes": {"v": {"driver": "local", "driver_opts": {"type": "none", "o": "bind", "device": source}}}}),
            json!({"volumes": {"v": {"driver_opts": {"o": "rw,bind", "device": source}}}}),
            json!({"volumes": {"v": {"driver_opts": {"type": "tmpfs", "o": "rbind", "device": source}}}}),
        ] {
            let said = one(&compose);
            let remedy = format!("hearth.apps.blog.allow.hostPaths = [ \"{path}\" ];");
            assert!(said.contains(&format!("{path} is ")) && said.contains(&remedy), "{compose}: {said}");
            let allow = Allow { host_paths: vec![path.into()], ..Allow::default() };
            assert_eq!(refusals(&compose, &allow), [], "{compose}");
            let above = Allow { host_paths: vec!["/srv".into(), "/e".into()], ..Allow::default() };
            assert_eq!(refusals(&compose, &above).len(), 1, "{compose}");
        }
    }
}

#[test]
fn the_root_and_the_docker_socket_are_called_by_name() {
    assert!(one(&of_service("volumes", &json!(["/:/host"]))).contains("the whole file system of the host"));
    let said = one(&of_service("volumes", &json!(["x:/x", "/var/run/docker.sock:/s"])));
    assert!(said.starts_with("compose.yml: services.app.volumes[1]: /run/docker.sock is the Docker socket"), "{said}");
}

#[test]
fn a_mount_that_leads_out_of_the_folder_or_cannot_be_told_is_refused() {
    for source in ["../x", "./root", "root/etc", "~/x", "~", "${DATA}", "$DATA/x", "./link", "no/such"] {
        one(&of_service("volumes", &json!([format!("{source}:/x:ro")])));
        one(&of_service("volumes", &json!([{"type": "bind", "source": source, "target": "/x", "read_only": true}])));
    }
    assert!(one(&of_service("volumes", &json!(["./inside.conf:/x"]))).contains("add `:ro`"));
    for mount in
        [json!({"type": "volume", "source": "/etc"}), json!({"type": "npipe", "source": "/x"}), json!({"source": "/x"})]
    {
        one(&of_service("volumes", &json!([mount])));
    }
}

#[test]
fn a_volume_of_a_device_is_a_device() {
    let compose = json!({"volumes": {"v": {"driver_opts": {"type": "ext4", "device": "/dev/sda1"}}}});
    assert!(one(&compose).contains("allow.devices = [ \"/dev/sda1\" ]"));
    let overlay =
        json!({"volumes": {"v": {"driver_opts": {"type": "overlay", "o": "lowerdir=/", "device": "overlay"}}}});
    one(&overlay);
}

#[test]
fn more_than_a_container_is_refused_and_can_be_allowed() {
    let privileged = Allow { privileged: true, ..Allow::default() };
    let network = Allow { host_network: true, ..Allow::default() };
    let capability = Allow { capabilities: vec!["CAP_NET_ADMIN".into()], ..Allow::default() };
    let device = Allow { devices: vec!["/dev/fuse".into()], ..Allow::default() };
    for (compose, allow) in [
        (of_service("privileged", &json!(true)), &privileged),
        (of_service("privileged", &json!("yes")), &privileged),
        (of_service("privileged", &json!({})), &privileged),
        (of_service("pid", &json!("host")), &privileged),
        (of_service("ipc", &json!("host")), &privileged),
        (of_service("userns_mode", &json!("host")), &privileged),
        (of_service("uts", &json!("host")), &privileged),
        (of_service("cgroup", &json!("host")), &privileged),
        (of_service("security_opt", &json!(["seccomp:unconfined"])), &privileged),
        (of_service("security_opt", &json!(["label=disable"])), &privileged),
        (of_service("security_opt", &json!(["systempaths=unconfined"])), &privileged),
        (of_service("device_cgroup_rules", &json!(["c 1:3 mr"])), &privileged),
        (of_service("gpus", &json!("all")), &privileged),
        (of_service("post_start", &json!([{"command": "x", "privileged": true}])), &privileged),
        (of_service("network_mode", &json!("host")), &network),
        (json!({"networks": {"host": {"external": true}}}), &network),
        (json!({"networks": {"n": {"external": true, "name": "host"}}}), &network),
        (json!({"networks": {"n": {"external": {"name": "host"}}}}), &network),
        (json!({"networks": {"n": {"driver": "host"}}}), &network),
        (of_service("cap_add", &json!(["net_admin"])), &capability),
        (of_service("devices", &json!(["/dev/fuse:/dev/fuse:rwm"])), &device),
        (of_service("devices", &json!([{"source": "/dev/fuse"}])), &device),
    ] {
        let said = one(&compose);
        assert!(said.contains("hearth.apps.blog.allow."), "{said}");
        assert_eq!(refusals(&compose, allow), [], "{compose}");
    }
    one(&of_service("cap_add", &json!(["ALL"])));
}

#[test]
fn a_file_outside_the_folder_is_refused_wherever_it_is_named() {
    for path in ["/etc/shadow", "../x", "link", "root/etc/shadow", "./no/such/file", "inside.conf/.."] {
        let outside = path == "inside.conf/..";
        for compose in [
            json!({"configs": {"c": {"file": path}}}),
            json!({"secrets": {"s": {"file": path}}}),
            of_service("env_file", &json!(path)),
            of_service("env_file", &json!([path])),
            of_service("env_file", &json!([{"path": path, "required": false}])),
            of_service("build", &json!(path)),
            of_service("build", &json!({"context": path})),
            of_service("extends", &json!({"file": path, "service": "x"})),
            of_service("security_opt", &json!([format!("seccomp:{path}")])),
            json!({"include": [path]}),
            json!({"include": [{"path": [path]}]}),
        ] {
            let said = one(&compose);
            assert!(said.contains("read as root"), "{compose}: {said}");
            assert!(outside || said.contains(path), "{compose}: {said}");
        }
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_and_named() {
    for (compose, key) in [
        (json!(null), "the file"),
        (json!([]), "the file"),
        (json!({"services": []}), "services"),
        (json!({"services": {"app": "x"}}), "services.app"),
        (of_service("volumes", &json!("x")), "services.app.volumes"),
        (of_service("volumes", &json!([1])), "services.app.volumes[0]"),
        (of_service("cap_add", &json!({"a": 1})), "services.app.cap_add"),
        (of_service("cap_add", &json!([["a"]])), "services.app.cap_add[0]"),
        (of_service("devices", &json!([{}])), "services.app.devices[0]"),
        (of_service("env_file", &json!(1)), "services.app.env_file"),
        (of_service("network_mode", &json!(["host"])), "services.app.network_mode"),
        (of_service("pid", &json!(1)), "services.app.pid"),
        (json!({"volumes": {"v": {"driver_opts": "x"}}}), "volumes.v.driver_opts"),
        (json!({"configs": {"c": {"file": []}}}), "configs.c.file"),
    ] {
        assert_eq!(
            refusals(&compose, &Allow::default()).first().map(|refusal| refusal.key.as_str()),
            Some(key),
            "{compose}"
        );
    }
}

#[test]
fn a_name_that_is_no_nix_identifier_is_quoted_in_the_remedy() {
    assert_eq!(attribute("my-app"), "my-app");
    assert_eq!(attribute("1.x"), "\"1.x\"");
}

#[test]
fn a_port_on_one_address_is_refused_since_a_swarm_opens_it_on_all() {
    for port in [
        json!("127.0.0.1:5432:5432"),
        json!("127.0.0.1::5432/udp"),
        json!("[::1]:80:80"),
        json!("::1:80:80"),
        json!({"target": 80, "published": 80, "host_ip": "127.0.0.1"}),
    ] {
        let said = one(&of_service("ports", &json!([port])));
        assert!(said.contains("open to everybody") && said.contains("services.app.ports[0]"), "{port}: {said}");
    }
    for port in
        [json!("80"), json!(80), json!("80:80"), json!("80-90:80-90/udp"), json!("0.0.0.0:80:80"), json!("[::]:80:80")]
    {
        assert_eq!(refusals(&of_service("ports", &json!([port])), &Allow::default()), [], "{port}");
    }
}

#[test]
fn options_of_a_volume_in_memory_make_it_nothing_else() {
    for (options, said) in [
        (json!({"type": "tmpfs", "device": "/", "o": "size=1"}), "nothing that is in memory"),
        (json!({"type": "tmpfs", "device": "tmpfs", "o": "{{\"bind\"}}"}), "not among the options"),
        (json!({"type": "tmpfs", "o": "remount"}), "not among the options"),
        (json!({"type": "overlay", "device": "overlay", "o": "lowerdir=/"}), "no kind of file system"),
        (json!({"type": "proc", "device": "proc"}), "no kind of file system"),
        (json!({"type": "nfs", "device": ":/x", "o": "addr=1,rshared"}), "changes what else is mounted"),
    ] {
        let said_of = one(&json!({"volumes": {"v": {"driver_opts": options}}}));
        assert!(said_of.contains(said), "{options}: {said_of}");
    }
    let fine = json!({"volumes": {"v": {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m, mode=0700,uid=1,nosuid"}}}});
    assert_eq!(refusals(&fine, &Allow::default()), []);
}
