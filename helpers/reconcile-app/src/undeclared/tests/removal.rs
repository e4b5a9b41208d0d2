//! Removing what is left.

use serde_json::json;
use state::Outcome;

use super::world::{BLOG, WIKI, World};
use crate::plan::APP_LABEL;
use crate::undeclared::remove::remains;

#[tokio::test]
async fn what_is_left_of_an_app_is_shown_before_it_is_removed() {
    let world = World::new();
    world.furnish();
    world.look().await;
    let left = remains(&world.manifest(), &world.engine, "wiki").await.unwrap();
    let records = format!("{}, {}", world.path("recipes/r/used/wiki.json").display(), world.state("wiki").display());
    let lines = |volumes: &str| {
        [
            "remove services: wiki_example_org_app".to_owned(),
            "remove secrets: wiki_secret".to_owned(),
            "remove configs: wiki_config".to_owned(),
            "remove networks: wiki_network".to_owned(),
            format!("{volumes} volumes, with all data in them: wiki_data"),
            format!("remove records: {records}"),
        ]
    };
    assert_eq!(left.lines(false), lines("keep"));
    assert_eq!(left.lines(true), lines("remove"));
}

#[tokio::test]
async fn an_app_is_removed_but_for_its_data_and_nothing_of_another_app_is() {
    let world = World::new();
    world.furnish();
    let receipt = world.remove("wiki", false).await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{}", receipt.summary);
    assert_eq!(world.left(), ["wiki_data"]);
    assert!(!world.state("wiki").exists() && world.state("blog").exists());
    assert!(!world.path("recipes/r/used/wiki.json").exists() && world.path("recipes/r/used/blog.json").exists());
    assert!(world.runs(BLOG) && world.engine.secrets.borrow().contains_key("blog_secret"));
    assert_eq!(receipt.found, json!({ "undeclared": [] }));
    assert_eq!(world.look().await.outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn with_its_data_nothing_of_it_is_left() {
    let world = World::new();
    world.furnish();
    let receipt = world.remove("wiki", true).await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{}", receipt.summary);
    assert!(world.left().is_empty() && world.engine.volumes.borrow().contains_key("blog_data"));
}

#[tokio::test]
async fn a_volume_that_another_app_mounts_stays_though_nothing_of_that_app_runs() {
    let world = World::new();
    world.furnish();
    world.start("blog", APP_LABEL, "blog_example_org");
    world.engine.services.borrow_mut().last_mut().unwrap().volumes = ["wiki_data".to_owned()].into();
    world.engine.scale(BLOG, 0);
    let left = remains(&world.manifest(), &world.engine, "wiki").await.unwrap();
    let kept = "keep volumes that are not of its stack, or that another app mounts: wiki_data".to_owned();
    assert!(left.lines(true).contains(&kept), "{:?}", left.lines(true));
    assert_eq!(world.remove("wiki", true).await.outcome, Outcome::Changed);
    assert_eq!(world.left(), ["wiki_data"]);
}

#[tokio::test]
async fn where_its_snapshots_are_is_said_to_be_unknown_and_not_that_there_are_none() {
    let world = World::new();
    world.furnish();
    std::fs::remove_file(world.state("wiki").join("declared.json")).unwrap();
    world.engine.volumes.borrow_mut().clear();
    let left = remains(&world.manifest(), &world.engine, "wiki").await.unwrap();
    let said = "keep snapshots: no copy of its declaration was kept, so where they are is not known".to_owned();
    assert!(left.lines(true).contains(&said), "{:?}", left.lines(true));
    let summary = world.remove("wiki", true).await.summary;
    assert!(!summary.contains("it had no data here"), "{summary}");
}

#[tokio::test]
async fn an_app_that_is_declared_is_not_removed() {
    let mut world = World::new();
    world.furnish();
    let receipt = world.remove("blog", true).await;
    assert_eq!(receipt.outcome, Outcome::Failed);
    assert!(
        receipt.summary.contains("blog is declared; nothing was removed. Take hearth.apps.blog out"),
        "{}",
        receipt.summary
    );
    let receipt = world.remove("wikki", true).await;
    assert!(
        receipt.summary.ends_with("no app that is called `wikki` has left the flake; there is: wiki"),
        "{}",
        receipt.summary
    );
    world.declared.push(("wikki", "wiki_example_org", false));
    let receipt = world.remove("wiki", true).await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{}", receipt.summary);
    assert!(world.runs(WIKI), "its stack is that of another app now");
    assert_eq!(world.left().len(), 5, "{:?}", world.left());
    assert!(!world.state("wiki").exists());
}

#[tokio::test]
async fn a_removal_that_was_cut_off_is_still_listed_and_can_be_asked_for_again() {
    let world = World::new();
    world.furnish();
    world.look().await;
    for file in ["deployed.json", "lock"] {
        std::fs::remove_file(world.state("wiki").join(file)).unwrap();
    }
    world.engine.services.borrow_mut().retain(|service| service.name != WIKI);
    // Of the store, its own files are left.
    let store = world.path("snapshots/wiki");
    std::fs::create_dir_all(&store).unwrap();
    std::fs::write(store.join("lock"), "").unwrap();
    assert_eq!(world.look().await.outcome, Outcome::Held);
    assert_eq!(world.remove("wiki", true).await.outcome, Outcome::Changed);
    assert!(world.left().is_empty() && !store.exists());
}
