//! A recipe's version: `<recipe semver>+<app version>`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A version of a recipe, such as `10.7.1+26.6.2`: how the recipe counts, then how the app that it packs does.
///
/// The recipe's part is [semantic](https://semver.org), so it says what an update may break. The app's part is whatever
/// the app's makers write (`2.4.8`, `v1.0-alpine`, `2022-03-09`) and is missing in some recipes. Versions are ordered by
/// the recipe's part; between equal ones the app's decides, number by number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    recipe: semver::Version,
    app: Option<String>,
}

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no version of a recipe: {reason}. It is written `<recipe semver>+<app version>`, as in 10.7.1+26.6.2"
)]
pub struct VersionError {
    text: String,
    reason: String,
}

impl Version {
    /// The recipe's own part.
    pub fn recipe(&self) -> &semver::Version {
        &self.recipe
    }

    /// The version of the app in it.
    pub fn app(&self) -> Option<&str> {
        self.app.as_deref()
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refused = |reason: String| VersionError { text: text.chars().take(100).collect(), reason };
        let (recipe, app) = text.split_once('+').map_or((text, None), |(recipe, app)| (recipe, Some(app)));
        // A version is a git tag, a label and part of a path.
        let known = |c: char| c.is_ascii_alphanumeric() || ".-_+~".contains(c);
        if let Some(app) = app
            && (app.is_empty() || app.len() > 128 || !app.chars().all(known))
        {
            return Err(refused("the app's version is letters, digits and `.-_+~`, up to 128 of them".to_owned()));
        }
        let recipe = semver::Version::parse(recipe).map_err(|error| refused(error.to_string()))?;
        Ok(Self { recipe, app: app.map(ToOwned::to_owned) })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.app {
            Some(app) => f.pad(&format!("{}+{app}", self.recipe)),
            None => f.pad(&self.recipe.to_string()),
        }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let app = |version: &Self| version.app.clone().unwrap_or_default();
        let (mine, theirs) = (app(self), app(other));
        self.recipe
            .cmp(&other.recipe)
            .then_with(|| self.app.is_some().cmp(&other.app.is_some()))
            .then_with(|| runs(&mine).cmp(&runs(&theirs)))
            // `1` and `01` are as large as each other but not the same tag.
            .then_with(|| mine.cmp(&theirs))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

/// What app makers call a version that comes before the one that it is named after, the earliest first.
const BEFORE_RELEASE: [&str; 11] =
    ["dev", "snapshot", "nightly", "a", "alpha", "b", "beta", "milestone", "pre", "preview", "rc"];

/// A part of an app's version. Their order makes `1.0-rc1 < 1.0 < 1.0-alpine < 1.0.1`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Run<'a> {
    /// A word for what is not released yet, by its place in [`BEFORE_RELEASE`].
    Before(usize),
    End,
    Text(&'a str),
    /// The digits without leading zeros: the longer number is the larger one.
    Number(usize, &'a str),
}

/// The parts of an app's version that are compared. A leading `v` is custom, not content.
fn runs(text: &str) -> Vec<Run<'_>> {
    let mut rest = text.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(text);
    let mut runs = Vec::new();
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let number = run.trim_start_matches('0');
        match run {
            _ if digits => runs.push(Run::Number(number.len(), number)),
            // Dots only separate.
            "." => {}
            run => runs.push(word(run)),
        }
        rest = after;
    }
    runs.push(Run::End);
    runs
}

/// A word with what separates it from its neighbours. A tilde comes before everything, as in Debian's versions.
fn word(run: &str) -> Run<'_> {
    let bare = run.trim_matches(['.', '-', '_', '+', '~']);
    // `1.0-rc.1-alpine` is as unfinished as `1.0-rc.1`: the first word of a run decides.
    let first = bare.split(['.', '-', '_', '+', '~']).next().unwrap_or_default();
    match BEFORE_RELEASE.iter().position(|known| first.eq_ignore_ascii_case(known)) {
        Some(place) => Run::Before(place + 1),
        None if run.starts_with('~') => Run::Before(0),
        None => Run::Text(run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn a_version_is_printed_as_it_was_written() {
        for text in
            ["10.7.1+26.6.2", "2.0.1+1.0.6-social-amd64", "0.1.0+4.3.1", "0.0.1", "1.0.0-rc.1+v2", "1.2.3+2022-03-09"]
        {
            assert_eq!(version(text).to_string(), text);
        }
        assert_eq!(version("2.0.1+1.0.6-social-amd64").app(), Some("1.0.6-social-amd64"));
        assert_eq!(version("10.7.1+26.6.2").recipe().major, 10);
    }

    #[test]
    fn versions_are_ordered_by_the_recipe_first_and_by_numbers_not_letters() {
        let ordered = [
            "0.0.1",
            "0.1.0+4.3.1",
            "0.10.0+1",
            "1.0.0-rc.1+9",
            "1.0.0",
            "1.0.0+1.0.0",
            "1.0.0+v1.0.5-social-amd64",
            "1.0.0+1.0.10-social-amd64",
            "1.0.0+1.1",
            "1.0.0+2022-03-09",
            "2.0.0+0.1",
            "10.7.1+26.6.2",
        ];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn what_the_makers_of_an_app_add_to_its_version_is_understood() {
        let ordered = [
            "1.0.0+1.0~git3",
            "1.0.0+1.0.0-dev2",
            "1.0.0+1.0.0-alpha.2",
            "1.0.0+1.0.0-beta.1",
            "1.0.0+v1.0.0-rc.1",
            "1.0.0+1.0.0-rc.1-alpine",
            "1.0.0+1.0.0-RC2",
            "1.0.0+1.0.0-rc.10",
            "1.0.0+1.0.0",
            "1.0.0+1.0.0-alpine",
            "1.0.0+1.0.0-ls9",
            "1.0.0+1.0.0-ls10",
            "1.0.0+1.0.0.1",
            "1.0.0+1.0.0.10",
            "1.0.0+1.0.1-rc1",
            "1.0.0+1.0.1",
            "1.0.0+2022-03-09",
            "1.0.0+2022-11-01",
            "1.0.0+20230101",
            "1.0.1",
            "1.0.1+8.0-92fac7ac",
        ];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn equal_in_every_number_is_not_the_same_version() {
        for (one, other) in [("1.0.0+1.0", "1.0.0+v1.0"), ("1.0.0+1.01", "1.0.0+1.1"), ("1.0.0", "1.0.0+0")] {
            assert_ne!(version(one).cmp(&version(other)), std::cmp::Ordering::Equal, "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_version_is_refused_with_an_example() {
        for text in ["", "1.0+2", "v1.0.0+2", "1.0.0+", "latest", "1.0.0+a b", "1.0.0+../../etc", "1.0.0+a/b", "+1"] {
            let error = text.parse::<Version>().unwrap_err().to_string();
            assert!(error.contains("10.7.1+26.6.2"), "{text}: {error}");
        }
    }
}
