//! What Docker's client loses when it merges compose files.
//!
//! It tells the ports of a service apart by their published number alone
//! ([docker/cli, `cli/compose/loader/merge.go`](https://github.com/docker/cli/blob/master/cli/compose/loader/merge.go)), so of
//! `443/tcp` and `443/udp` one is gone as soon as a second file says anything about that service, without a word.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::compose::Document;
use crate::{Port, Refusal};

/// A range of ports longer than this is left to the client.
const MOST: u16 = 1024;

/// The ports that the files publish and the merged result does not, each as a refusal with its file and line.
pub fn lost_ports(documents: &[Document], rendered: &Value) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for document in documents {
        for (service, declared) in document.value["services"].as_object().into_iter().flatten() {
            let merged = published(&rendered["services"][service]["ports"]);
            for (index, port) in declared["ports"].as_array().into_iter().flatten().enumerate() {
                let key = format!("services.{service}.ports[{index}]");
                let lost = ports_of(port).into_iter().find(|port| !merged.contains(port));
                refusals.extend(lost.map(|port| refusal(document, &key, port)));
            }
        }
    }
    refusals
}

fn refusal(document: &Document, key: &str, port: Port) -> Refusal {
    Refusal {
        file: document.file.clone(),
        line: document.line(key),
        key: key.to_owned(),
        reason: format!("port {port} is lost when Docker's client merges the compose files"),
        remedy: Some(
            "Declare all ports of the service in one compose file, one number once, or use one file alone".to_owned(),
        ),
        setting: None,
    }
}

fn published(ports: &Value) -> BTreeSet<Port> {
    ports.as_array().into_iter().flatten().flat_map(ports_of).collect()
}

/// The ports of the host that an entry publishes; none where it is not understood, which others refuse.
fn ports_of(port: &Value) -> Vec<Port> {
    match port {
        Value::Object(port) => {
            let text = |key: &str| {
                port.get(key).map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
            };
            text("published")
                .map_or_else(Vec::new, |published| range(&published, &text("protocol").unwrap_or_default()))
        }
        Value::String(text) => {
            let (numbers, protocol) = text.split_once('/').unwrap_or((text, ""));
            let published = numbers.rsplit(':').nth(1).unwrap_or_default();
            range(published, protocol)
        }
        _ => Vec::new(),
    }
}

fn range(published: &str, protocol: &str) -> Vec<Port> {
    let (first, last) = published.split_once('-').unwrap_or((published, published));
    let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else { return Vec::new() };
    let Ok(protocol) = (if protocol.is_empty() { "tcp" } else { protocol }).parse() else { return Vec::new() };
    if last.saturating_sub(first) > MOST {
        return Vec::new();
    }
    (first..=last).map(|number| Port { number, protocol }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(files: &[&str], rendered: &str) -> Vec<String> {
        let documents: Vec<_> = files.iter().map(|text| Document::parse("compose.yml", text).unwrap()).collect();
        let rendered = crate::compose::parse("rendered", rendered).unwrap();
        lost_ports(&documents, &rendered).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_port_that_the_merge_dropped_is_told_with_its_line() {
        let file = "services:\n  web:\n    ports:\n      - 443:443\n      - 443:443/udp\n      - 8000-8001:8000-8001\n";
        let whole = "services: {web: {ports: [{published: 443, protocol: tcp}, {published: 443, protocol: udp}, {published: 8000}, {published: 8001}]}}";
        assert_eq!(lost(&[file], whole), Vec::<String>::new());
        let merged = "services: {web: {ports: [{published: 443, protocol: udp}, {published: 8000, protocol: tcp}]}}";
        let said = lost(&[file, "services: {web: {image: y}}"], merged);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("compose.yml:4: services.web.ports[0]: port 443 is lost"), "{said:?}");
        assert!(said[1].starts_with("compose.yml:6: services.web.ports[2]: port 8001 is lost"), "{said:?}");
    }
}
