//! The difference between what is wanted and what is there. Pure: no file, no clock.

use std::collections::{BTreeMap, BTreeSet};

use sops::Text;

use crate::generation::Generation;
use crate::manifest::Unit;

/// Whose a file is, and who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The permission bits.
    pub mode: u32,
}

/// A file that is wanted.
#[derive(Debug)]
pub struct Wanted {
    /// Its name within the generation.
    pub name: String,
    /// What a person calls it: ``secret `x` ``.
    pub label: String,
    /// Its content; `None` when it could not be had this time.
    pub content: Option<Text>,
    /// Whether the content is of this run, and not put together from that of an earlier one.
    pub fresh: bool,
    /// Its permissions; `None` when its owner or group is unknown.
    pub permissions: Option<Permissions>,
    /// Units to restart when its content changes.
    pub restart: Vec<Unit>,
    /// Units to reload when its content changes.
    pub reload: Vec<Unit>,
}

/// A file of the next generation.
#[derive(Debug)]
pub struct File {
    /// Its name within the generation.
    pub name: String,
    /// Its content.
    pub content: Text,
    /// Its permissions.
    pub permissions: Permissions,
}

/// What is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// All files of the next generation; of no meaning when nothing changes.
    pub files: Vec<File>,
    /// What differs, a line each; empty when nothing does.
    pub changes: Vec<String>,
    /// Names of files that keep their last content, because there is no new one.
    pub kept: BTreeSet<String>,
    /// How many files could be rendered, their content new or confirmed.
    pub rendered: usize,
    /// Units to restart.
    pub restart: BTreeSet<Unit>,
    /// Units to reload, without those that are restarted.
    pub reload: BTreeSet<Unit>,
    /// Units to start where they have failed: no generation was there for them to read. All others have read nothing yet.
    pub start: BTreeSet<Unit>,
}

impl Wanted {
    fn is_renewed(&self) -> bool {
        self.fresh && self.content.is_some() && self.permissions.is_some()
    }
}

impl Plan {
    /// Compares what is wanted with the current generation.
    pub fn new(mut wanted: Vec<Wanted>, current: Option<&Generation>) -> Self {
        let mut plan = Self::default();
        // What cannot be renewed at all keeps its content, templates among it; who may read it is as declared all the same.
        if current.is_some() && !wanted.iter().any(Wanted::is_renewed) {
            for file in &mut wanted {
                file.content = None;
            }
        }
        let nothing = BTreeMap::new();
        let existing = current.map_or(&nothing, |generation| &generation.files);
        let names: BTreeSet<String> = wanted.iter().map(|file| file.name.clone()).collect();
        for file in wanted {
            plan.add(file, existing, current.is_some());
        }
        for gone in existing.keys().filter(|name| !names.contains(*name)) {
            plan.changes.push(format!("`{gone}` goes: nothing declares it"));
        }
        plan.reload = &plan.reload - &plan.restart;
        plan
    }

    /// Whether the current generation is what is wanted.
    pub fn is_unchanged(&self) -> bool {
        self.changes.is_empty()
    }

    fn add(&mut self, file: Wanted, existing: &BTreeMap<String, crate::generation::Existing>, had_generation: bool) {
        let old = existing.get(&file.name);
        let (Some(content), Some(permissions)) = (file.content, file.permissions) else {
            if let Some(old) = old {
                // Asked-for permissions apply to old content too: they may have been narrowed.
                let permissions = file.permissions.unwrap_or(old.permissions);
                self.kept.insert(file.name.clone());
                self.compare_permissions(&file.label, permissions, old.permissions);
                self.files.push(File { name: file.name, content: old.content.clone(), permissions });
            }
            return;
        };
        self.rendered += usize::from(file.fresh);
        match old {
            Some(old) if old.content == content => {
                self.compare_permissions(&file.label, permissions, old.permissions);
            }
            other => {
                let what = if other.is_some() { "has new content" } else { "is new" };
                self.changes.push(format!("{} {what}", file.label));
                if had_generation {
                    self.restart.extend(file.restart);
                    self.reload.extend(file.reload);
                } else {
                    self.start.extend(file.restart.into_iter().chain(file.reload));
                }
            }
        }
        self.files.push(File { name: file.name, content, permissions });
    }

    fn compare_permissions(&mut self, label: &str, new: Permissions, old: Permissions) {
        if new != old {
            let Permissions { uid, gid, mode } = new;
            self.changes.push(format!("{label} gets user {uid}, group {gid}, mode {mode:04o}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::Existing;

    const OURS: Permissions = Permissions { uid: 0, gid: 0, mode: 0o400 };

    fn wanted(name: &str, content: Option<&str>) -> Wanted {
        Wanted {
            name: name.to_owned(),
            label: format!("secret `{name}`"),
            content: content.map(Text::from),
            fresh: true,
            permissions: Some(OURS),
            restart: vec![Unit::try_from(format!("{name}.service")).unwrap()],
            reload: vec![Unit::try_from("both.service".to_owned()).unwrap()],
        }
    }

    fn generation(files: &[(&str, &str)]) -> Generation {
        let files = files
            .iter()
            .map(|(name, content)| ((*name).to_owned(), Existing { content: Text::from(*content), permissions: OURS }));
        Generation { number: 1, files: files.collect() }
    }

    fn units(units: &BTreeSet<Unit>) -> Vec<&str> {
        units.iter().map(Unit::as_str).collect()
    }

    #[test]
    fn the_first_generation_after_a_boot_restarts_nothing_and_starts_what_has_failed() {
        let plan = Plan::new(vec![wanted("a", Some("1"))], None);
        assert_eq!(plan.changes, ["secret `a` is new"]);
        assert!(plan.restart.is_empty() && plan.reload.is_empty());
        assert_eq!(units(&plan.start), ["a.service", "both.service"]);
    }

    #[test]
    fn only_units_of_changed_content_are_told() {
        let current = generation(&[("a", "1"), ("b", "2")]);
        let plan = Plan::new(vec![wanted("a", Some("1")), wanted("b", Some("3"))], Some(&current));
        assert_eq!(plan.changes, ["secret `b` has new content"]);
        assert_eq!(units(&plan.restart), ["b.service"]);
        assert_eq!(units(&plan.reload), ["both.service"]);
    }

    #[test]
    fn a_unit_that_is_restarted_is_not_reloaded_too() {
        let current = generation(&[("both", "1")]);
        let plan = Plan::new(vec![wanted("both", Some("2"))], Some(&current));
        assert_eq!((units(&plan.restart), units(&plan.reload)), (vec!["both.service"], vec![]));
    }

    #[test]
    fn other_permissions_alone_restart_nothing() {
        let mut file = wanted("a", Some("1"));
        file.permissions = Some(Permissions { mode: 0o440, ..OURS });
        let plan = Plan::new(vec![file], Some(&generation(&[("a", "1")])));
        assert_eq!(plan.changes, ["secret `a` gets user 0, group 0, mode 0440"]);
        assert!(plan.restart.is_empty());
    }

    #[test]
    fn nothing_differs_when_nothing_differs() {
        let plan = Plan::new(vec![wanted("a", Some("1"))], Some(&generation(&[("a", "1")])));
        assert!(plan.is_unchanged());
    }

    #[test]
    fn a_secret_without_new_content_keeps_the_old_one_and_others_are_renewed() {
        let current = generation(&[("a", "1"), ("b", "2")]);
        let plan = Plan::new(vec![wanted("a", None), wanted("b", Some("3"))], Some(&current));
        let files: Vec<_> = plan.files.iter().map(|f| (f.name.as_str(), f.content.expose_str().unwrap())).collect();
        assert_eq!(files, [("a", "1"), ("b", "3")]);
        assert_eq!(units(&plan.restart), ["b.service"]);
        assert!(plan.kept.contains("a"));
    }

    #[test]
    fn when_nothing_can_be_renewed_all_content_stays_and_nobody_is_told() {
        let current = generation(&[("a", "1"), ("t", "of old content")]);
        assert!(Plan::new(vec![wanted("a", None)], Some(&generation(&[("a", "1")]))).is_unchanged());
        let template = || Wanted { fresh: false, ..wanted("t", Some("put together anew")) };
        let plan = Plan::new(vec![wanted("a", None), template()], Some(&current));
        assert!(plan.is_unchanged() && plan.restart.is_empty() && plan.reload.is_empty(), "{plan:?}");
    }

    #[test]
    fn when_nothing_can_be_renewed_permissions_are_narrowed_and_what_is_not_declared_goes() {
        let current = generation(&[("a", "1"), ("gone", "2"), ("t", "of old content")]);
        let narrow = Some(Permissions { mode: 0, ..OURS });
        let template = Wanted { fresh: false, permissions: narrow, ..wanted("t", Some("put together anew")) };
        let plan = Plan::new(vec![wanted("a", None), template], Some(&current));
        assert_eq!(plan.changes, ["secret `t` gets user 0, group 0, mode 0000", "`gone` goes: nothing declares it"]);
        let files: Vec<_> = plan.files.iter().map(|f| (f.name.as_str(), f.content.expose_str().unwrap())).collect();
        assert_eq!(files, [("a", "1"), ("t", "of old content")]);
        assert!(plan.restart.is_empty() && plan.reload.is_empty());
    }
}
