//! Walks a frame together with the schema that describes it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::fixture::Side;

/// What the schema says of one property.
#[derive(Debug, Clone)]
pub(crate) struct Property {
    /// Describes its value.
    pub(crate) schema: Value,
    /// Whether it may be left out; one with a default is always written.
    pub(crate) is_optional: bool,
}

/// The properties of one object of a frame, by name.
pub(crate) type Properties = BTreeMap<String, Property>;

/// The published schema.
pub(crate) struct Schema(Value);

impl Schema {
    pub(crate) fn new() -> Self {
        Self(voodoo_proto::schema::wire())
    }

    /// Whether a definition of that name exists.
    pub(crate) fn defines(&self, name: &str) -> bool {
        self.0["$defs"].get(name).is_some()
    }

    /// Every field of every definition, with the name of the definition.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let definitions = self.0["$defs"].as_object().expect("there are definitions");
        let of = |(name, schema): (&String, &Value)| {
            let fields = schema["properties"].as_object().into_iter().flatten();
            fields.map(|(field, _)| (name.clone(), field.clone())).collect::<Vec<_>>()
        };
        definitions.iter().flat_map(of).collect()
    }

    /// Calls `see` for each object of the frame with its JSON pointer and its properties.
    pub(crate) fn visit(
        &self,
        (side, name): (Side, &str),
        frame: &Value,
        see: &mut dyn FnMut(&str, &Properties),
    ) {
        let of_reply = format!("/properties/replies/properties/{name}");
        let pointer = match side {
            Side::Request => "/properties/request",
            Side::Event => "/properties/server_frame",
            Side::Reply => &of_reply,
        };
        let schema = self.0.pointer(pointer).expect("the schema describes the frame");
        self.walk(schema, frame, "", see);
    }

    fn walk(
        &self,
        schema: &Value,
        value: &Value,
        at: &str,
        see: &mut dyn FnMut(&str, &Properties),
    ) {
        match value {
            Value::Object(fields) => {
                let mut properties = Properties::new();
                self.gather(schema, fields, &mut properties);
                see(at, &properties);
                for (name, value) in fields {
                    if let Some(property) = properties.get(name) {
                        self.walk(&property.schema, value, &format!("{at}/{name}"), see);
                    }
                }
            }
            Value::Array(items) => {
                let items_schema = &self.follow(schema)["items"];
                for (index, item) in items.iter().enumerate() {
                    self.walk(items_schema, item, &format!("{at}/{index}"), see);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn follow<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let Some(reference) = schema["$ref"].as_str() else { return schema };
        let pointer = reference.strip_prefix('#').expect("one document");
        self.follow(self.0.pointer(pointer).expect("a reference leads somewhere"))
    }

    /// Collects the properties of an object, in those alternatives whose tags agree with it.
    fn gather(&self, schema: &Value, fields: &Map<String, Value>, into: &mut Properties) {
        if schema["$ref"].is_string() {
            self.gather(self.follow(schema), fields, into);
        }
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_optional =
                !required.iter().any(|it| it == name) && property.get("default").is_none();
            into.insert(name.clone(), Property { schema: property.clone(), is_optional });
        }
        for choice in schema["oneOf"].as_array().into_iter().flatten() {
            if agrees(choice, fields) {
                self.gather(choice, fields, into);
            }
        }
    }
}

fn agrees(choice: &Value, fields: &Map<String, Value>) -> bool {
    let properties = choice["properties"].as_object().into_iter().flatten();
    let mut tags = properties.filter_map(|(name, it)| it.get("const").map(|tag| (name, tag)));
    tags.all(|(name, tag)| fields.get(name) == Some(tag))
}
