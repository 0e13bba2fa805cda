//! Single values as JSON has them: numbers that readers keep exact, bytes and argument lists.

#[cfg(feature = "schema")]
use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::event::Args;

/// A number as a string of digits: most readers of JSON keep 53 bits only.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(with = "String"))]
pub struct Digits(#[cfg_attr(feature = "schema", schemars(skip))] pub u64);

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(itoa::Buffer::new().format(self.0))
    }
}

/// A number that becomes a string above 2^53.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub u64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const EXACT: u64 = 1 << 53;
        if self.0 <= EXACT {
            serializer.serialize_u64(self.0)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number; a string of digits above 2^53.",
            "type": ["integer", "string"],
        })
    }
}

/// Arguments as text.
#[derive(Clone, Copy, Debug)]
pub struct TextArgs<'a>(pub &'a Args);

impl Serialize for TextArgs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(String::from_utf8_lossy))
    }
}

/// Arguments as they are.
#[derive(Clone, Copy, Debug)]
pub struct RawArgs<'a>(pub &'a Args);

impl Serialize for RawArgs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Base64))
    }
}

/// Bytes in base64.
#[derive(Clone, Copy, Debug)]
pub struct Base64<'a>(pub &'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}
