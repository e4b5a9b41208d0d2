//! Whatever passes, once its last readers have made of it what they do, names only the app's own, what its declaration
//! shares, and what it allows.
//!
//! Recipes are made at random out of what is dangerous, and what passes is read a second time by rules that are written
//! from those readers' sources and not from the policy: names as docker/cli's `compose/convert` gives them, templates where
//! swarmkit's `template/expand.go` expands them, routes as Traefik matches them. `HEARTH_STRANGERS` is how many are made.

use std::collections::BTreeSet;

use recipe::permit::{self, Owner};
use recipe::{Allow, Place, Port};
use serde_json::{Map, Value, json};

/// Numbers that are the same in each run (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    /// Mostly the first, which does no harm: a file in which everything is wrong says little about each rule.
    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        if self.roll(3) > 0 { all[0] } else { all[self.roll(all.len())] }
    }

    /// One in `sides`.
    fn rarely(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }
}

const NAMES: [&str; 9] = [
    "shop_data",
    "shop_",
    "shopping_data",
    "blog_data",
    "databases_postgres",
    "proxy",
    "shop_{{.Task.Slot}}",
    "data",
    "host",
];
const DRIVERS: [&str; 6] = ["", "local", "overlay", "macvlan", "bridge", "rclone"];
const OPTIONS: [(&str, &[&str]); 5] = [
    ("type", &["tmpfs", "nfs", "none", "{{\"bind\"}}", "overlay", "TMPFS"]),
    ("device", &["tmpfs", "/", ":/x", "/dev/sda"]),
    ("o", &["size=1m", "bind", "{{\"bind\"}}", "rw,rbind", "lowerdir=/", "mode=0700,nosuid"]),
    ("encrypted", &[""]),
    ("parent", &["eth0"]),
];
const SOURCES: [&str; 8] = ["data", "other", "", "/", "/etc", "/run/docker.sock", "{{.Node.ID}}", "missing"];
const HOSTS: [&str; 4] = ["shop.org", "SHOP.org", "blog.org", "www.shop.org"];

fn options(dice: &mut Dice) -> Value {
    let mut all = Map::new();
    for (name, values) in OPTIONS {
        if dice.rarely(if name.len() > 6 || name == "parent" { 12 } else { 2 }) {
            all.insert(name.to_owned(), json!(dice.of(values)));
        }
    }
    Value::Object(all)
}

fn named(dice: &mut Dice) -> Map<String, Value> {
    let mut all = Map::new();
    if dice.rarely(2) {
        all.insert("name".to_owned(), json!(dice.of(&NAMES)));
    }
    if dice.rarely(3) {
        all.insert("external".to_owned(), json!(true));
    }
    if dice.rarely(3) {
        all.insert("driver".to_owned(), json!(dice.of(&DRIVERS)));
    }
    if dice.rarely(3) {
        all.insert("driver_opts".to_owned(), options(dice));
    }
    if dice.rarely(6) {
        all.insert("labels".to_owned(), json!({ "a": dice.of(&["b", "{{.Node.ID}}"]) }));
    }
    if dice.rarely(12) {
        all.insert("ipam".to_owned(), json!({"config": [{"subnet": "9.9.9.0/24"}]}));
    }
    all
}

fn mount(dice: &mut Dice) -> Value {
    let target = dice.of(&["/a", "/{{.Node.ID}}"]);
    let kind = dice.of(&["volume", "volume", "volume", "bind", "tmpfs", "npipe", "cluster", "image"]);
    let mut mount = json!({"type": kind, "target": target, "source": dice.of(&SOURCES)});
    if dice.rarely(2) {
        mount["read_only"] = json!(true);
    }
    if dice.rarely(4) {
        mount["volume"] = json!({"subpath": dice.of(&["a", "../..", "/etc"])});
    }
    if dice.rarely(6) {
        mount["bind"] = json!({"propagation": dice.of(&["rprivate", "rshared"])});
    }
    mount
}

/// Whether a request for a host satisfies a rule, where all else that the rule asks for is so.
type Meaning = Box<dyn Fn(&str, bool) -> bool>;

/// A rule, and whether a request for a host of somebody else can satisfy it.
fn rule(dice: &mut Dice, depth: usize) -> (String, Meaning) {
    match dice.roll(if depth > 3 { 3 } else { 7 }) {
        0 | 1 => {
            let (one, two) = (dice.of(&HOSTS), dice.of(&HOSTS));
            let name = dice.of(&["Host", "host", "HOST"]);
            (
                format!("{name}(`{one}`, `{two}`)"),
                Box::new(move |host, _| host.eq_ignore_ascii_case(one) || host.eq_ignore_ascii_case(two)),
            )
        }
        2 => {
            (dice.of(&["PathPrefix(`/a`)", "HostRegexp(`.+`)", "Method(`GET`)"]).to_owned(), Box::new(|_, other| other))
        }
        3 => {
            let (text, means) = rule(dice, depth + 1);
            (format!("!({text})"), Box::new(move |host, other| !means(host, !other)))
        }
        4 => {
            let (text, means) = rule(dice, depth + 1);
            (format!("({text})"), means)
        }
        kind => {
            let ((left, one), (right, two)) = (rule(dice, depth + 1), rule(dice, depth + 1));
            if kind == 5 {
                (format!("({left}) && ({right})"), Box::new(move |host, other| one(host, other) && two(host, other)))
            } else {
                (format!("({left}) || ({right})"), Box::new(move |host, other| one(host, other) || two(host, other)))
            }
        }
    }
}

fn labels(dice: &mut Dice, stolen: &mut BTreeSet<String>) -> Value {
    let mut all = Map::new();
    let mut put = |key: &str, value: &str| all.insert(key.to_owned(), json!(value));
    if dice.rarely(2) {
        let (text, means) = rule(dice, 0);
        if [true, false].iter().any(|other| means("blog.org", *other)) {
            stolen.insert(text.clone());
        }
        put(dice.of(&["traefik.http.routers.r.rule", "traefik.HTTP.Routers.r.Rule"]), &text);
    }
    for (key, values) in [
        ("traefik.enable", &["true", "1", "yes"][..]),
        ("traefik.http.routers.r.service", &["s", "blog", "api@internal", "s@swarm"]),
        ("traefik.http.routers.r.middlewares", &["m", "blog-auth", "m@file", "m,blog"]),
        ("traefik.http.routers.r.priority", &["9"]),
        ("traefik.http.services.s.loadbalancer.server.port", &["80"]),
        ("traefik.http.services.s.loadbalancer.server.url", &["http://x"]),
        ("traefik.http.middlewares.m.headers.framedeny", &["true"]),
        ("traefik.http.middlewares.m.forwardauth.address", &["http://x"]),
        ("traefik.tcp.routers.r.rule", &["HostSNI(`*`)"]),
        ("hearth.failed", &["blog"]),
    ] {
        if dice.rarely(if values.len() > 1 { 4 } else { 20 }) {
            put(key, dice.of(values));
        }
    }
    Value::Object(all)
}

fn stranger(dice: &mut Dice, stolen: &mut BTreeSet<String>) -> Value {
    let mut service = json!({"image": "x", "volumes": [], "ports": []});
    for _ in 0..dice.roll(3) {
        let mount = mount(dice);
        service["volumes"].as_array_mut().unwrap().push(mount);
    }
    if dice.rarely(3) {
        let protocol = dice.of(&["tcp", "udp", "sctp"]);
        let published = [22, 80, 8448, 0][dice.roll(4)];
        service["ports"] = json!([{"published": published, "target": 1, "protocol": protocol}]);
    }
    if dice.rarely(4) {
        service["logging"] = json!({"driver": dice.of(&["json-file", "splunk", "journald"]), "options": {dice.of(&["max-size", "splunk-capath"]): "1"}});
    }
    if dice.rarely(2) {
        service["networks"] =
            json!({dice.of(&["n", "proxy"]): {"aliases": if dice.rarely(3) { vec!["db"] } else { vec![] }}});
    }
    service["deploy"] = json!({ "labels": labels(dice, stolen) });
    let mut file = json!({"services": {"app": service}, "volumes": {}, "networks": {"proxy": {"external": true}}});
    for key in ["data", "other"] {
        if dice.rarely(2) {
            file["volumes"][key] = Value::Object(named(dice));
        }
    }
    if dice.rarely(2) {
        file["networks"]["n"] = Value::Object(named(dice));
    }
    file
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// As the client names an object.
fn name(key: &str, object: &Value) -> String {
    match object["name"].as_str() {
        Some(name) => name.to_owned(),
        None if object["external"] == true => key.to_owned(),
        None => format!("shop_{key}"),
    }
}

/// What of a file that passed gets out, read as its last readers read it.
fn escapes(file: &Value, allow: &Allow, stolen: &BTreeSet<String>) -> Option<String> {
    let is_own = |name: &str| name.starts_with("shop_") && name.len() > 5 && !name.contains("{{");
    let expanded = |value: &Value| text(value).contains("{{");
    let volumes = file["volumes"].as_object()?;
    for (key, volume) in volumes {
        let name = name(key, volume);
        if !is_own(&name) && !allow.volumes.contains(&name) {
            return Some(format!("volume {name}"));
        }
        let options = volume["driver_opts"].as_object();
        if options.into_iter().flatten().any(|(_, value)| expanded(value)) || expanded(&volume["labels"]["a"]) {
            return Some(format!("a template in volume {key}"));
        }
        let reaches = text(&volume["driver_opts"]["o"]).contains("bind")
            || text(&volume["driver_opts"]["device"]).starts_with('/');
        if reaches || text(&volume["driver_opts"]["o"]).contains("lowerdir") {
            return Some(format!("volume {key} is a path of the host"));
        }
        if !matches!(text(&volume["driver"]), "" | "local") && !allow.volumes.contains(&name) {
            return Some(format!("the driver of volume {key}"));
        }
    }
    for (key, network) in file["networks"].as_object()? {
        let name = name(key, network);
        let shared = name == "proxy" && network["external"] == true;
        if !is_own(&name) && !shared && !allow.networks.contains(&name) {
            return Some(format!("network {name}"));
        }
        let special = !matches!(text(&network["driver"]), "" | "overlay")
            || !network["ipam"].is_null()
            || !network["driver_opts"]["parent"].is_null();
        if special && !shared && !allow.networks.contains(&name) {
            return Some(format!("the driver of network {name}"));
        }
    }
    let service = &file["services"]["app"];
    for mount in service["volumes"].as_array()? {
        if expanded(&mount["source"]) || expanded(&mount["target"]) {
            return Some("a template in a mount".to_owned());
        }
        if mount["type"] == "bind" || mount["type"] == "npipe" || mount["type"] == "cluster" || mount["type"] == "image"
        {
            return Some(format!("a mount of {}", mount["type"]));
        }
        if mount["type"] == "volume"
            && !text(&mount["source"]).is_empty()
            && !volumes.contains_key(text(&mount["source"]))
        {
            return Some("an undeclared volume".to_owned());
        }
    }
    for port in service["ports"].as_array()? {
        let port: Port = format!("{}/{}", port["published"], text(&port["protocol"])).parse().ok()?;
        if !allow.ports.contains(&port) {
            return Some(format!("port {port}"));
        }
    }
    if text(&service["logging"]["driver"]) == "splunk" || !service["logging"]["options"]["splunk-capath"].is_null() {
        return Some("a log driver".to_owned());
    }
    for (key, value) in service["deploy"]["labels"].as_object()? {
        let key = key.to_lowercase();
        let foreign =
            text(value).contains("blog") || text(value).contains("@internal") || text(value).contains("@file");
        let is_rule = key.rsplit('.').next() == Some("rule");
        let takes = is_rule && stolen.contains(text(value));
        if !allow.proxy
            && key.starts_with("traefik.")
            && (takes
                || key.starts_with("traefik.tcp")
                || key.ends_with("address")
                || key.ends_with("url")
                || key.ends_with("priority"))
            || !is_rule && key.starts_with("traefik.http.routers") && foreign
        {
            return Some(format!("label {key}={value}"));
        }
    }
    None
}

/// How many of them pass; panics at the first that gets out.
fn play(count: usize, check: &dyn Fn(&Value, &Allow) -> bool) -> Result<usize, String> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut passed = 0;
    for number in 0..count {
        let mut stolen = BTreeSet::new();
        let file = stranger(&mut dice, &mut stolen);
        let allow = match number % 4 {
            0 => {
                Allow { ports: vec!["22".parse().unwrap()], volumes: vec!["blog_data".to_owned()], ..Allow::default() }
            }
            1 => Allow { networks: vec!["blog_data".to_owned()], ..Allow::default() },
            _ => Allow::default(),
        };
        if check(&file, &allow) {
            passed += 1;
            if let Some(what) = escapes(&file, &allow, &stolen) {
                return Err(format!("{what}, allowed {allow:?}: {file:#}"));
            }
        }
    }
    Ok(passed)
}

fn passes(folder: &std::path::Path, file: &Value, allow: &Allow) -> bool {
    let networks = ["proxy".to_owned()];
    let owner = Owner { app: "shop", stack: "shop", domain: Some("shop.org"), networks: &networks };
    let place = Place { file: "rendered", app: "shop", folder };
    recipe::check(file, &place, allow).is_empty() && permit::check(file, &owner, allow).is_empty()
}

#[test]
fn nothing_that_passes_gets_out() {
    let count = std::env::var("HEARTH_STRANGERS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let passed = play(count, &|file, allow| passes(&folder, file, allow)).unwrap();
    println!("{count} recipes, of which {passed} pass");
    assert!(passed > count / 50, "only {passed} of {count} pass: what gets out is hardly looked for");
}

/// With any one of the rules left out, the reading afterwards must find what gets out.
#[test]
fn a_hole_in_the_policy_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    for hole in [
        "the swarm expands",
        "of another app",
        "network of others",
        "past its firewall",
        "log driver",
        "the rights of root",
        "the driver macvlan",
        "the hosts of other apps satisfy",
        "not declared to serve",
        "the recipe does not define",
        "below HTTP",
        "no kind of mount",
    ] {
        let networks = ["proxy".to_owned()];
        let check = |file: &Value, allow: &Allow| {
            let owner = Owner { app: "shop", stack: "shop", domain: Some("shop.org"), networks: &networks };
            let place = Place { file: "rendered", app: "shop", folder: &folder };
            let refusals = permit::check(file, &owner, allow).into_iter().chain(recipe::check(file, &place, allow));
            refusals.filter(|refusal| !refusal.reason.contains(hole)).count() == 0
        };
        play(300_000, &check).expect_err(hole);
    }
}
