//! Scratch containers: started by Hearth itself, beside the swarm, to try something that nobody is to see. They are in an
//! internal network of their own, publish no port, and are removed when the trial is over, or by the next one.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, HostConfigLogConfig, NetworkCreateRequest, NetworkingConfig,
};
use bollard::query_parameters::{
    CreateContainerOptions, DownloadFromContainerOptions, InspectContainerOptions, ListContainersOptions,
    ListNetworksOptions, RemoveContainerOptions, StartContainerOptions, UploadToContainerOptions,
};
use futures_util::StreamExt;
use tokio::time::{Instant, sleep};

use crate::engine::label_filter;
use crate::{Engine, Error, Result};

/// The label of everything that a trial makes; its value says for whom.
pub const SCRATCH_LABEL: &str = "hearth.scratch";

/// How often a container is asked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How many processes a scratch container may have.
const PROCESSES: i64 = 2048;

/// How large a folder of an image may be that is listed, in bytes.
const FOLDER_LIMIT: usize = 64 << 20;

/// A container for a trial. Prints nothing of its environment and files, which hold passwords.
#[derive(Clone, Default)]
pub struct NewScratch {
    /// For whom: the value of [`SCRATCH_LABEL`].
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Its image, which is here.
    pub image: String,
    /// The program, in place of the image's.
    pub entrypoint: Option<Vec<String>>,
    /// The arguments, in place of the image's.
    pub command: Option<Vec<String>>,
    /// The user, in place of the image's.
    pub user: Option<String>,
    /// Variables on top of the image's.
    pub environment: BTreeMap<String, String>,
    /// Files to put into it before it starts, readable for whomever it runs as: path and content.
    pub files: BTreeMap<String, String>,
    /// A folder in memory, and how many bytes it may hold.
    pub memory: Option<(String, u64)>,
    /// The network that it is in, and nothing else.
    pub network: String,
    /// Names under which others of the network reach it.
    pub aliases: Vec<String>,
}

impl std::fmt::Debug for NewScratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewScratch({}, {}, …)", self.name, self.image)
    }
}

/// Making and removing what a trial needs.
pub trait Scratch {
    /// Removes every container and network of an owner, with what they keep, and returns how many there were.
    async fn sweep(&self, owner: &str) -> Result<usize>;
    /// Makes an internal network, from which nothing outside can be reached.
    async fn create_scratch_network(&self, owner: &str, name: &str) -> Result<()>;
    /// Starts a container, and returns its identifier.
    async fn start_scratch(&self, container: &NewScratch) -> Result<String>;
    /// Waits until a container ends; `None` when it had not within `limit`, and was killed.
    async fn wait_scratch(&self, id: &str, limit: Duration) -> Result<Option<i64>>;
    /// The address under which this node reaches a container that runs.
    async fn scratch_address(&self, id: &str) -> Result<Option<IpAddr>>;
    /// Removes a container with what it keeps; one that is not there is no error.
    async fn remove_scratch(&self, id: &str) -> Result<()>;
    /// The paths of the files below a folder of an image, relative to it, without running anything of the image.
    /// `None` when the image has no such folder.
    async fn image_files(&self, owner: &str, image: &str, folder: &str) -> Result<Option<Vec<String>>>;
}

impl Scratch for Engine {
    async fn sweep(&self, owner: &str) -> Result<usize> {
        let filters = Some(label_filter(&format!("{SCRATCH_LABEL}={owner}")));
        let containers = ListContainersOptions { all: true, filters: filters.clone(), ..Default::default() };
        let doing = "looking for what an earlier trial left";
        let containers = self.docker.list_containers(Some(containers)).await.map_err(self.error(doing))?;
        let networks = ListNetworksOptions { filters };
        let networks = self.docker.list_networks(Some(networks)).await.map_err(self.error(doing))?;
        let containers: Vec<String> = containers.into_iter().filter_map(|container| container.id).collect();
        let networks: Vec<String> = networks.into_iter().filter_map(|network| network.id).collect();
        for id in &containers {
            self.remove_scratch(id).await?;
        }
        for id in &networks {
            let doing = format!("removing scratch network {id}");
            unless_gone(self.docker.remove_network(id).await.map_err(self.error(doing)))?;
        }
        Ok(containers.len() + networks.len())
    }

    async fn create_scratch_network(&self, owner: &str, name: &str) -> Result<()> {
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            driver: Some("bridge".to_owned()),
            internal: Some(true),
            labels: Some(labels(owner)),
            ..Default::default()
        };
        let doing = format!("creating scratch network {name}");
        self.docker.create_network(request).await.map_err(self.error(doing))?;
        Ok(())
    }

    async fn start_scratch(&self, container: &NewScratch) -> Result<String> {
        let id = self.create(&container.name, container.body()).await?;
        if !container.files.is_empty() {
            let options = UploadToContainerOptions { path: "/".to_owned(), ..Default::default() };
            let archive = bollard::body_full(archive(&container.files)?.into());
            let doing = format!("putting files into scratch container {}", container.name);
            self.docker.upload_to_container(&id, Some(options), archive).await.map_err(self.error(doing))?;
        }
        let doing = format!("starting scratch container {}", container.name);
        self.docker.start_container(&id, None::<StartContainerOptions>).await.map_err(self.error(doing))?;
        Ok(id)
    }

    async fn wait_scratch(&self, id: &str, limit: Duration) -> Result<Option<i64>> {
        let begun = Instant::now();
        loop {
            let doing = format!("waiting for scratch container {id}");
            let inspected = self.docker.inspect_container(id, None::<InspectContainerOptions>).await;
            let state = inspected.map_err(self.error(doing))?.state.unwrap_or_default();
            if !state.running.unwrap_or_default() {
                return Ok(Some(state.exit_code.unwrap_or_default()));
            }
            if begun.elapsed() >= limit {
                let doing = format!("killing scratch container {id}");
                unless_gone(self.docker.kill_container(id, None).await.map_err(self.error(doing)))?;
                return Ok(None);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn scratch_address(&self, id: &str) -> Result<Option<IpAddr>> {
        let doing = format!("looking into scratch container {id}");
        let inspected = self.docker.inspect_container(id, None::<InspectContainerOptions>).await;
        let settings = inspected.map_err(self.error(doing))?.network_settings.unwrap_or_default();
        let mut networks = settings.networks.unwrap_or_default().into_values();
        Ok(networks.find_map(|network| network.ip_address?.parse().ok()))
    }

    async fn remove_scratch(&self, id: &str) -> Result<()> {
        let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
        let doing = format!("removing scratch container {id}");
        unless_gone(self.docker.remove_container(id, Some(options)).await.map_err(self.error(doing)))
    }

    async fn image_files(&self, owner: &str, image: &str, folder: &str) -> Result<Option<Vec<String>>> {
        // The engine shows files of containers only; this one is never started.
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(vec!["/never-started".to_owned()]),
            labels: Some(labels(owner)),
            ..Default::default()
        };
        let id = self.create(&format!("hearth-scratch-{owner}-files"), body).await?;
        let archive = self.download(&id, folder).await;
        self.remove_scratch(&id).await?;
        match archive {
            Ok(archive) => names_in(&archive).map(Some),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Engine {
    async fn create(&self, name: &str, body: ContainerCreateBody) -> Result<String> {
        let options = CreateContainerOptions { name: Some(name.to_owned()), ..Default::default() };
        let doing = format!("creating scratch container {name}");
        Ok(self.docker.create_container(Some(options), body).await.map_err(self.error(doing))?.id)
    }

    async fn download(&self, id: &str, folder: &str) -> Result<Vec<u8>> {
        let doing = format!("reading {folder} of an image");
        let options = DownloadFromContainerOptions { path: folder.to_owned() };
        let mut chunks = std::pin::pin!(self.docker.download_from_container(id, Some(options)));
        let mut archive = Vec::new();
        while let Some(chunk) = chunks.next().await {
            archive.extend_from_slice(&chunk.map_err(self.error(doing.clone()))?);
            if archive.len() > FOLDER_LIMIT {
                let message = format!("it holds more than {FOLDER_LIMIT} bytes");
                return Err(Error::Refused { doing, message });
            }
        }
        Ok(archive)
    }
}

impl NewScratch {
    fn body(&self) -> ContainerCreateBody {
        let endpoint = EndpointSettings { aliases: Some(self.aliases.clone()), ..Default::default() };
        let memory = self.memory.iter();
        let memory = memory.map(|(path, bytes)| (path.clone(), format!("rw,nosuid,nodev,mode=1777,size={bytes}")));
        ContainerCreateBody {
            image: Some(self.image.clone()),
            entrypoint: self.entrypoint.clone(),
            cmd: self.command.clone(),
            user: self.user.clone(),
            env: Some(self.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            labels: Some(labels(&self.owner)),
            host_config: Some(HostConfig {
                network_mode: Some(self.network.clone()),
                tmpfs: Some(memory.collect()),
                pids_limit: Some(PROCESSES),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                // What a trial says is read from the engine, and is nothing for the host's journal.
                log_config: Some(HostConfigLogConfig { typ: Some("json-file".to_owned()), config: None }),
                ..Default::default()
            }),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(self.network.clone(), endpoint)])),
            }),
            ..Default::default()
        }
    }
}

fn labels(owner: &str) -> HashMap<String, String> {
    HashMap::from([(SCRATCH_LABEL.to_owned(), owner.to_owned())])
}

fn unless_gone(result: Result<()>) -> Result<()> {
    match result {
        // Another one removes it at this moment, or it has ended by itself.
        Err(Error::NotFound { .. }) => Ok(()),
        Err(Error::Refused { message, .. }) if message.contains("is not running") => Ok(()),
        other => other,
    }
}

/// An archive with files for the root of a container.
fn archive(files: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o444);
        archive
            .append_data(&mut header, path.trim_start_matches('/'), content.as_bytes())
            .map_err(|error| refused(&error))?;
    }
    archive.into_inner().map_err(|error| refused(&error))
}

/// The files of an archive that begins with the folder that was asked for, without that folder.
fn names_in(archive: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in tar::Archive::new(archive).entries().map_err(|error| refused(&error))? {
        let entry = entry.map_err(|error| refused(&error))?;
        let path = entry.path().map_err(|error| refused(&error))?;
        let inside: std::path::PathBuf = path.components().skip(1).collect();
        if !entry.header().entry_type().is_dir() && inside.as_os_str() != "" {
            names.push(inside.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn refused(error: &std::io::Error) -> Error {
    Error::Refused { doing: "packing files for a scratch container".to_owned(), message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_without_the_folder_that_holds_them() {
        let files = ["/migrations/2_b.sql", "/migrations/1_a.sql", "/migrations/sub/3.sql"];
        let files = files.map(|path| (path.to_owned(), "x".to_owned())).into_iter().collect();
        let names = names_in(&archive(&files).unwrap()).unwrap();
        assert_eq!(names, ["1_a.sql", "2_b.sql", "sub/3.sql"]);
    }

    #[test]
    fn a_scratch_container_publishes_nothing_and_prints_no_password() {
        let container = NewScratch {
            name: "trial".to_owned(),
            image: "postgres:17".to_owned(),
            environment: BTreeMap::from([("PASSWORD".to_owned(), "geheim".to_owned())]),
            ..NewScratch::default()
        };
        let host = container.body().host_config.unwrap_or_default();
        assert_eq!((host.port_bindings, host.publish_all_ports, host.privileged), (None, None, None));
        assert!(!format!("{container:?}").contains("geheim"));
    }
}
