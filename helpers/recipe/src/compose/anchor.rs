//! Files named from the root, so that a compose file can be read from anywhere.

use std::path::Path;

use serde_json::Value;

/// Names every file of the recipe that the Docker command reads or mounts from the root. Left to itself the command
/// looks for them beside the compose file.
pub(super) fn anchor(value: &mut Value, folder: &Path) {
    for section in ["configs", "secrets"] {
        for object in entries(value.get_mut(section)) {
            reference(object.get_mut("file"), folder);
        }
    }
    for service in entries(value.get_mut("services")) {
        match service.get_mut("env_file") {
            Some(Value::Array(files)) => {
                for file in files {
                    let is_mapping = file.is_object();
                    reference(if is_mapping { file.get_mut("path") } else { Some(file) }, folder);
                }
            }
            file => reference(file, folder),
        }
        for mount in service.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
            match mount {
                Value::String(text) if text.starts_with('.') => *text = joined(folder, text),
                Value::Object(mount) if mount.get("type").is_some_and(|kind| kind == "bind") => {
                    reference(mount.get_mut("source"), folder);
                }
                _ => {}
            }
        }
    }
}

fn entries(section: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    section.and_then(Value::as_object_mut).into_iter().flat_map(serde_json::Map::values_mut)
}

fn reference(file: Option<&mut Value>, folder: &Path) {
    let Some(file) = file else { return };
    if let Value::String(text) = file {
        *text = joined(folder, text);
    }
}

fn joined(folder: &Path, text: &str) -> String {
    folder.join(text.strip_prefix("./").unwrap_or(text)).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn relative_files_are_named_from_the_root_and_nothing_else_is_touched() {
        let mut value = json!({
            "configs": {"a": {"file": "./a.conf"}, "b": {"external": true}, "c": null},
            "secrets": {"s": {"file": "/r/s"}},
            "services": {
                "one": {"env_file": "e.env", "volumes": ["./x:/x:ro", "data:/data", "/y:/y", "."]},
                "two": {"env_file": ["e.env", {"path": "f.env"}], "volumes": [{"type": "bind", "source": "x"},
                    {"type": "volume", "source": "x"}, 1]},
                "three": {"env_file": 1, "volumes": "x"}
            }
        });
        anchor(&mut value, Path::new("/r"));
        assert_eq!(value["configs"]["a"]["file"], "/r/a.conf");
        assert_eq!(value["secrets"]["s"]["file"], "/r/s");
        assert_eq!(value["services"]["one"]["env_file"], "/r/e.env");
        assert_eq!(value["services"]["one"]["volumes"], json!(["/r/x:/x:ro", "data:/data", "/y:/y", "/r/."]));
        assert_eq!(value["services"]["two"]["env_file"], json!(["/r/e.env", {"path": "/r/f.env"}]));
        assert_eq!(value["services"]["two"]["volumes"][0]["source"], "/r/x");
        assert_eq!(value["services"]["two"]["volumes"][1]["source"], "x");
    }
}
