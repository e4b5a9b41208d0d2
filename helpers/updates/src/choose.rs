//! From a declaration to the recipe that should be deployed: fetch, decide, export, remember what waits.

use std::io;
use std::path::Path;

use jiff::Timestamp;

use crate::{
    Candidate, Commit, Decision, Error, Growths, Hold, Holds, Known, Mirror, Policy, Ref, Seen, Signers, Tag, Tags,
    Tree, decide,
};

/// What is asked.
#[derive(Debug)]
pub struct Question<'a> {
    /// The repository on this host.
    pub mirror: &'a Mirror<'a>,
    /// The app's state folder, with its holds.
    pub state_folder: &'a Path,
    /// The version or commit that is declared.
    pub declared: Option<&'a Ref>,
    /// How far the app may move by itself.
    pub policy: Policy,
    /// Whose signature a version needs to be moved to by itself; none where nobody's is needed.
    pub signers: Option<&'a Signers>,
    /// What serves.
    pub current: Option<&'a At>,
    /// What failed since then.
    pub failed: &'a [Tag],
    /// Whether to ask the repository, or to go by what was fetched last.
    pub fetch: bool,
    /// The time.
    pub now: Timestamp,
}

/// What an app was deployed from; kept in its record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct At {
    /// The commit.
    pub commit: Commit,
    /// The tag, unless the commit itself was declared and no version stands there.
    pub tag: Option<Tag>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What should serve after this run: the version moved to, or the one that serves already.
    pub at: At,
    /// Its recipe.
    pub tree: Tree,
    /// Why. None when a commit is declared that is no version.
    pub decision: Option<Decision>,
    /// Whether what waits is news, so that a person is told once.
    pub is_news: bool,
    /// What a person should know although it did not change the answer.
    pub warnings: Vec<String>,
    /// How many tags of the repository are no versions.
    pub ignored: usize,
}

/// Why there is no recipe to deploy.
#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    /// The repository or the disk failed, and nothing was deployed before.
    #[error(transparent)]
    Mirror(#[from] Error),
    /// A record of the app cannot be read or written.
    #[error("{0}")]
    Record(#[from] io::Error),
    /// There is no version to begin with; what the decision says.
    #[error("{0}")]
    Nothing(Box<Decision>),
}

impl At {
    /// A version.
    pub fn version(tag: &Tag) -> Self {
        Self { commit: tag.commit.clone(), tag: Some(tag.clone()) }
    }
}

/// Chooses what should serve, and makes its recipe ready.
///
/// A repository that cannot be reached is a warning as long as something was fetched before. A version that cannot be
/// exported is one too, while another serves.
///
/// # Errors
/// [`ChooseError`], when there is nothing that could be deployed, or a record cannot be trusted.
pub fn choose(question: &Question<'_>) -> Result<Choice, ChooseError> {
    let mut warnings = Vec::new();
    let mut seen = Seen::in_folder(question.state_folder)?;
    let tags = known_tags(question, &mut seen, &mut warnings)?;
    let (decision, is_news) = decided(question, &tags, &seen, &mut warnings)?;
    let at = wanted(question, &tags, decision.as_ref())?;
    let (at, tree) = ready(question, at, &mut warnings)?;
    warnings.extend(tree.warnings.iter().cloned());
    Ok(Choice { at, tree, decision, is_news, warnings, ignored: tags.ignored.len() })
}

fn known_tags(question: &Question<'_>, seen: &mut Seen, warnings: &mut Vec<String>) -> Result<Tags, ChooseError> {
    let mirror = question.mirror;
    if question.fetch || mirror.fetched_at().is_none() {
        match mirror.fetch() {
            Ok(()) => {}
            // Without anything here there is nothing to go on with.
            Err(error) if mirror.fetched_at().is_none() && question.current.is_none() => return Err(error.into()),
            Err(error) => warnings.push(error.to_string()),
        }
    }
    let tags = mirror.tags()?;
    seen.remember(&tags)?;
    warnings.extend(question.current.and_then(|current| moved_under(current, &tags)));
    Ok(tags)
}

/// That the tag of what serves stands elsewhere now changes nothing, but somebody should ask why.
fn moved_under(current: &At, tags: &Tags) -> Option<String> {
    let serving = current.tag.as_ref()?;
    let there = tags.of(&serving.version).filter(|tag| tag.commit != serving.commit)?;
    Some(format!(
        "tag {} was moved from commit {}, which is deployed, to {}, which is not; ask the recipe's makers why",
        there.name,
        serving.commit.short(),
        there.commit.short()
    ))
}

fn decided(
    question: &Question<'_>,
    tags: &Tags,
    seen: &Seen,
    warnings: &mut Vec<String>,
) -> Result<(Option<Decision>, bool), ChooseError> {
    let holds = Holds::in_folder(question.state_folder);
    let current = question.current.and_then(|current| current.tag.as_ref());
    let is_version = |commit: &Commit| tags.versions.iter().find(|tag| tag.commit == *commit);
    let declared = match question.declared {
        Some(Ref::Version(version)) => Some(version),
        // A version under its commit's name is held like any other; what is no version, or another state of the one
        // that serves, was named by a person and is what it is.
        Some(Ref::Commit(commit)) => match is_version(commit).map(|tag| &tag.version) {
            Some(version) if current.is_none_or(|current| current.version != *version) => Some(version),
            _ => return Ok((None, holds.remember(None, question.now)?)),
        },
        None => None,
    };
    if declared.is_none() && current.is_none() && question.current.is_some() {
        warnings.push(
            "what is deployed is no version, so nobody knows which are newer; declare the version to go on from".into(),
        );
        return Ok((None, holds.remember(None, question.now)?));
    }
    let mut candidates = question.mirror.candidates(tags, current, seen)?;
    if let Some(current) = question.current {
        let growths = Growths::in_folder(question.state_folder)?;
        for candidate in &mut candidates {
            candidate.asks = growths.of(&current.commit, &candidate.tag.commit).to_vec();
        }
    }
    let accepted = holds.accepted()?;
    let decide = |candidates: &[Candidate]| {
        decide(Known {
            current,
            declared,
            policy: if matches!(question.declared, Some(Ref::Commit(_))) { Policy::Pinned } else { question.policy },
            candidates,
            accepted: &accepted,
            failed: question.failed,
        })
    };
    let mut decision = decide(&candidates);
    while doubts(question, &decision, &mut candidates)? {
        decision = decide(&candidates);
    }
    if let Decision::Missing { .. } = decision {
        warnings.push(decision.to_string());
    }
    let is_news = holds.remember(decision.hold(), question.now)?;
    Ok((Some(decision), is_news))
}

/// How many unsigned versions are looked at in one run: each costs a few processes, and nobody's repository may take an app's
/// time without end.
const DOUBTED: usize = 20;

/// Looks at the signature of what would be moved to; true where it is wanting, and that was not known.
fn doubts(question: &Question<'_>, decision: &Decision, candidates: &mut [Candidate]) -> Result<bool, ChooseError> {
    let (Some(signers), Decision::Update { to, .. }) = (question.signers, decision) else { return Ok(false) };
    let wanted = |candidate: &&mut Candidate| candidate.tag == *to && candidate.unsigned.is_none();
    let Some(candidate) = candidates.iter_mut().find(wanted) else { return Ok(false) };
    candidate.unsigned = question.mirror.unsigned(to, signers)?;
    let doubted = candidate.unsigned.is_some();
    if candidates.iter().filter(|candidate| candidate.unsigned.is_some()).count() >= DOUBTED {
        let rest = candidates.iter_mut().filter(|candidate| candidate.unsigned.is_none());
        rest.for_each(|candidate| candidate.unsigned = Some("too many newer versions are not signed".to_owned()));
    }
    Ok(doubted)
}

/// What should serve after this run.
fn wanted(question: &Question<'_>, tags: &Tags, decision: Option<&Decision>) -> Result<At, ChooseError> {
    match (decision, question.declared, question.current) {
        (Some(Decision::Update { to, .. }), _, _) => Ok(At::version(to)),
        (None, Some(Ref::Commit(commit)), _) => Ok(known_as(&At { commit: commit.clone(), tag: None }, tags)),
        (_, _, Some(current)) => Ok(known_as(current, tags)),
        (decision, _, None) => Err(ChooseError::Nothing(Box::new(decision.cloned().unwrap_or(Decision::NoVersions)))),
    }
}

/// A commit that was deployed before a version was made of it is that version now.
fn known_as(current: &At, tags: &Tags) -> At {
    let tag = || tags.versions.iter().find(|tag| tag.commit == current.commit).cloned();
    At { commit: current.commit.clone(), tag: current.tag.clone().or_else(tag) }
}

/// The recipe of what is wanted; of what serves, when that cannot be had.
fn ready(question: &Question<'_>, at: At, warnings: &mut Vec<String>) -> Result<(At, Tree), ChooseError> {
    match (question.mirror.tree(&at.commit), question.current) {
        (Ok(tree), _) => Ok((at, tree)),
        (Err(error), Some(current)) if current.commit != at.commit => {
            warnings.push(format!("{error}; {} goes on serving", current.commit.short()));
            Ok((current.clone(), question.mirror.tree(&current.commit)?))
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// What is to be done once a version serves and is good: what was accepted for it is used up, its tag belongs where it
/// stands, and only the trees named here are kept.
///
/// # Errors
/// When a record cannot be written. Nothing but disk space is lost by that.
pub fn settled(mirror: &Mirror<'_>, state_folder: &Path, at: &At, also_kept: &[&Commit]) -> Result<(), ChooseError> {
    if let Some(tag) = &at.tag {
        Holds::in_folder(state_folder).deployed(tag)?;
        Seen::in_folder(state_folder)?.deployed(tag)?;
    }
    let kept: Vec<&Commit> = also_kept.iter().copied().chain([&at.commit]).collect();
    Ok(mirror.keep(&kept)?)
}

impl Choice {
    /// What waits for a person.
    pub fn hold(&self) -> Option<&Hold> {
        self.decision.as_ref().and_then(Decision::hold)
    }
}
