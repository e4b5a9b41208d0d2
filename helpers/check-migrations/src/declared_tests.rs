use super::*;

fn shop() -> serde_json::Value {
    serde_json::from_str(include_str!("../tests/shop.json")).unwrap()
}

fn refused(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut value = shop();
    change(&mut value);
    match serde_json::from_value::<Declared>(value) {
        Ok(declared) => declared.check().expect_err("it was accepted").to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_declaration_with_everything_is_accepted() {
    serde_json::from_value::<Declared>(shop()).unwrap().check().unwrap();
}

#[test]
fn an_app_that_is_superuser_is_refused_because_it_would_hide_what_is_missing() {
    let said = refused(|shop| shop["database"]["app"] = "postgres".into());
    assert!(said.contains("no right is ever missing"), "{said}");
}

#[test]
fn a_placeholder_that_is_none_is_refused_wherever_it_stands() {
    for place in ["/migrate/environment/DATABASE_URL", "/probe/environment/DATABASE_URL", "/migrate/command/1"] {
        let said = refused(|shop| *shop.pointer_mut(place).unwrap() = "{{ownerPasword}}".into());
        assert!(said.contains("`{{ownerPasword}}`") && said.contains("{{ownerPassword}}"), "{place}: {said}");
    }
}

#[test]
fn a_role_that_would_break_a_line_of_the_log_is_refused() {
    for role in ["a|b", "", "Shop", "a\"b"] {
        assert!(refused(|shop| shop["database"]["owner"] = role.into()).contains("cannot be tried"), "{role}");
    }
}

#[test]
fn a_misspelt_key_is_refused() {
    assert!(refused(|shop| shop["budjet"] = 1.into()).contains("budjet"));
}

#[test]
fn an_empty_command_is_refused() {
    assert!(refused(|shop| shop["migrate"]["command"] = serde_json::json!([])).contains("migrate.command is empty"));
}

#[test]
fn a_file_without_a_whole_path_is_refused() {
    assert!(refused(|shop| shop["migrate"]["files"] = serde_json::json!({"pw": "x"})).contains("whole path"));
}

#[test]
fn a_pooled_app_that_is_never_started_is_refused() {
    let said = refused(|shop| {
        shop["probe"] = serde_json::Value::Null;
        shop["pooled"] = serde_json::json!(["app"]);
    });
    assert!(said.contains("declare a probe"), "{said}");
}
