//! Whatever a recipe holds, reading it ends in a value or in an error.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use recipe::compose::{self, Document};
use recipe::{Allow, Place, Recipe, Version, check, dotenv};
use serde_json::Value;

/// Text made of what the parsers look for.
fn pieces(alphabet: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![9 => prop::sample::select(alphabet).prop_map(str::to_owned), 1 => ".{0,4}"],
        0..60,
    )
    .prop_map(|pieces| pieces.concat())
}

fn yaml() -> impl Strategy<Value = String> {
    pieces(&[
        "a", "b", ":", ": ", "- ", "\n", "\n  ", "\n    ", "&x ", "*x", "<<: ", "[", "]", "{", "}", ",", "\"", "'",
        "|", ">", "---\n", "!!", "!t ", "? ", "#", "~", "$X", "${X:-", "services", "volumes", "1", "0440", "true",
        "\t", "%", "@",
    ])
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(&["host", "/", "/etc:/x", "..", "~", "$X", "bind", "", ":", "none", "a/b", "ALL"][..])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 5, |inner| {
        let keys = prop::sample::select(
            &[
                "services",
                "volumes",
                "networks",
                "configs",
                "secrets",
                "include",
                "app",
                "driver_opts",
                "o",
                "device",
                "type",
                "source",
                "file",
                "env_file",
                "build",
                "context",
                "privileged",
                "cap_add",
                "devices",
                "external",
                "name",
                "security_opt",
                "pid",
                "deploy",
                "extends",
                "post_start",
                "read_only",
                "path",
            ][..],
        );
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys.prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_a_compose_file_or_an_error_with_a_reason(text in prop_oneof![yaml(), ".{0,200}"]) {
        match compose::parse("compose.yml", &text) {
            Ok(value) => {
                let back = compose::parse("back", &compose::to_text(&value)).unwrap();
                prop_assert!(back.is_object() == value.is_object());
            }
            Err(error) => prop_assert!(error.to_string().starts_with("compose.yml:") && error.to_string().len() > 20),
        }
    }

    #[test]
    fn any_text_is_an_environment_file_or_an_error_with_a_line(
        text in prop_oneof![pieces(&["A", "B", "=", "\"", "'", "\n", "$", "${", "}", ":-", ":?", "\\", " ", "#", "export "]), ".{0,200}"]
    ) {
        if let Err(error) = dotenv::parse(&text, &|name| (name == "A").then(|| "preset".to_owned())) {
            prop_assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1);
        }
    }

    #[test]
    fn any_text_with_variables_is_filled_in_or_refused(
        text in pieces(&["$", "${", "}", "A", "B", ":-", "-", ":?", "?", ":+", "+", "$$", " ", "1", "{"])
    ) {
        let folder = tempfile::tempdir().unwrap();
        let compose = serde_json::json!({"services": {"app": {"image": text}}});
        std::fs::write(folder.path().join("compose.yml"), compose.to_string()).unwrap();
        let recipe = Recipe::open(folder.path()).unwrap();
        let environment = recipe.environment(&BTreeMap::from([("A".to_owned(), "$a}".to_owned())]), "s", "d").unwrap();
        let files = recipe.compose_files(None, &environment).unwrap();
        if let Ok(reading) = recipe.read(&files, &environment) {
            // What the Docker command is given has no variable left but the empty one.
            let left = reading.documents[0].text(recipe.folder()).replace("$$", "").replace("${HEARTH_EMPTY:-}", "");
            prop_assert!(!left.contains('$'), "{left}");
        }
    }

    #[test]
    fn any_value_is_checked(value in value()) {
        let place = Place { file: "f", app: "a", folder: Path::new("/nonexistent") };
        check(&value, &place, &Allow::default());
        Document::parse("f", &value.to_string()).unwrap();
    }

    #[test]
    fn any_text_is_a_version_that_prints_as_it_is_or_none(text in "[0-9v.+a-z~_-]{0,20}") {
        if let Ok(version) = text.parse::<Version>() {
            prop_assert_eq!(version.to_string(), text);
        }
    }

    #[test]
    fn versions_have_one_order(a in "1\\.[01]\\.0(\\+v?[0-9a.-]{1,5})?", b in "1\\.[01]\\.0(\\+v?[0-9a.-]{1,5})?") {
        if let (Ok(a), Ok(b)) = (a.parse::<Version>(), b.parse::<Version>()) {
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        }
    }
}
