//! The programs that watch the build, with which command, and what they wrote down of it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::project::BUILD;
use super::told::{self, Told};

/// A program that watches a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contestant {
    Nobody,
    Observer,
    Strace,
}

impl Contestant {
    pub(crate) const ALL: [Self; 3] = [Self::Nobody, Self::Observer, Self::Strace];

    /// What a user types.
    pub(crate) fn typed(self) -> &'static str {
        match self {
            Self::Nobody => "make -j2",
            Self::Observer => "observer run --output FILE.json -- make -j2",
            Self::Strace => "strace -f -I 2 -qq -e trace=execve -o FILE make -j2",
        }
    }

    /// The command line, with what it writes below `folder`.
    pub(crate) fn words(self, observer: &Path, folder: &Path) -> Vec<OsString> {
        let written = self.written(folder);
        let own: &[&OsStr] = match self {
            Self::Nobody => &[],
            Self::Observer => &[
                observer.as_os_str(),
                OsStr::new("run"),
                OsStr::new("--output"),
                written.as_os_str(),
                OsStr::new("--"),
            ],
            // By itself it heeds no signal while it writes to a file.
            Self::Strace => &[
                OsStr::new("strace"),
                OsStr::new("-f"),
                OsStr::new("-I"),
                OsStr::new("2"),
                OsStr::new("-qq"),
                OsStr::new("-e"),
                OsStr::new("trace=execve"),
                OsStr::new("-o"),
                written.as_os_str(),
            ],
        };
        own.iter().copied().chain(BUILD.map(OsStr::new)).map(OsString::from).collect()
    }

    /// What it reported about the build; without a watcher, nothing.
    pub(crate) fn told(self, folder: &Path) -> Result<Option<Told>> {
        let written = self.written(folder);
        match self {
            Self::Nobody => Ok(None),
            Self::Observer => told::by_observer(&written).map(Some),
            Self::Strace => told::by_strace(&written).map(Some),
        }
    }

    fn written(self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Nobody => "nothing",
            Self::Observer => "report.json",
            Self::Strace => "strace.log",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_what_is_run() {
        for contestant in Contestant::ALL {
            let words = contestant.words(Path::new("observer"), Path::new(""));
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            let run = words.join(" ").replace("report.json", "FILE.json");
            assert_eq!(run.replace("strace.log", "FILE"), contestant.typed());
        }
    }
}
