//! Apps that left the flake and are still on the host. The receipt of the unit that looks for them names each, and each is a
//! problem of its own, which is over when that app is declared again or removed.

use serde::Deserialize;
use state::Receipt;

use crate::event::{Kind, Problem, identity_of};
use crate::memory::Memory;
use crate::plan::Looked;

/// An app, as the receipt tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct App {
    #[serde(rename = "app")]
    name: String,
    standing: Standing,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    snapshot: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Standing {
    Running,
    Stopping,
    Stopped,
    TakenOver,
}

/// The apps that a receipt names; `None` where it is not one of a look at them, or of one that found out nothing.
pub fn apps(receipt: &Receipt) -> Option<Vec<App>> {
    serde_json::from_value(receipt.found.get("undeclared")?.clone()).ok()
}

/// Whether a receipt names any.
pub fn names_apps(receipt: &Receipt) -> bool {
    apps(receipt).is_some_and(|apps| !apps.is_empty())
}

/// What a receipt says of each app that left the flake, and that those are well of which it says nothing any more.
pub fn looked(unit: &str, receipt: &Receipt, memory: &Memory) -> Option<Vec<Looked>> {
    let apps = apps(receipt)?;
    let source = |app: &str| format!("{unit} {app}");
    let mut looked: Vec<Looked> = apps
        .iter()
        .map(|app| Looked { source: source(&app.name), problems: vec![app.problem(source(&app.name))] })
        .collect();
    let open = memory.open.values().map(|open| &open.problem).filter(|problem| problem.kind == Kind::Undeclared);
    for problem in open.filter(|problem| problem.source.split_once(' ').is_some_and(|(of, _)| of == unit)) {
        if !looked.iter().any(|one| one.source == problem.source) {
            looked.push(Looked { source: problem.source.clone(), problems: Vec::new() });
        }
    }
    Some(looked)
}

impl App {
    fn problem(&self, source: String) -> Problem {
        let app = &self.name;
        let reason = self.reason.as_deref().unwrap_or("a look was cut off");
        let (cause, consequence) = match self.standing {
            Standing::Stopped => (
                self.snapshot.as_ref().map_or_else(
                    || "it is not in the flake any more, and nothing of it runs".to_owned(),
                    |id| format!("it is not in the flake any more, and was stopped after snapshot {id}"),
                ),
                "nobody is served by it; its data is kept",
            ),
            Standing::Running | Standing::Stopping => (
                format!("it is not in the flake any more, and runs on: {reason}"),
                "nobody updates it, copies its data or sees that it fails",
            ),
            Standing::TakenOver => (
                format!("it is not in the flake any more, and {reason}"),
                "its services and data are those of the other app; its records and snapshots are still here",
            ),
        };
        Problem {
            kind: Kind::Undeclared,
            source,
            object: format!("app {app}"),
            identity: identity_of(&cause),
            cause,
            consequence: consequence.to_owned(),
            remedy: format!(
                "declare hearth.apps.{app} again, which brings it back with its data; or `hearth remove {app}`"
            ),
            summary: None,
            details: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;
    use state::Outcome;

    use super::*;
    use crate::event::Status;
    use crate::judge::{self, Seen, UnitState};
    use crate::manifest::Watched;
    use crate::plan::{Rules, forget_undeclared, tell};

    const UNIT: &str = "hearth-undeclared.service";

    fn receipt(found: serde_json::Value) -> Receipt {
        let mut receipt = Receipt::start("reconcile-app", "undeclared");
        receipt.found = found;
        receipt.finish(Outcome::Held, "not in the flake: wiki (stopped)");
        receipt
    }

    fn found(apps: &[&str]) -> serde_json::Value {
        let one = |app: &&str| json!({ "app": app, "standing": "stopped", "snapshot": "000004-x", "since": "now", "stacks": [] });
        json!({ "undeclared": apps.iter().map(one).collect::<Vec<_>>() })
    }

    fn told(memory: &mut Memory, receipt: &Receipt) -> Vec<(Status, String)> {
        let rules = Rules { host: "h", now: Timestamp::now(), repeat: None, channels: ["c".to_owned()].into() };
        let looked = looked(UNIT, receipt, memory).unwrap_or_default();
        tell(memory, &looked, &rules).into_iter().map(|event| (event.status, event.problem.object)).collect()
    }

    #[test]
    fn each_app_is_told_once_and_once_more_when_it_is_declared_again_or_removed() {
        let mut memory = Memory::default();
        let event = |status, app: &str| (status, format!("app {app}"));
        assert_eq!(told(&mut memory, &receipt(found(&["wiki"]))), [event(Status::Problem, "wiki")]);
        assert_eq!(told(&mut memory, &receipt(found(&["wiki"]))), []);
        assert_eq!(told(&mut memory, &receipt(found(&["blog", "wiki"]))), [event(Status::Problem, "blog")]);
        forget_undeclared(&mut memory, &[UNIT.to_owned()].into());
        assert_eq!(told(&mut memory, &receipt(found(&["blog"]))), [event(Status::Resolved, "wiki")]);
        assert_eq!(told(&mut memory, &receipt(serde_json::Value::Null)), [], "a look that failed says nothing of it");
        assert_eq!(told(&mut memory, &receipt(found(&[]))), [event(Status::Resolved, "blog")]);
    }

    #[test]
    fn the_unit_that_holds_for_them_is_not_told_too() {
        let seen = |receipt| Seen {
            state: UnitState::Well,
            receipt: Ok(Some(receipt)),
            failed_before: None,
            journal: Vec::new(),
        };
        let judged = |found| judge::unit(UNIT, &Watched::default(), &seen(receipt(found)), Timestamp::now()).unwrap();
        assert!(judged(found(&["wiki"])).is_empty());
        assert_eq!(judged(found(&[])).len(), 1, "what holds for another reason is told");
    }

    #[test]
    fn an_app_that_runs_on_says_why_and_what_to_do() {
        let app = json!({ "app": "wiki", "standing": "running", "reason": "hearth.undeclared = \"keep\"" });
        let looked = looked(UNIT, &receipt(json!({ "undeclared": [app] })), &Memory::default()).unwrap();
        let problem = &looked[0].problems[0];
        assert_eq!(problem.cause, "it is not in the flake any more, and runs on: hearth.undeclared = \"keep\"");
        assert!(problem.remedy.contains("`hearth remove wiki`"), "{}", problem.remedy);
    }
}
