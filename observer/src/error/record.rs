//! What is wrong with the format of a tracepoint, or with one of its records.

/// Why a text is no format file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A part is not there.
    #[error("it has no `{0}`")]
    Missing(&'static str),
    /// A field that is not understood.
    #[error("`{0}` is not understood")]
    Field(String),
}

/// A record that does not hold what its format says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it ends at byte {end} of a record that has {len}")]
pub struct Damaged {
    /// Where the field, or what it points to, should end.
    pub end: usize,
    /// Bytes of the record.
    pub len: usize,
}
