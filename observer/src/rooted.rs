//! Small files of a container, and namespaces mounted in one, from outside.
//!
//! Whoever owns the container chooses what lies there, so nothing is taken on trust: no link leads
//! out of its root, only a regular file is opened, no more than a limit is read, and nobody waits
//! longer than they want. Its namespaces are not entered.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read as _},
    os::{
        fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2},
    sys::{
        stat::{Mode, SFlag, fstat},
        statfs::{NSFS_MAGIC, fstatfs},
    },
};

/// How long to wait for a container's files before its names are done without.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// No file has this path.
    #[error("no such file")]
    NotThere,
    /// A folder, a pipe, a device, a socket.
    #[error("not a regular file")]
    NotRegular,
    /// It holds more than was allowed.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    /// Its file system did not answer in time.
    #[error("no answer in time")]
    TooSlow,
    /// The system refused, as it does where a link turns in a circle.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The whole of a file below `root`, a descriptor of `/proc/PID/root` (`O_PATH` suffices). Links
/// are followed as the container's own processes would follow them, except for the magic ones of
/// /proc; see openat2(2).
///
/// A file system of the container's own making may never answer. So the work is done by a thread
/// that is waited for until `until` and then given up: it keeps nothing but its own descriptors
/// and memory, and ends when the answer comes or this process does.
///
/// # Errors
///
/// [`Refusal`]; a file that keeps growing is too large, however small it says it is.
pub(crate) fn read(
    root: BorrowedFd<'_>,
    path: &'static str,
    limit: usize,
    until: Instant,
) -> Result<Vec<u8>, Refusal> {
    let root = root.try_clone_to_owned()?;
    within(until, move || read_patiently(&root, path, limit))?
}

/// Opens a namespace that is mounted onto a file below `root`, a descriptor of `/proc/PID/root`. As
/// patient, and as wary, as [`read`].
///
/// # Errors
///
/// [`Refusal::NotRegular`] where something else is there.
pub(crate) fn open_namespace(
    root: BorrowedFd<'_>,
    path: &[u8],
    until: Instant,
) -> Result<OwnedFd, Refusal> {
    let root = root.try_clone_to_owned()?;
    let path = PathBuf::from(OsStr::from_bytes(path));
    within(until, move || {
        let place = find(&root, &path)?;
        if fstatfs(&place).map_err(io::Error::from)?.filesystem_type() != NSFS_MAGIC {
            return Err(Refusal::NotRegular);
        }
        Ok(reopen(place.as_fd()).map_err(io::Error::from)?)
    })?
}

fn read_patiently(root: &OwnedFd, path: &str, limit: usize) -> Result<Vec<u8>, Refusal> {
    let place = find(root, Path::new(path))?;
    let status = fstat(&place).map_err(io::Error::from)?;
    if SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
        return Err(Refusal::NotRegular);
    }
    match usize::try_from(status.st_size).unwrap_or(usize::MAX) {
        // So say the files of /proc, and some of them take a reading as an order.
        0 => Ok(Vec::new()),
        size if size > limit => Err(Refusal::TooLarge(limit)),
        size => read_up_to(limit, size, reopen(place.as_fd()).map_err(io::Error::from)?.into()),
    }
}

/// What a path leads to, neither opened nor touched.
fn find(root: &OwnedFd, path: &Path) -> Result<OwnedFd, Refusal> {
    /// While anything on the machine is renamed, the kernel cannot vouch for a `..`.
    const TRIES: usize = 100;
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    let mut attempts = (0..TRIES).map(|_| openat2(root, path, how));
    match attempts.find(|attempt| !matches!(attempt, Err(Errno::EAGAIN))) {
        Some(Ok(place)) => Ok(place),
        Some(Err(Errno::ENOENT | Errno::ENOTDIR)) => Err(Refusal::NotThere),
        Some(Err(errno)) => Err(Refusal::Io(errno.into())),
        None => Err(Refusal::Io(Errno::EAGAIN.into())),
    }
}

/// Opens this very file again, whatever has its path by now.
///
/// # Errors
///
/// Where it may not be read.
pub(crate) fn reopen(place: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let path = format!("/proc/self/fd/{}", place.as_raw_fd());
    open(path.as_str(), flags, Mode::empty())
}

fn read_up_to(limit: usize, size: usize, file: File) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(one_more).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(Refusal::TooLarge(limit));
    }
    Ok(bytes)
}

/// Does work that may never end, on a thread.
fn within<T: Send + 'static>(
    until: Instant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let helper = Helper::new().ok_or(Refusal::TooSlow)?;
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new().name("container-file".to_owned()).spawn(move || {
        let done = work();
        drop(helper);
        // Nobody waits any more if it came too late.
        drop(sender.send(done));
    })?;
    receiver.recv_timeout(until.saturating_duration_since(Instant::now())).map_err(|e| match e {
        RecvTimeoutError::Timeout => Refusal::TooSlow,
        RecvTimeoutError::Disconnected => Refusal::Io(io::Error::other("the reader panicked")),
    })
}

/// The right to a thread. Those given up keep theirs, so that a container that never answers
/// cannot collect threads.
struct Helper;

impl Helper {
    const MOST: usize = 64;

    fn new() -> Option<Self> {
        let others = HELPERS.fetch_add(1, Ordering::Relaxed);
        let helper = Self;
        (others < Self::MOST).then_some(helper)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        HELPERS.fetch_sub(1, Ordering::Relaxed);
    }
}

static HELPERS: AtomicUsize = AtomicUsize::new(0);

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::{fs::symlink, net::UnixListener},
    };

    use nix::unistd::mkfifo;
    use tempfile::TempDir;

    use super::*;

    const LIMIT: usize = 4096;
    const WATCHDOG: Duration = Duration::from_secs(1);

    /// A folder `root` that stands for a container's, and beside it what must not be read.
    struct Container {
        folder: TempDir,
    }

    impl Container {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            fs::create_dir_all(folder.path().join("root/etc")).unwrap();
            fs::write(folder.path().join("secret"), "of the host").unwrap();
            Self { folder }
        }

        fn path(&self, inside: &str) -> PathBuf {
            self.folder.path().join("root").join(inside)
        }

        fn linking(target: &str) -> Self {
            let container = Self::new();
            symlink(target, container.path("etc/passwd")).unwrap();
            container
        }

        fn read(&self) -> Result<Vec<u8>, Refusal> {
            let root = open(&self.path(""), OFlag::O_PATH, Mode::empty()).unwrap();
            let start = Instant::now();
            let answer = read(root.as_fd(), "etc/passwd", LIMIT, start + PATIENCE);
            assert!(start.elapsed() < WATCHDOG, "it took {:?}", start.elapsed());
            answer
        }

        fn assert_reads(&self, expected: &str) {
            let bytes = self.read().unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }

        fn assert_not_there(&self) {
            let answer = self.read();
            assert!(matches!(answer, Err(Refusal::NotThere)), "{answer:?}");
        }

        fn assert_refused_as(&self, expected: Errno) {
            match self.read() {
                Err(Refusal::Io(error)) => {
                    assert_eq!(error.raw_os_error(), Some(expected as i32));
                }
                other => panic!("{other:?}"),
            }
        }

        fn assert_not_regular(&self) {
            let answer = self.read();
            assert!(matches!(answer, Err(Refusal::NotRegular)), "{answer:?}");
        }

        fn assert_too_large(&self) {
            let answer = self.read();
            assert!(matches!(answer, Err(Refusal::TooLarge(LIMIT))), "{answer:?}");
        }
    }

    #[test]
    fn a_file_is_read_whole() {
        let container = Container::new();
        container.assert_not_there();
        fs::write(container.path("etc/passwd"), "root:x:0:0").unwrap();
        container.assert_reads("root:x:0:0");
        fs::write(container.path("etc/passwd"), "a".repeat(LIMIT)).unwrap();
        container.assert_reads(&"a".repeat(LIMIT));
        fs::write(container.path("etc/passwd"), "").unwrap();
        container.assert_reads("");
    }

    #[test]
    fn a_file_put_in_place_of_another_is_the_one_that_is_read() {
        let container = Container::new();
        fs::write(container.path("etc/passwd"), "old").unwrap();
        container.assert_reads("old");
        fs::write(container.path("etc/new"), "new").unwrap();
        fs::rename(container.path("etc/new"), container.path("etc/passwd")).unwrap();
        container.assert_reads("new");
    }

    #[test]
    fn links_are_followed_within_the_root() {
        for target in ["users", "/etc/users", "../etc/users", "../../../../../../etc/users"] {
            let container = Container::linking(target);
            fs::write(container.path("etc/users"), "inside").unwrap();
            container.assert_reads("inside");
        }
    }

    #[test]
    fn no_link_leads_out_of_the_root() {
        for target in ["../../secret", "/../secret", "../../../../../../../../etc/hosts"] {
            Container::linking(target).assert_not_there();
        }
        let container = Container::new();
        let absolute = container.folder.path().join("secret");
        symlink(absolute, container.path("etc/passwd")).unwrap();
        container.assert_not_there();
        let container = Container::new();
        fs::remove_dir(container.path("etc")).unwrap();
        symlink("/etc", container.path("etc")).unwrap();
        container.assert_refused_as(Errno::ELOOP);
    }

    #[test]
    fn links_in_a_circle_end() {
        Container::linking("passwd").assert_refused_as(Errno::ELOOP);
        Container::linking("../etc/passwd").assert_refused_as(Errno::ELOOP);
    }

    #[test]
    fn magic_links_lead_nowhere() {
        let root = open("/", OFlag::O_PATH, Mode::empty()).unwrap();
        for path in ["proc/self/root/etc/passwd", "proc/self/cwd/Cargo.toml", "proc/self/exe"] {
            let answer = read(root.as_fd(), path, LIMIT, Instant::now() + PATIENCE);
            match answer {
                Err(Refusal::Io(error)) => {
                    assert_eq!(error.raw_os_error(), Some(Errno::ELOOP as i32), "{path}");
                }
                other => panic!("{path}: {other:?}"),
            }
        }
        Container::linking("/proc/self/root/etc/passwd").assert_not_there();
    }

    #[test]
    fn only_regular_files_are_opened() {
        let container = Container::new();
        let place = container.path("etc/passwd");
        mkfifo(&place, Mode::S_IRUSR).unwrap();
        container.assert_not_regular();
        fs::remove_file(&place).unwrap();
        fs::create_dir(&place).unwrap();
        container.assert_not_regular();
        fs::remove_dir(&place).unwrap();
        let _listener = UnixListener::bind(&place).unwrap();
        container.assert_not_regular();
        let root = open("/", OFlag::O_PATH, Mode::empty()).unwrap();
        let answer = read(root.as_fd(), "dev/zero", LIMIT, Instant::now() + PATIENCE);
        assert!(matches!(answer, Err(Refusal::NotRegular)), "{answer:?}");
    }

    #[test]
    fn a_large_file_is_refused_unread() {
        let container = Container::new();
        let file = File::create(container.path("etc/passwd")).unwrap();
        file.set_len(1 << 30).unwrap();
        container.assert_too_large();
        file.set_len(LIMIT as u64 + 1).unwrap();
        container.assert_too_large();
    }

    #[test]
    fn a_file_that_grew_since_it_was_looked_at_is_too_large() {
        let container = Container::new();
        let path = container.path("etc/passwd");
        fs::write(&path, "a".repeat(LIMIT + 1)).unwrap();
        let answer = read_up_to(LIMIT, 1, File::open(&path).unwrap());
        assert!(matches!(answer, Err(Refusal::TooLarge(LIMIT))), "{answer:?}");
    }

    #[test]
    fn files_of_proc_are_not_read() {
        let root = open("/", OFlag::O_PATH, Mode::empty()).unwrap();
        let answer = read(root.as_fd(), "proc/version", LIMIT, Instant::now() + PATIENCE);
        assert_eq!(answer.unwrap(), b"");
    }

    #[test]
    fn work_that_does_not_end_is_given_up_and_its_thread_counted_until_it_does() {
        let (release, released) = mpsc::channel::<()>();
        let start = Instant::now();
        let answer = within(start + Duration::from_millis(20), move || released.recv().is_ok());
        assert!(matches!(answer, Err(Refusal::TooSlow)), "{answer:?}");
        assert!(start.elapsed() < WATCHDOG);
        assert!(HELPERS.load(Ordering::Relaxed) > 0, "the thread is still there");
        release.send(()).unwrap();
    }

    #[test]
    fn no_descriptor_stays_behind() {
        let container = Container::linking("/etc/users");
        fs::write(container.path("etc/users"), "inside").unwrap();
        let of_container = || {
            let entries = fs::read_dir("/proc/self/fd").unwrap();
            let targets = entries.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
            targets.filter(|target| target.starts_with(container.folder.path())).count()
        };
        container.assert_reads("inside");
        assert_eq!(of_container(), 0);
    }
}
