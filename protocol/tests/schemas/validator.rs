//! A schema that values are held against.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

pub(crate) struct Validator {
    schemas: Schemas,
    root: SchemaIndex,
}

impl Validator {
    /// Compiles a schema, which must be one of the draft that it names.
    pub(crate) fn new(schema: Value) -> Self {
        let id = schema["$id"].as_str().expect("a schema has an id").to_owned();
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource(&id, schema).unwrap_or_else(|error| panic!("{error:#}"));
        let root = compiler.compile(&id, &mut schemas);
        let root = root.unwrap_or_else(|error| panic!("{error:#}"));
        Self { schemas, root }
    }

    pub(crate) fn accepts(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.root).is_ok()
    }

    /// The value is accepted; else the test fails with the reason.
    #[track_caller]
    pub(crate) fn check(&self, value: &Value) {
        if let Err(error) = self.schemas.validate(value, self.root) {
            panic!("{error}\n{value}");
        }
    }
}
