use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::format::yaml;

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        Just(Scalar::Null),
        any::<bool>().prop_map(Scalar::Bool),
        any::<i64>().prop_map(Scalar::Int),
        // sops writes a small whole float without a point, and reads it back as a whole number.
        any::<f64>()
            .prop_filter("NaN differs from itself", |number| !number.is_nan())
            .prop_filter("whole", |number| number.fract() != 0.0 || number.abs() >= 1e6)
            .prop_map(Scalar::Float),
        any::<String>().prop_map(|text| Scalar::Str(text.as_str().into())),
        "[ \\ta-z:#'\"-]{0,6}(\n[ \\ta-z:#-]{0,6}){0,4}\n{0,3}".prop_map(|text| Scalar::Str(text.as_str().into())),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Scalar::Str(Text::new(bytes))),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_map(Value::Scalar).prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|values| Value::List(values.into_iter().map(Item::Value).collect())),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|map| Value::Map(map.into_iter().map(|(key, value)| Entry::Pair(key, value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(root in prop::collection::btree_map(".{1,20}", value(), 1..5)) {
        let document = Value::Map(root.into_iter().map(|(key, value)| Entry::Pair(key, value)).collect());
        let text = write(std::slice::from_ref(&document));
        let back = yaml::parse(text.expose(), Path::new("x")).unwrap_or_else(|error| {
            panic!("{error}\n{}", String::from_utf8_lossy(text.expose()))
        });
        prop_assert_eq!(&back[0], &document, "\n{}", String::from_utf8_lossy(text.expose()));
    }
}
