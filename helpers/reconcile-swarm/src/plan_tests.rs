use proptest::prelude::*;

use super::*;

fn manifest(networks: &[(&str, bool)], labels: &[(&str, &str)]) -> Manifest {
    let networks: BTreeMap<&str, _> = networks
        .iter()
        .map(|(name, attachable)| {
            (*name, serde_json::json!({"subnet": null, "attachable": attachable, "encrypted": false}))
        })
        .collect();
    let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
    serde_json::from_value(serde_json::json!({
        "stateFolder": "/s", "dockerSocket": "/d", "dockerCommand": "/docker", "advertiseAddress": null,
        "listenAddress": "0.0.0.0:2377", "defaultAddressPools": [], "subnetSize": 24, "networks": networks,
        "nodeLabels": labels, "registries": {}, "dockerConfigFolder": "/c",
    }))
    .unwrap()
}

fn manager(swarm: &str) -> NodeState {
    NodeState::Manager { swarm: swarm.to_owned(), node: "n".to_owned() }
}

fn record(swarm: &str) -> Record {
    Record { swarm: swarm.to_owned(), labels: BTreeMap::new() }
}

/// What the engine and the record look like once a plan was applied.
fn applied(plan: &Plan, mut observed: Observed, mut record: Option<Record>) -> (Observed, Option<Record>) {
    for step in &plan.steps {
        match step {
            Step::CreateNetwork(network) => observed.networks.push(network.clone()),
            Step::RemoveNetwork(name) => observed.networks.retain(|network| network.name != *name),
            Step::Label(labels) => observed.labels.clone_from(labels),
            Step::Remember(new) => record = Some(new.clone()),
        }
    }
    (observed, record)
}

#[test]
fn a_host_that_never_had_a_swarm_gets_one() {
    assert_eq!(entry(NodeState::Inactive, None), Entry::Init);
}

#[test]
fn a_swarm_that_is_there_is_adopted() {
    assert!(matches!(entry(manager("a"), None), Entry::Manages { .. }));
    assert!(matches!(entry(manager("a"), Some(&record("a"))), Entry::Manages { .. }));
}

#[test]
fn a_swarm_that_was_lost_is_not_made_anew() {
    let Entry::Refuse(why) = entry(NodeState::Inactive, Some(&record("a"))) else { panic!("not refused") };
    assert!(why.contains("was in swarm a") && why.contains("--force-new-cluster"), "{why}");
}

#[test]
fn whatever_else_a_node_may_be_is_refused_with_what_to_do() {
    for (state, says) in [
        (manager("b"), "was in swarm a"),
        (NodeState::Worker, "docker node promote"),
        (NodeState::Locked, "docker swarm unlock"),
        (NodeState::Pending, "still joining"),
        (NodeState::Broken("no raft log".to_owned()), "no raft log"),
    ] {
        let Entry::Refuse(why) = entry(state, Some(&record("a"))) else { panic!("not refused") };
        assert!(why.contains(says) && why.contains("nothing was changed"), "{why}");
    }
}

#[test]
fn a_network_that_differs_is_left_alone_and_told() {
    let found = Network { name: "proxy".to_owned(), attachable: false, ..Network::default() };
    let observed = Observed { networks: vec![found], ..Observed::default() };
    let plan = plan(&manifest(&[("proxy", true)], &[]), &observed, Some(&record("")));
    assert_eq!(plan.steps, []);
    assert!(plan.held[0].contains("attachable false instead of true"), "{:?}", plan.held);
}

fn of_an_app(name: &str) -> Network {
    Network { name: name.to_owned(), owner: Some("shop".to_owned()), ..Network::default() }
}

fn declared_for_an_app(name: &str) -> Manifest {
    let mut manifest = manifest(&[(name, false)], &[]);
    manifest.networks.values_mut().for_each(|network| network.owner = Some("shop".to_owned()));
    manifest
}

#[test]
fn the_network_of_an_app_is_made_with_its_name_on_it() {
    let plan = plan(&declared_for_an_app("proxy-shop"), &Observed::default(), Some(&record("")));
    assert_eq!(plan.steps, [Step::CreateNetwork(of_an_app("proxy-shop"))]);
}

#[test]
fn of_networks_that_are_no_longer_declared_only_those_of_apps_go() {
    let by_hand = Network { name: "proxy-blog".to_owned(), ..Network::default() };
    let observed = Observed { networks: vec![by_hand, of_an_app("proxy-shop")], ..Observed::default() };
    let plan = plan(&manifest(&[], &[]), &observed, Some(&record("")));
    assert_eq!(plan.steps, [Step::RemoveNetwork("proxy-shop".to_owned())]);
}

#[test]
fn a_network_that_a_person_made_is_not_taken_for_the_one_of_an_app() {
    let by_hand = Network { name: "proxy-shop".to_owned(), ..Network::default() };
    let observed = Observed { networks: vec![by_hand], ..Observed::default() };
    let plan = plan(&declared_for_an_app("proxy-shop"), &observed, Some(&record("")));
    assert_eq!(plan.steps, []);
    assert!(plan.held[0].contains("owner none instead of shop"), "{:?}", plan.held);
}

#[test]
fn a_label_that_is_no_longer_declared_goes_and_a_persons_own_stays() {
    let labels = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let record = Record { swarm: String::new(), labels: labels(&[("disk", "fast")]) };
    let observed = Observed { labels: labels(&[("disk", "fast"), ("rack", "7")]), ..Observed::default() };
    let plan = plan(&manifest(&[], &[("zone", "b")]), &observed, Some(&record));
    assert_eq!(plan.steps[0], Step::Label(labels(&[("rack", "7"), ("zone", "b")])));
}

proptest! {
    #[test]
    fn applying_a_plan_and_planning_again_gives_nothing_to_do(
        declared in prop::collection::btree_map("[a-c]", any::<bool>(), 0..3),
        there in prop::collection::btree_map("[a-c]", any::<(bool, Option<String>)>(), 0..3),
        labels in prop::collection::btree_map("[a-c]", "[x-z]", 0..3),
        ours in prop::collection::btree_map("[a-c]", "[x-z]", 0..3),
        theirs in prop::collection::btree_map("[a-c]", "[x-z]", 0..3),
    ) {
        let networks: Vec<(&str, bool)> = declared.iter().map(|(name, attachable)| (name.as_str(), *attachable)).collect();
        let pairs: Vec<(&str, &str)> = labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let manifest = manifest(&networks, &pairs);
        let networks = there.into_iter().map(|(name, (attachable, owner))| Network { name, attachable, owner, ..Network::default() });
        let observed = Observed { swarm: "s".to_owned(), networks: networks.collect(), labels: theirs };
        let record = Some(Record { swarm: "s".to_owned(), labels: ours });
        let first = plan(&manifest, &observed, record.as_ref());
        let (observed, record) = applied(&first, observed, record);
        prop_assert_eq!(plan(&manifest, &observed, record.as_ref()).steps, []);
    }
}
