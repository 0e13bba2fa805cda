//! What the bytes of a field are: one value, several, or several elsewhere in the record.

use super::scalar::Scalar;

/// What the bytes of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A single value.
    Scalar(Scalar),
    /// So many elements at the field's place. None at all for what only ends the record.
    Array {
        /// One of them.
        element: Scalar,
        /// How many there are.
        count: usize,
    },
    /// Elements elsewhere in the record; at the field's place stands where and how many.
    Dynamic {
        /// One of them.
        element: Scalar,
        /// Whether their place is counted from the end of the field, not of the record's beginning.
        relative: bool,
        /// How many such arrays there are, most often one.
        locators: usize,
    },
}

impl Shape {
    /// Bytes of what says where dynamic elements are.
    pub(crate) const LOCATOR: usize = 4;

    /// The single value, or one of the elements.
    pub fn element(&self) -> Scalar {
        match self {
            Self::Scalar(element) | Self::Array { element, .. } | Self::Dynamic { element, .. } => {
                *element
            }
        }
    }
}
