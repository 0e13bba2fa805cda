//! What keeps a tracepoint from being read, each case in its own words.

/// Why a tracepoint cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The observer was closed.
    #[error("the observer is closed")]
    Closed,
}

impl Fault {
    /// What the reader of the message can do, as one clause without a full stop.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Closed => Some("make a new one".to_owned()),
        }
    }

    /// Whether the cause is a missing right rather than a failure.
    pub fn is_not_permitted(&self) -> bool {
        match self {
            Self::Closed => false,
        }
    }
}
