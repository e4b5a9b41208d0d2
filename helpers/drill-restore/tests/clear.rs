//! What drills made is found by its label and removed, and nothing else is.

use drill_restore::clear::clear;
use swarm::Service;
use swarm::fake::Fake;

fn labels(app: &str) -> std::collections::BTreeMap<String, String> {
    [("hearth.drill".to_owned(), app.to_owned())].into()
}

/// A live app, and what a drill of it and one of another app left.
fn host() -> Fake {
    let fake = Fake::default();
    let mut left = Service::replicated("drill_wiki_app", 1);
    (left.labels, left.volumes) = (labels("wiki"), vec!["drill_wiki_data".to_owned()]);
    let mut live = Service::replicated("wiki_app", 1);
    live.labels.insert("hearth.app".to_owned(), "wiki".to_owned());
    *fake.services.borrow_mut() = vec![left, live];
    for (name, labels) in [
        ("drill_wiki_data", labels("wiki")),
        ("wiki_data", std::collections::BTreeMap::default()),
        ("drill_blog_data", labels("blog")),
    ] {
        fake.volumes.borrow_mut().insert(name.to_owned(), labels.clone());
    }
    fake.networks.borrow_mut().insert("drill_wiki_default".to_owned(), labels("wiki"));
    fake.networks.borrow_mut().insert("proxy".to_owned(), std::collections::BTreeMap::default());
    fake
}

#[tokio::test]
async fn everything_of_this_apps_drills_goes_and_all_else_stays() {
    let fake = host();
    assert_eq!(clear(&fake, "wiki").await.unwrap(), 3);
    let services: Vec<String> = fake.services.borrow().iter().map(|service| service.name.clone()).collect();
    assert_eq!(services, ["wiki_app"]);
    assert_eq!(fake.volumes.borrow().keys().collect::<Vec<_>>(), ["drill_blog_data", "wiki_data"]);
    assert_eq!(fake.networks.borrow().keys().collect::<Vec<_>>(), ["proxy"]);
}

#[tokio::test]
async fn services_go_first_because_they_hold_the_rest() {
    let fake = host();
    clear(&fake, "wiki").await.unwrap();
    let removed: Vec<String> = fake.calls.borrow().iter().filter(|call| call.starts_with("remove")).cloned().collect();
    assert_eq!(
        removed,
        ["remove service drill_wiki_app", "remove volume drill_wiki_data", "remove network drill_wiki_default"]
    );
}

#[tokio::test]
async fn where_nothing_was_left_nothing_is_removed() {
    assert_eq!(clear(&Fake::default(), "wiki").await.unwrap(), 0);
}
