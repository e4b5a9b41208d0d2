//! Options as one can paste them into a flake.

use std::collections::BTreeMap;

/// Settings such as `allow.ports = [ "25" ]`, each option once with everything that it needs.
pub fn merged<'a>(settings: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut options: BTreeMap<&str, (Vec<&str>, &str)> = BTreeMap::new();
    for setting in settings {
        let Some((option, value)) = setting.split_once(" = ") else { continue };
        let (items, whole) = options.entry(option).or_default();
        match value.strip_prefix("[ ").and_then(|value| value.strip_suffix(" ]")) {
            Some(item) if !items.contains(&item) => items.push(item),
            Some(_) => {}
            None => *whole = value,
        }
    }
    let line = |(option, (items, whole)): (&str, (Vec<&str>, &str))| {
        if items.is_empty() { format!("{option} = {whole};") } else { format!("{option} = [ {} ];", items.join(" ")) }
    };
    options.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_several_refusals_name_is_one_line() {
        let settings = [
            r#"allow.ports = [ "25" ]"#,
            "allow.proxy = true",
            r#"allow.ports = [ "26" ]"#,
            r#"allow.ports = [ "25" ]"#,
        ];
        assert_eq!(merged(settings.into_iter()), [r#"allow.ports = [ "25" "26" ];"#, "allow.proxy = true;"]);
    }
}
