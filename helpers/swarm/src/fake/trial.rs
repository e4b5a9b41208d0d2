//! Scratch containers and commands in memory.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::Fake;
use crate::{Command, Commands, Container, Containers, NewScratch, Printed, Result, Scratch, Task, Tasks};

/// What a test says of containers that are tried and asked.
#[derive(Debug, Default)]
pub struct Trial {
    /// The tasks of the swarm.
    pub tasks: Vec<Task>,
    /// What commands are answered; the first that fits counts. What nothing fits succeeds and prints nothing.
    pub answers: Vec<Answer>,
    /// How scratch containers end, by their names: one after the other. What is not named runs on.
    pub ends: BTreeMap<String, VecDeque<End>>,
    /// The logs of containers, by their names.
    pub logs: BTreeMap<String, Vec<String>>,
    /// Whether the engine never comes to the end of a log.
    pub endless_logs: bool,
    /// The files of images.
    pub files: BTreeMap<String, Vec<String>>,
    /// The scratch containers that are there, by their names, which are their identifiers.
    pub containers: BTreeMap<String, NewScratch>,
    /// All that ever were, in order.
    pub started: Vec<NewScratch>,
    /// The commands that were run, in order, with their containers.
    pub commands: Vec<(String, Command)>,
    /// The scratch networks that are there: owner and name.
    pub networks: Vec<(String, String)>,
}

/// How a scratch container ends.
#[derive(Clone, Debug, Default)]
pub struct End {
    /// Its exit code; `None` for one that had to be killed.
    pub exit_code: Option<i64>,
    /// What it said.
    pub log: Vec<String>,
}

/// What a command is answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Part of the container's name.
    pub container: String,
    /// Part of the command, its arguments with spaces between them, or of what it reads.
    pub asked: String,
    /// The answer.
    pub printed: Printed,
    /// Whether it is given once only.
    pub once: bool,
}

impl Answer {
    /// An answer with exit code 0.
    pub fn new(container: &str, asked: &str, output: &str) -> Self {
        let printed = Printed { exit_code: Some(0), output: output.as_bytes().to_vec(), complaints: String::new() };
        Self { container: container.to_owned(), asked: asked.to_owned(), printed, once: false }
    }

    /// The same, given once.
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }
}

impl Tasks for Fake {
    async fn tasks(&self, services: &[String]) -> Result<Vec<Task>> {
        let trial = self.trial.borrow();
        Ok(trial.tasks.iter().filter(|task| services.contains(&task.service)).cloned().collect())
    }
}

impl Containers for Fake {
    async fn container(&self, id: &str) -> Result<Option<Container>> {
        let trial = self.trial.borrow();
        let ends = trial.ends.get(id).is_some_and(|ends| !ends.is_empty());
        Ok(trial.containers.get(id).map(|_| Container { running: !ends, ..Container::default() }))
    }

    async fn log_tail(&self, id: &str, _: usize) -> Result<Vec<String>> {
        if self.trial.borrow().endless_logs {
            std::future::pending::<()>().await;
        }
        Ok(self.trial.borrow().logs.get(id).cloned().unwrap_or_default())
    }

    async fn inspection(&self, _: &str) -> Result<Option<serde_json::Value>> {
        Ok(None)
    }

    async fn host_mode_address(&self, _: &str) -> Result<Option<IpAddr>> {
        Ok(None)
    }
}

impl Commands for Fake {
    async fn command(&self, container: &str, command: &Command) -> Result<Printed> {
        let input = String::from_utf8_lossy(&command.input).into_owned();
        let asked = format!("{} {input}", command.arguments.join(" "));
        self.call(format!("in {container}: {}", asked.trim_end()));
        let mut trial = self.trial.borrow_mut();
        trial.commands.push((container.to_owned(), command.clone()));
        let fits = |answer: &Answer| container.contains(&answer.container) && asked.contains(&answer.asked);
        Ok(match trial.answers.iter().position(fits) {
            Some(place) if trial.answers[place].once => trial.answers.remove(place).printed,
            Some(place) => trial.answers[place].printed.clone(),
            None => Printed { exit_code: Some(0), ..Printed::default() },
        })
    }
}

impl Scratch for Fake {
    async fn sweep(&self, owner: &str) -> Result<usize> {
        self.call(format!("sweep {owner}"));
        let mut trial = self.trial.borrow_mut();
        let before = trial.containers.len() + trial.networks.len();
        trial.containers.retain(|_, container| container.owner != owner);
        trial.networks.retain(|(of, _)| of != owner);
        Ok(before - trial.containers.len() - trial.networks.len())
    }

    async fn create_scratch_network(&self, owner: &str, name: &str) -> Result<()> {
        self.call(format!("create scratch network {name}"));
        self.trial.borrow_mut().networks.push((owner.to_owned(), name.to_owned()));
        Ok(())
    }

    async fn start_scratch(&self, container: &NewScratch) -> Result<String> {
        self.call(format!("start {} of {}", container.name, container.image));
        let mut trial = self.trial.borrow_mut();
        trial.started.push(container.clone());
        trial.containers.insert(container.name.clone(), container.clone());
        Ok(container.name.clone())
    }

    async fn wait_scratch(&self, id: &str, _: Duration) -> Result<Option<i64>> {
        let mut trial = self.trial.borrow_mut();
        let end = trial.ends.get_mut(id).and_then(VecDeque::pop_front);
        let End { exit_code, log } = end.unwrap_or(End { exit_code: Some(0), log: Vec::new() });
        trial.logs.insert(id.to_owned(), log);
        Ok(exit_code)
    }

    async fn scratch_address(&self, id: &str) -> Result<Option<IpAddr>> {
        Ok(self.trial.borrow().containers.get(id).map(|_| IpAddr::from([127, 0, 0, 1])))
    }

    async fn remove_scratch(&self, id: &str) -> Result<()> {
        self.call(format!("remove {id}"));
        self.trial.borrow_mut().containers.remove(id);
        Ok(())
    }

    async fn image_files(&self, _: &str, image: &str, _: &str) -> Result<Option<Vec<String>>> {
        Ok(self.trial.borrow().files.get(image).cloned())
    }
}
