//! What was typed for a container → whether an id fits it, as far as no engine has to be asked.

use super::SHORT_ID;

/// Digits of a whole id.
const ID: usize = 64;

/// What somebody means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// An id or its beginning.
    Beginning(String),
    /// The name by which its runtime puts a container into the cgroup's: LXC, nspawn.
    Whole(String),
    /// A name that engines know.
    Name(String),
    /// Either.
    NameOrBeginning(String),
}

impl Wanted {
    /// Whether a container with this id is meant; `None` where its name decides.
    pub(crate) fn fits(&self, id: &str) -> Option<bool> {
        match self {
            Self::Beginning(beginning) => Some(id.starts_with(beginning.as_str())),
            Self::NameOrBeginning(beginning) if id.starts_with(beginning.as_str()) => Some(true),
            Self::Name(_) | Self::NameOrBeginning(_) if is_id(id) => None,
            Self::Whole(whole) | Self::Name(whole) | Self::NameOrBeginning(whole) => {
                Some(id == whole)
            }
        }
    }

    /// Whether a container that an engine calls so is meant.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        match self {
            Self::Name(wanted) | Self::NameOrBeginning(wanted) => wanted == name,
            Self::Beginning(_) | Self::Whole(_) => false,
        }
    }
}

/// Whether it is so much of an id that it is taken for one without asking anybody.
pub(crate) fn is_surely_an_id(typed: &str) -> bool {
    typed.len() >= SHORT_ID && may_begin_an_id(typed)
}

pub(super) fn may_begin_an_id(typed: &str) -> bool {
    typed.len() <= ID && typed.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Engines know only these.
fn is_id(text: &str) -> bool {
    text.len() == ID && may_begin_an_id(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_for_an_id() {
        assert!(is_surely_an_id("0123456789ab"));
        assert!(is_surely_an_id(&"f".repeat(64)));
        for name in ["0123456789a", "web", "0123456789abX", "0123456789AB", &"f".repeat(65)] {
            assert!(!is_surely_an_id(name), "{name}");
        }
    }

    #[test]
    fn an_id_decides_where_it_can() {
        let id = "ab".repeat(32);
        let name = |text: &str| Wanted::Name(text.to_owned());
        assert_eq!(Wanted::Beginning("ab".into()).fits(&id), Some(true));
        assert_eq!(Wanted::Beginning("ba".into()).fits(&id), Some(false));
        assert_eq!(Wanted::NameOrBeginning("ab".into()).fits(&id), Some(true));
        assert_eq!(Wanted::NameOrBeginning("db".into()).fits(&id), None);
        assert_eq!(name("ab").fits(&id), None);
        assert_eq!(name("web").fits("web"), Some(true), "LXC's");
        assert_eq!(name("web").fits("web2"), Some(false), "LXC's");
        assert_eq!(Wanted::Whole("web".into()).fits(&id), Some(false));
    }

    #[test]
    fn only_a_name_is_called_so() {
        assert!(Wanted::Name("web".into()).is_called("web"));
        assert!(!Wanted::Name("web".into()).is_called("web2"));
        assert!(Wanted::NameOrBeginning("db".into()).is_called("db"));
        assert!(!Wanted::Beginning("db".into()).is_called("db"));
    }
}
