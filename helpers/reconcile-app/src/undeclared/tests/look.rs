//! Looks: what is stopped, what is not, and what is told.

use serde_json::json;
use state::{Journal, Outcome};

use super::world::{BLOG, Store, WIKI, World};
use crate::colour::FAILED_LABEL;
use crate::plan::APP_LABEL;
use crate::record::Intent;
use crate::undeclared::record::{Record, Standing};
use crate::undeclared::run::Options;

#[tokio::test]
async fn an_app_that_left_the_flake_is_stopped_after_a_final_snapshot_and_no_other_is() {
    let world = World::new();
    let receipt = world.look().await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{}", receipt.summary);
    assert!(!world.runs(WIKI) && world.runs(BLOG));
    assert_eq!(*world.shelf.taken.borrow(), [("wiki".to_owned(), true)]);
    let record = world.record();
    assert_eq!((record.standing, record.snapshot.as_deref()), (Standing::Stopped, Some("000001")));
    let told = &receipt.found["undeclared"][0];
    assert_eq!(
        (&told["app"], &told["standing"], &told["snapshot"]),
        (&json!("wiki"), &json!("stopped"), &json!("000001"))
    );
}

#[tokio::test]
async fn the_next_look_holds_and_touches_nothing() {
    let world = World::new();
    world.look().await;
    let since = world.record().since;
    world.calls();
    let receipt = world.look().await;
    assert_eq!((receipt.outcome, world.record().since), (Outcome::Held, since));
    assert!(
        receipt.summary.contains("wiki (stopped)") && receipt.summary.contains("hearth remove"),
        "{}",
        receipt.summary
    );
    assert!(world.calls().iter().all(|call| call.starts_with("list services")));
    assert_eq!(world.shelf.taken.borrow().len(), 1);
}

#[tokio::test]
async fn where_every_app_is_declared_a_look_is_one_request() {
    let mut world = World::new();
    world.declared.push(("wiki", "wiki_example_org", false));
    let receipt = world.look().await;
    assert_eq!((receipt.outcome, receipt.summary.as_str()), (Outcome::Unchanged, "every app of this host is declared"));
    assert_eq!(world.calls(), ["list services hearth.app"]);
    assert!(world.runs(WIKI), "it is declared, and turned off");
}

#[tokio::test]
async fn with_the_policy_keep_it_runs_on_and_is_told() {
    let world = World { policy: "keep", ..World::new() };
    let receipt = world.look().await;
    assert_eq!(receipt.outcome, Outcome::Held);
    assert!(world.runs(WIKI) && world.shelf.taken.borrow().is_empty());
    assert_eq!(receipt.found["undeclared"][0]["standing"], json!("running"));
}

#[tokio::test]
async fn an_app_that_was_renamed_keeps_its_services_because_its_stack_is_declared() {
    let mut world = World::new();
    world.declared.push(("wikki", "wiki_example_org", false));
    let receipt = world.look().await;
    assert!(world.runs(WIKI) && world.shelf.taken.borrow().is_empty());
    let record = world.record();
    assert_eq!(record.standing, Standing::TakenOver);
    assert_eq!(record.reason.as_deref(), Some("its stack is that of `wikki` now"));
    assert_eq!(receipt.outcome, Outcome::Held);
}

#[tokio::test]
async fn where_it_is_not_certain_what_is_declared_nothing_is_done() {
    let world = World::new();
    std::fs::remove_file(world.path("etc/blog.json")).unwrap();
    let receipt = world.look().await;
    assert_eq!(receipt.outcome, Outcome::Failed);
    assert!(receipt.summary.contains("blog is declared and"), "{}", receipt.summary);
    std::fs::remove_dir_all(world.path("etc")).unwrap();
    assert!(world.look().await.summary.contains("which apps are declared is not certain; nothing was done"));
    assert!(world.runs(WIKI));
}

#[tokio::test]
async fn what_cannot_be_stopped_safely_runs_on_and_says_why() {
    let world = World::new();
    std::fs::write(world.path("etc/wiki.json"), "{}").unwrap();
    let why = async || {
        let receipt = world.look().await;
        assert_eq!((receipt.outcome, world.runs(WIKI)), (Outcome::Held, true), "{}", receipt.summary);
        world.record().reason.unwrap()
    };
    assert!(why().await.contains("the list of apps does not"));
    std::fs::remove_file(world.path("etc/wiki.json")).unwrap();

    let restore = Intent::Restore {
        digest: "d".to_owned(),
        reason: "r".to_owned(),
        snapshot: "s".to_owned(),
        tag: None,
        failed: true,
    };
    let journal = Journal::in_folder(&world.state("wiki"));
    journal.record(&restore).unwrap();
    assert!(why().await.contains("cut off while restoring the data"));
    journal.clear().unwrap();

    std::fs::remove_file(world.state("wiki").join("declared.json")).unwrap();
    assert!(why().await.contains("an older Hearth deployed it"));
    std::fs::write(world.state("wiki").join("declared.json"), "{").unwrap();
    assert!(why().await.contains("cannot be read"));
    std::fs::copy(world.state("blog").join("declared.json"), world.state("wiki").join("declared.json")).unwrap();
    assert!(why().await.contains("is the manifest of `blog` and not of `wiki`"));
}

#[tokio::test]
async fn without_room_for_the_final_snapshot_it_is_not_stopped_and_tried_again() {
    let world = World::new();
    world.shelf.store.set(Store::Full);
    let receipt = world.look().await;
    assert_eq!((receipt.outcome, world.runs(WIKI)), (Outcome::Held, true));
    assert!(!world.calls().iter().any(|call| call.starts_with("stop")));
    assert_eq!(world.record().reason.as_deref(), Some("no final snapshot: 9 bytes are needed, 1 is free"));
    world.shelf.store.set(Store::Good);
    assert_eq!((world.look().await.outcome, world.runs(WIKI)), (Outcome::Changed, false));
}

#[tokio::test]
async fn where_the_final_snapshot_fails_it_is_started_again_and_not_interrupted_once_more() {
    let world = World::new();
    world.shelf.store.set(Store::Broken);
    assert_eq!((world.look().await.outcome, world.runs(WIKI)), (Outcome::Held, true));
    assert!(world.calls().contains(&format!("stop {WIKI}")));
    world.shelf.store.set(Store::Good);
    assert_eq!((world.look().await.outcome, world.runs(WIKI)), (Outcome::Held, true));
    assert!(!world.calls().iter().any(|call| call.starts_with("stop")));
    assert_eq!(world.record().reason.as_deref(), Some("no final snapshot: the disk is broken"));
    let retried = world.look_with(Options { retry: true, ..Options::default() }).await;
    assert_eq!((retried.outcome, world.runs(WIKI)), (Outcome::Changed, false));
}

#[tokio::test]
async fn a_look_that_was_cut_off_in_the_middle_is_finished_and_the_app_counts_as_it_was_before() {
    let world = World::new();
    let begun = Record { standing: Standing::Stopping, healthy: true, ..Record::found(jiff::Timestamp::now()) };
    begun.write(&world.state("wiki")).unwrap();
    world.engine.scale(WIKI, 0);
    assert_eq!(world.look().await.outcome, Outcome::Changed);
    assert_eq!(*world.shelf.taken.borrow(), [("wiki".to_owned(), true)]);
    assert_eq!(world.record().standing, Standing::Stopped);
}

#[tokio::test]
async fn cut_off_and_then_held_back_it_still_gets_its_final_snapshot() {
    let world = World::new();
    let begun = Record { standing: Standing::Stopping, healthy: true, ..Record::found(jiff::Timestamp::now()) };
    begun.write(&world.state("wiki")).unwrap();
    world.engine.scale(WIKI, 0);
    std::fs::write(world.path("etc/wiki.json"), "{}").unwrap();
    assert_eq!(world.look().await.outcome, Outcome::Held);
    assert_eq!(world.record().standing, Standing::Stopping);
    std::fs::remove_file(world.path("etc/wiki.json")).unwrap();
    assert_eq!(world.look().await.outcome, Outcome::Changed);
    assert_eq!(*world.shelf.taken.borrow(), [("wiki".to_owned(), true)]);
}

#[tokio::test]
async fn a_deploy_that_was_cut_off_makes_no_last_good_snapshot() {
    let world = World::new();
    let deploy = Intent::Deploy { digest: "d".to_owned(), snapshot: None };
    Journal::in_folder(&world.state("wiki")).record(&deploy).unwrap();
    assert_eq!(world.look().await.outcome, Outcome::Changed);
    assert_eq!(*world.shelf.taken.borrow(), [("wiki".to_owned(), false)]);
}

#[tokio::test]
async fn an_app_of_which_only_services_are_left_runs_on_until_somebody_decides() {
    let world = World::new();
    world.start("lost", APP_LABEL, "lost");
    let receipt = world.look().await;
    assert!(world.runs("lost_app") && !world.runs(WIKI));
    assert!(receipt.summary.contains("lost (running), wiki (stopped)"), "{}", receipt.summary);
}

#[tokio::test]
async fn services_without_hearths_label_are_nobodys_business() {
    let world = World::new();
    world.start("other", "com.example.owner", "other");
    world.look().await;
    assert!(world.runs("other_app"));
}

#[tokio::test]
async fn what_is_kept_of_a_colour_that_failed_is_stopped_too() {
    let world = World::new();
    world.start("wiki", FAILED_LABEL, "wiki_example_org-green");
    world.look().await;
    assert!(!world.runs("wiki_example_org-green_app") && !world.runs(WIKI));
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let world = World::new();
    let receipt = world.look_with(Options { dry_run: true, ..Options::default() }).await;
    assert_eq!(receipt.plan, ["wiki: stop after a final snapshot: it is not in the flake"]);
    assert!(world.runs(WIKI) && Record::read(&world.state("wiki")).unwrap().is_none());
    assert!(!world.path("undeclared/last.json").exists());
}
