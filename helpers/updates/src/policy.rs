//! How far an app may move by itself.

use recipe::Version;
use serde::{Deserialize, Serialize};

/// Which versions an app may move to without a person. A [major](Step::Major) step waits for a person under each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// None: it is what is declared.
    Pinned,
    /// Those that only mend: `1.2.3` to `1.2.9`.
    Patch,
    /// Those that also add: `1.2.3` to `1.9.0`.
    Minor,
    /// All: also majors are looked for, and then held.
    Latest,
}

impl Policy {
    /// Whether a step of this size is looked for. That it is does not mean that it is taken: see [`Step::is_held`].
    pub fn looks_for(self, step: Step) -> bool {
        match self {
            Self::Pinned => false,
            Self::Patch => step == Step::Patch,
            Self::Minor => step <= Step::Minor,
            Self::Latest => true,
        }
    }

    /// The word in a declaration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Latest => "latest",
        }
    }
}

impl std::fmt::Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// How much lies between two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It mends.
    Patch,
    /// It adds.
    Minor,
    /// It may break.
    Major,
}

impl Step {
    /// The step from one version up to a newer one.
    ///
    /// The recipe's part decides, as [Semantic Versioning](https://semver.org) has it; below 1.0.0, where anything may
    /// change, a new minor number counts as major. A recipe that changed its app and forgot its own number is judged by
    /// the first number of the app's part.
    pub fn between(from: &Version, to: &Version) -> Self {
        let (old, new) = (from.recipe(), to.recipe());
        if old.major != new.major || (old.major == 0 && old.minor != new.minor) {
            Self::Major
        } else if old.minor != new.minor {
            Self::Minor
        } else if old == new && first_number(from) != first_number(to) {
            Self::Major
        } else {
            Self::Patch
        }
    }

    /// Whether it waits for a person.
    pub fn is_held(self) -> bool {
        self == Self::Major
    }
}

/// The first number of the app's part, as its digits.
fn first_number(version: &Version) -> Option<&str> {
    let app = version.app()?;
    let digits = &app[app.find(|c: char| c.is_ascii_digit())?..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    Some(digits[..end].trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(from: &str, to: &str) -> Step {
        Step::between(&from.parse().unwrap(), &to.parse().unwrap())
    }

    #[test]
    fn the_recipes_part_says_how_large_a_step_is() {
        for (from, to, expected) in [
            ("1.2.3+9", "1.2.4+10", Step::Patch),
            ("1.2.3+1", "1.3.0+1", Step::Minor),
            ("1.2.3+1", "2.0.0+1", Step::Major),
            ("2.0.0+1.0.5-social-amd64", "2.0.1+1.0.6-social-amd64", Step::Patch),
            ("1.2.0-rc.1+1", "1.2.0+1", Step::Patch),
            ("1.2.0", "1.2.1+1", Step::Patch),
        ] {
            assert_eq!(step(from, to), expected, "{from} to {to}");
        }
    }

    #[test]
    fn below_one_a_new_minor_number_may_break() {
        assert_eq!(step("0.1.0+4.3.1", "0.1.1+4.3.2"), Step::Patch);
        assert_eq!(step("0.1.0+4.3.1", "0.2.0+4.3.2"), Step::Major);
        assert_eq!(step("0.9.0", "1.0.0"), Step::Major);
    }

    #[test]
    fn a_recipe_that_forgot_its_own_number_is_judged_by_the_app() {
        assert_eq!(step("1.0.0+v1.0.5", "1.0.0+1.2.0"), Step::Patch);
        assert_eq!(step("1.0.0+1.9", "1.0.0+2.0"), Step::Major);
        assert_eq!(step("1.0.0+2.0", "1.0.0+2022-03-09"), Step::Major);
        assert_eq!(step("1.0.0", "1.0.0+1"), Step::Major);
    }

    #[test]
    fn a_policy_looks_no_further_than_it_says() {
        let steps = [Step::Patch, Step::Minor, Step::Major];
        let looked_for = |policy: Policy| steps.map(|step| policy.looks_for(step));
        assert_eq!(looked_for(Policy::Pinned), [false, false, false]);
        assert_eq!(looked_for(Policy::Patch), [true, false, false]);
        assert_eq!(looked_for(Policy::Minor), [true, true, false]);
        assert_eq!(looked_for(Policy::Latest), [true, true, true]);
    }
}
