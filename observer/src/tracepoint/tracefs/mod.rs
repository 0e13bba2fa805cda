//! The file system in which the kernel describes its tracepoints, see `tracefs(5)`.
//!
//! Everything is read relative to one descriptor, so that where it is mounted does not matter,
//! nor whether it is. Nothing is written: what others trace is not disturbed.

mod files;
mod find;
mod lockdown;
mod module;
mod place;

use self::files::Files;
use super::{Fault, Format, Name};
use crate::Error;

/// tracefs, opened.
///
/// Privileges: root or `CAP_DAC_READ_SEARCH`, unless it was mounted for others too; where it is
/// not mounted, `CAP_SYS_ADMIN` as well.
#[derive(Debug)]
pub struct Tracefs {
    files: Files,
}

impl Tracefs {
    /// Opens it where it usually is, where else it is mounted, where old programs mount it; and
    /// where it is not mounted, through a mount of its own that nobody else sees.
    ///
    /// # Errors
    ///
    /// [`Fault::NotMounted`], [`Fault::Unreadable`], [`Fault::LockedDown`], [`Fault::NoTracing`].
    pub fn open() -> Result<Self, Error> {
        Ok(Self { files: place::find()? })
    }

    /// Where it was found: a path, or `a detached mount`.
    pub fn how(&self) -> String {
        self.files.how()
    }

    /// Every tracepoint that can be opened, sorted.
    ///
    /// # Errors
    ///
    /// [`Fault::Unreadable`], [`Fault::Unread`].
    pub fn names(&self) -> Result<Vec<Name>, Error> {
        self.names_with("id")
    }

    /// Every tracepoint that has a format, sorted: also the few that only the kernel's own tracers
    /// write, and that cannot be opened.
    ///
    /// # Errors
    ///
    /// As [`names`](Self::names).
    pub fn described(&self) -> Result<Vec<Name>, Error> {
        self.names_with("format")
    }

    /// What `perf_event_open(2)` knows a tracepoint by; other after each boot.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find) when it is not there, and [`Fault::Unreadable`].
    pub fn id(&self, name: &Name) -> Result<u32, Error> {
        let text = self.text_of(name, "id")?;
        let no_number = |_| Fault::Unread { path: path(name, "id"), why: "no number".to_owned() };
        Ok(text.trim().parse().map_err(no_number)?)
    }

    /// How the records of a tracepoint are laid out.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find) when it is not there; [`Fault::Unreadable`], [`Fault::BadFormat`].
    pub fn format(&self, name: &Name) -> Result<Format, Error> {
        let text = self.format_text(name)?;
        let format = Format::parse(name.system(), &text);
        Ok(format.map_err(|why| Fault::BadFormat { name: name.to_string(), why })?)
    }

    /// The format file as it stands.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find) when it is not there, and [`Fault::Unreadable`].
    pub fn format_text(&self, name: &Name) -> Result<String, Error> {
        self.text_of(name, "format")
    }

    fn names_with(&self, file: &str) -> Result<Vec<Name>, Error> {
        let mut names = Vec::new();
        for system in self.files.folders("events")? {
            let events = self.files.folders_with(&format!("events/{system}"), file)?;
            names.extend(events.iter().filter_map(|event| Name::new(&system, event).ok()));
        }
        names.sort_unstable();
        Ok(names)
    }

    fn can_be_opened(&self, name: &Name) -> bool {
        self.files.has(&path(name, "id"))
    }

    fn has_format(&self, name: &Name) -> bool {
        self.files.has(&path(name, "format"))
    }

    fn text_of(&self, name: &Name, file: &str) -> Result<String, Error> {
        match self.files.read(&path(name, file))? {
            Some(text) => Ok(text),
            None => Err(self.absent(name)?.into()),
        }
    }
}

fn path(name: &Name, file: &str) -> String {
    format!("events/{}/{}/{file}", name.system(), name.event())
}
