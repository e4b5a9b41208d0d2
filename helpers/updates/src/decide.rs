//! The decision: a pure function of what the repository offers, what serves, and what a person said.

use std::fmt;

use recipe::Version;
use serde::{Deserialize, Serialize};

use crate::{Acceptance, Commit, Policy, Step, Tag};

/// What `release/<version>` says: what a person must do by hand on the way to that version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Note {
    /// The version that it belongs to.
    pub version: Version,
    /// What it says.
    pub text: String,
}

/// A version that the repository offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The tag.
    pub tag: Tag,
    /// The notes in its tree.
    pub notes: Vec<Note>,
    /// Where the tag stood when this app saw it first, if it stands elsewhere now.
    pub moved_from: Option<Commit>,
    /// What it asks for beyond what serves, as far as that is known.
    pub asks: Vec<String>,
    /// Why its tag does not count as signed, where that is demanded and was looked at.
    pub unsigned: Option<String>,
}

/// What is known when the decision is made.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The version that serves.
    pub current: Option<&'a Tag>,
    /// The version that the host's declaration names.
    pub declared: Option<&'a Version>,
    /// How far the app may move by itself.
    pub policy: Policy,
    /// What the repository offers, in any order.
    pub candidates: &'a [Candidate],
    /// What a person accepted.
    pub accepted: &'a [Acceptance],
    /// The versions that failed since the current one was deployed.
    pub failed: &'a [Tag],
}

/// What to do about an app's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is nothing that it should move to.
    UpToDate,
    /// It moves to a version; a newer one may be held beyond it.
    Update {
        /// The version.
        to: Tag,
        /// What a person may decide besides.
        beyond: Option<Hold>,
    },
    /// A person must decide. What serves goes on serving.
    Held(Hold),
    /// What it should move to failed before and has not changed since. What serves goes on serving.
    FailedBefore {
        /// The version that failed.
        version: Tag,
        /// What a person may decide besides.
        beyond: Option<Hold>,
    },
    /// The declared version is none of the repository's. What serves goes on serving.
    Missing {
        /// The version.
        declared: Version,
    },
    /// Nothing is deployed, and the repository has no released version.
    NoVersions,
}

/// An update that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hold {
    /// The version that it would move to.
    pub to: Tag,
    /// Why not by itself; never empty.
    pub reasons: Vec<Reason>,
}

/// Why an update waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Reason {
    /// The step is a major one.
    Major,
    /// The recipe says what a person must do on the way.
    ReleaseNotes(Note),
    /// The tag stood at another commit before.
    TagMoved {
        /// Where it stood when this app saw it first.
        was: Commit,
        /// Where it stands.
        is: Commit,
    },
    /// It asks for something that what serves does not have.
    Asks {
        /// Each thing, as a person reads it.
        more: Vec<String>,
    },
    /// Its tag is signed by nobody whose word counts.
    Unsigned {
        /// What is wrong with the signature.
        why: String,
    },
    /// The declared version is older than what serves, whose data it may not understand.
    Downgrade,
}

impl Reason {
    /// What the version asks for, where that is why it waits.
    pub fn more(&self) -> Option<&[String]> {
        if let Self::Asks { more } = self { Some(more) } else { None }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Major => f.write_str("it is a major step, which may break what uses the app"),
            Self::ReleaseNotes(note) => write!(f, "its notes for {} ask for a person: {}", note.version, note.text),
            Self::TagMoved { was, is } => {
                write!(
                    f,
                    "its tag was moved from commit {} to {}; ask the recipe's makers why",
                    was.short(),
                    is.short()
                )
            }
            Self::Asks { more } => write!(f, "it asks for more than what serves has: + {}", more.join(", + ")),
            Self::Unsigned { why } => write!(f, "its tag is not signed by a key of recipe.git.signers: {why}"),
            Self::Downgrade => f.write_str("it is older than what serves, and may not understand its data"),
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits for a person", self.to)?;
        self.reasons.iter().try_for_each(|reason| write!(f, "; {reason}"))
    }
}

impl Decision {
    /// What waits for a person, alone or beside something else.
    pub fn hold(&self) -> Option<&Hold> {
        match self {
            Self::Held(hold) => Some(hold),
            Self::Update { beyond, .. } | Self::FailedBefore { beyond, .. } => beyond.as_ref(),
            Self::UpToDate | Self::Missing { .. } | Self::NoVersions => None,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpToDate => f.write_str("no update"),
            Self::Update { to, .. } => write!(f, "update to {to}"),
            Self::Held(hold) => hold.fmt(f),
            Self::FailedBefore { version, .. } => {
                write!(f, "{version} failed before, and neither it nor anything newer changed since")
            }
            Self::Missing { declared } => {
                write!(f, "the repository has no version {declared}, which is declared; correct the declaration")
            }
            Self::NoVersions => f.write_str(
                "the repository has no tag that is a released version; declare the version or commit that should be used",
            ),
        }
    }
}

/// Decides which version an app moves to.
///
/// Never an older one, unless it is declared and accepted. Beyond the policy only what a person named: declared it, or
/// accepted it at exactly the commit where it stands. Between several, the newest that nothing holds.
pub fn decide(known: Known<'_>) -> Decision {
    let missing = known.declared.filter(|version| known.candidate(version).is_none());
    if let Some(declared) = missing.filter(|version| known.current.is_none_or(|current| current.version != **version)) {
        return Decision::Missing { declared: declared.clone() };
    }
    let Some(current) = known.current else { return known.first() };
    let mut wanted: Vec<&Candidate> =
        known.candidates.iter().filter(|candidate| known.wants(current, candidate)).collect();
    wanted.sort_by(|a, b| b.tag.version.cmp(&a.tag.version));
    let failed = wanted.iter().find(|candidate| known.failed(candidate)).map(|candidate| candidate.tag.clone());
    wanted.retain(|candidate| known.may_be_tried(candidate, failed.as_ref()));
    let waits = |candidate: &&Candidate| !known.reasons(current, candidate).is_empty();
    let to = wanted.iter().find(|candidate| !waits(candidate)).map(|candidate| candidate.tag.clone());
    // What is older than what it moves to is passed by.
    wanted.retain(|candidate| waits(candidate) && to.as_ref().is_none_or(|to| candidate.tag.version > to.version));
    match (to, failed, known.hold(current, &wanted)) {
        (Some(to), _, beyond) => Decision::Update { to, beyond },
        (None, Some(version), beyond) => Decision::FailedBefore { version, beyond },
        (None, None, Some(hold)) => Decision::Held(hold),
        (None, None, None) => Decision::UpToDate,
    }
}

impl Known<'_> {
    fn candidate(&self, version: &Version) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.tag.version == *version)
    }

    /// The first deploy: there is no step, so nothing is major, and no note is on the way. What failed is tried again,
    /// because there is nothing to go back to.
    fn first(&self) -> Decision {
        let released = |candidate: &&Candidate| candidate.tag.version.recipe().pre.is_empty();
        let candidate = match self.declared {
            Some(declared) => self.candidate(declared),
            None => self.candidates.iter().filter(released).max_by(|a, b| a.tag.version.cmp(&b.tag.version)),
        };
        let Some(candidate) = candidate else { return Decision::NoVersions };
        let to = candidate.tag.clone();
        let mut reasons: Vec<Reason> = moved(candidate).into_iter().chain(self.unsigned(candidate)).collect();
        reasons.retain(|_| !self.accepted(candidate));
        if reasons.is_empty() { Decision::Update { to, beyond: None } } else { Decision::Held(Hold { to, reasons }) }
    }

    fn accepted(&self, candidate: &Candidate) -> bool {
        self.accepted.iter().any(|acceptance| acceptance.is_for(&candidate.tag))
    }

    fn declared(&self, candidate: &Candidate) -> bool {
        self.declared == Some(&candidate.tag.version)
    }

    /// Whether it is looked at, before anything is held.
    fn wants(&self, current: &Tag, candidate: &Candidate) -> bool {
        let (old, new) = (&current.version, &candidate.tag.version);
        if self.policy == Policy::Pinned {
            return self.declared(candidate) && old != new;
        }
        let named = self.declared(candidate) || self.accepted(candidate);
        let by_policy = offered(old, new) && self.policy.looks_for(Step::between(old, new));
        new > old && (named || by_policy)
    }

    /// Whether it failed as it stands now.
    fn failed(&self, candidate: &Candidate) -> bool {
        self.failed.contains(&candidate.tag)
    }

    /// After a failure only something newer is tried by itself: what is older would be a second update of the same
    /// app, with the same person asleep.
    fn may_be_tried(&self, candidate: &Candidate, failed: Option<&Tag>) -> bool {
        let Some(failed) = failed else { return true };
        let named = self.declared(candidate) || self.accepted(candidate);
        candidate.tag.version > failed.version || (named && !self.failed(candidate))
    }

    fn reasons(&self, current: &Tag, candidate: &Candidate) -> Vec<Reason> {
        let asks = self.unaccepted(candidate);
        if self.accepted(candidate) {
            return asks.into_iter().collect();
        }
        let (old, new) = (&current.version, &candidate.tag.version);
        if new < old {
            return moved(candidate).into_iter().chain([Reason::Downgrade]).collect();
        }
        let major = Step::between(old, new).is_held() && !self.declared(candidate);
        let mut notes: Vec<&Note> =
            candidate.notes.iter().filter(|note| note.version > *old && note.version <= *new).collect();
        notes.sort_by(|a, b| a.version.cmp(&b.version));
        let notes = notes.into_iter().cloned().map(Reason::ReleaseNotes);
        let unsigned = self.unsigned(candidate);
        let first = moved(candidate).into_iter().chain(unsigned).chain(major.then_some(Reason::Major));
        first.chain(asks).chain(notes).collect()
    }

    /// Whoever declares a version by its name answers for it, whoever signed it.
    fn unsigned(&self, candidate: &Candidate) -> Option<Reason> {
        let why = candidate.unsigned.clone().filter(|_| !self.declared(candidate))?;
        Some(Reason::Unsigned { why })
    }

    /// What it asks for that nobody agreed to. Whoever declares a version by its name has looked at it; whoever accepted
    /// one has agreed to what was shown.
    fn unaccepted(&self, candidate: &Candidate) -> Option<Reason> {
        let agreed = self.accepted.iter().find(|acceptance| acceptance.is_for(&candidate.tag));
        let is_new = |line: &&String| !agreed.is_some_and(|acceptance| acceptance.asks.contains(line));
        let more: Vec<String> = candidate.asks.iter().filter(is_new).cloned().collect();
        (!more.is_empty() && !self.declared(candidate)).then_some(Reason::Asks { more })
    }

    /// Of several that are held the newest within the current major, so that a person is led step by step.
    fn hold(&self, current: &Tag, held: &[&Candidate]) -> Option<Hold> {
        let within = |candidate: &&&Candidate| !Step::between(&current.version, &candidate.tag.version).is_held();
        let candidate = held.iter().find(within).or(held.first())?;
        Some(Hold { to: candidate.tag.clone(), reasons: self.reasons(current, candidate) })
    }
}

fn moved(candidate: &Candidate) -> Option<Reason> {
    let was = candidate.moved_from.clone()?;
    Some(Reason::TagMoved { was, is: candidate.tag.commit.clone() })
}

/// What is not released is offered only to an app that already runs what is not released of the same number.
fn offered(old: &Version, new: &Version) -> bool {
    let number = |version: &Version| (version.recipe().major, version.recipe().minor, version.recipe().patch);
    new.recipe().pre.is_empty() || (!old.recipe().pre.is_empty() && number(old) == number(new))
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "decide_properties.rs"]
mod properties;
