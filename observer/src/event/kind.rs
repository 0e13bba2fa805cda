//! The kinds of event, each with its name, what it says of itself, and who tells it.

use observer_common::Kind;

use super::What;

/// Where events of a kind come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    /// A source, by a record of this kind.
    Record(Kind),
    /// A source, by a record of this kind; that it is whole takes a table.
    RecordAndTable(Kind),
    /// The table alone.
    Table,
    /// The stream itself.
    Stream,
}

macro_rules! event_kinds {
    ($($variant:ident $name:literal, $teller:expr, $(asked for as $doc:literal)?;)*) => {
        /// What an event is about: [`What`] without its contents.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum EventKind {
            $(
                #[doc = concat!("See [`What::", stringify!($variant), "`].")]
                $variant,
            )*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As it stands in texts, in JSON and on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it means, for those who can ask for it; `None` where it is told unasked, or to
            /// nobody who asks by a name.
            pub fn doc(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => None$(.or(Some($doc)))?,)*
                }
            }

            /// What tells of it.
            pub fn teller(self) -> Teller {
                match self {
                    $(Self::$variant => $teller,)*
                }
            }
        }

        impl What {
            /// What it is about.
            pub fn kind(&self) -> EventKind {
                match self {
                    $(Self::$variant { .. } => EventKind::$variant,)*
                }
            }
        }
    };
}

event_kinds! {
    Fork "fork", Teller::Record(Kind::FORK),
        asked for as "A process was created (new threads do not count)";
    Exec "exec", Teller::Record(Kind::EXEC),
        asked for as "A process started to run a program";
    Exit "exit", Teller::Record(Kind::EXIT),
        asked for as "A process ended: its last thread is gone";
    Free "free", Teller::Record(Kind::FREE),
        asked for as "The process was reaped: final CPU time; only the pid is known, so other filters never match";
    Rename "rename", Teller::Record(Kind::RENAME),
        asked for as "A process changed its name, as every exec does";
    Reparent "reparent", Teller::Table,
        asked for as "A process got another parent because its own ended";
    Cgroup "cgroup", Teller::RecordAndTable(Kind::CGROUP),
        asked for as "A process was moved to another cgroup";
    Namespaces "namespaces", Teller::Record(Kind::NAMESPACE),;
    Request "request", Teller::Record(Kind::REQUEST),;
    Found "found", Teller::Table,;
    Gone "gone", Teller::Table,;
    Lost "lost", Teller::Stream,;
    Repair "repair", Teller::Stream,;
}

impl EventKind {
    /// Those that can be asked for by name.
    pub fn asked_for() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kind| kind.doc().is_some())
    }

    /// The kind of that name, among those that can be asked for.
    pub fn named(name: &str) -> Option<Self> {
        Self::asked_for().find(|kind| kind.name() == name)
    }

    /// The kind of record that tells it, if one does.
    pub fn record(self) -> Option<Kind> {
        match self.teller() {
            Teller::Record(kind) | Teller::RecordAndTable(kind) => Some(kind),
            Teller::Table | Teller::Stream => None,
        }
    }

    /// Whether events of this kind need the process table: nobody else knows who the parent was, or
    /// where a process was before.
    pub fn needs_table(self) -> bool {
        matches!(self.teller(), Teller::Table | Teller::RecordAndTable(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_is_one_kinds_alone() {
        for kind in EventKind::asked_for() {
            assert_eq!(EventKind::named(kind.name()), Some(kind));
        }
        let mut names: Vec<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), EventKind::ALL.len());
        assert_eq!(EventKind::named("lost"), None, "nobody has to ask for a loss");
    }
}
