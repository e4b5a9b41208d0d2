//! A repository, a host, and an app on it.
#![allow(dead_code, reason = "each test file uses its own part of it")]

use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use tempfile::TempDir;
use updates::{Access, Address, At, Choice, ChooseError, Commit, Mirror, Policy, Question, Ref, choose, settled};

/// A host with a folder for recipes and one for an app, and a repository somewhere else.
pub struct World {
    pub folder: TempDir,
    pub access: Access,
    pub address: Address,
}

pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"])
        .args(["-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repository");
        std::fs::create_dir(&repository).unwrap();
        git(&repository, &["init", "--quiet"]);
        let access = Access {
            git_command: "git".into(),
            ssh_command: None,
            credentials_file: None,
            ssh_key_file: None,
            known_hosts_file: None,
            ca_file: None,
            fetch_seconds: 60,
        };
        let address = repository.display().to_string().parse().unwrap();
        Self { folder, access, address }
    }

    /// A repository with these versions, each with a compose file that says which it is.
    pub fn with(versions: &[&str]) -> Self {
        let world = Self::new();
        for version in versions {
            world.release(version);
        }
        world
    }

    pub fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    pub fn recipes(&self) -> PathBuf {
        self.folder.path().join("recipes")
    }

    pub fn app(&self) -> PathBuf {
        self.folder.path().join("app")
    }

    pub fn write(&self, path: &str, content: &str) {
        let path = self.repository().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn commit(&self) -> Commit {
        git(&self.repository(), &["add", "-A"]);
        git(&self.repository(), &["commit", "--quiet", "--allow-empty", "-m", "x"]);
        git(&self.repository(), &["rev-parse", "HEAD"]).parse().unwrap()
    }

    pub fn release(&self, version: &str) -> Commit {
        self.write("compose.yml", &format!("# {version}\n"));
        let commit = self.commit();
        git(&self.repository(), &["tag", "-f", version]);
        commit
    }

    pub fn mirror(&self) -> Mirror<'_> {
        self.mirror_for("app")
    }

    pub fn mirror_for<'a>(&'a self, app: &'a str) -> Mirror<'a> {
        Mirror::of(&self.recipes(), &self.access, &self.address, app)
    }

    pub fn choose(&self, policy: Policy, current: Option<&At>, declared: Option<&str>) -> Result<Choice, ChooseError> {
        self.choose_signed(policy, current, declared, None)
    }

    pub fn choose_signed(
        &self,
        policy: Policy,
        current: Option<&At>,
        declared: Option<&str>,
        signers: Option<&updates::Signers>,
    ) -> Result<Choice, ChooseError> {
        let declared = declared.map(|text| Ref::try_from(text.to_owned()).unwrap());
        choose(&Question {
            mirror: &self.mirror(),
            state_folder: &self.app(),
            declared: declared.as_ref(),
            policy,
            signers,
            current,
            failed: &[],
            fetch: true,
            now: Timestamp::UNIX_EPOCH,
        })
    }

    /// Deploys a version and says that it is good.
    pub fn deploy(&self, declared: &str) -> At {
        let choice = self.choose(Policy::Pinned, None, Some(declared)).unwrap();
        settled(&self.mirror(), &self.app(), &choice.at, &[]).unwrap();
        choice.at
    }

    /// What exporting the newest commit of the repository comes to.
    pub fn export(&self) -> Result<updates::Tree, updates::Error> {
        let commit = self.commit();
        self.mirror().fetch().unwrap();
        self.mirror().tree(&commit)
    }
}

pub fn compose(choice: &Choice) -> String {
    std::fs::read_to_string(choice.tree.folder.join("compose.yml")).unwrap()
}

impl World {
    pub fn export_again(&self, tree: &updates::Tree) -> std::time::SystemTime {
        let commit = tree.folder.file_name().unwrap().to_str().unwrap().parse().unwrap();
        self.mirror().tree(&commit).unwrap().folder.metadata().unwrap().modified().unwrap()
    }
}
