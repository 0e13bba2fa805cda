//! Containers that try to lead an observer astray: by their files of users, by links out of their
//! root, by a /proc of their own. The answer comes soon and is the host's truth.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;

use super::contained::{INMATE, Inmate, ProcInside, Users};
use super::snapshot::{Snapshot, ps};
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::root;
use crate::support::program::Answer;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root] {
            an_honest_container_gives_names,
            a_user_namespace_with_many_maps,
            links_inside_are_followed,
            users_in_a_fifo,
            users_in_a_folder,
            users_in_a_socket,
            users_in_a_large_sparse_file,
            users_in_a_circle_of_links,
            links_out_of_the_root_lead_nowhere,
            a_folder_that_links_out_of_the_root,
        }
        EveryKernel [root] {
            an_honest_user_namespace_gives_names,
            magic_links_lead_nowhere,
        }
    ]
}

/// A root for a container, and beside it what is the host's alone.
struct Jail {
    folder: TempDir,
}

/// The names of uid and gid 333 in the file inside, and in the one outside.
const INSIDE: &str = "insider:x:333:333::/:\n";
const OUTSIDE: &str = "outsider:x:333:333::/:\n";
const FILES: [&str; 2] = ["passwd", "group"];

impl Jail {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("an open folder");
        let jail = Self { folder };
        for name in ["root/etc", "root/proc"] {
            fs::create_dir_all(jail.folder.path().join(name)).expect("a folder");
        }
        for name in FILES {
            fs::write(jail.outside(name), OUTSIDE).expect("a file");
        }
        jail
    }

    /// With something else in place of each of its two files.
    fn with(make: impl Fn(&Path)) -> Self {
        let jail = Self::new();
        for name in FILES {
            make(&jail.root().join("etc").join(name));
        }
        jail
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn outside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The answer about a container in this root, in which the user is called so.
    fn assert_user(&self, name: &str, users: Users, proc: ProcInside) {
        let bait = Bait::lay(FILES.map(|name| self.outside(name)));
        let inmate = Inmate::start(&self.root(), users, proc);
        let command = fs::read(format!("/proc/{}/cmdline", inmate.pid)).expect("a live process");
        let args =
            String::from_utf8(command).expect("UTF-8").trim_end_matches('\0').replace('\0', " ");
        let pid = inmate.pid.to_string();
        let columns = "pid,user,group,comm,args,hpid,huid,ppid";
        let mut command = ps(&["--join", "--json", "-p", &pid, "-o", columns]);
        // Enough for itself and far less than a gigabyte.
        sys::before_exec(&mut command, || sys::limit(libc::RLIMIT_AS, 700 << 20, 700 << 20));
        let answer = Answer::within(&mut command, patience(Duration::from_secs(1)));
        assert_eq!(answer.code, Some(0), "stderr: {}", answer.errors);
        let snapshot = Snapshot::parse(&answer.out, answer.errors);
        assert_eq!(snapshot.rows.len(), 1, "{:?}", snapshot.rows);
        let row = &snapshot.rows[0];
        let cells = columns.split(',').map(|column| row.cell(column)).collect::<Vec<_>>();
        let on_host = users.on_host(INMATE).to_string();
        assert_eq!(cells, ["1", name, name, "inmate", &args, &pid, &on_host, "0"], "{columns}");
        bait.assert_untouched();
    }

    fn assert_numbers(&self) {
        for users in [Users::OfHost, Users::Own] {
            self.assert_user(&INMATE.to_string(), users, ProcInside::Fake);
        }
    }
}

/// Files that nobody has a reason to open.
struct Bait {
    watch: Inotify,
    files: [PathBuf; 2],
}

impl Bait {
    fn lay(files: [PathBuf; 2]) -> Self {
        let watch = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).expect("inotify");
        for file in &files {
            watch.add_watch(file, AddWatchFlags::IN_OPEN).expect("a watch");
        }
        Self { watch, files }
    }

    fn assert_untouched(self) {
        let openings = self.watch.read_events();
        assert_eq!(openings.err(), Some(Errno::EAGAIN), "something outside the root was opened");
        drop(fs::read(&self.files[0]).expect("a file"));
        assert!(self.watch.read_events().is_ok(), "the watch should see an opening");
    }
}

fn an_honest_container_gives_names() {
    let jail = Jail::with(|file| fs::write(file, INSIDE).expect("a file"));
    jail.assert_user("insider", Users::OfHost, ProcInside::Fake);
    jail.assert_user("insider", Users::OfHost, ProcInside::OfHost);
}

fn an_honest_user_namespace_gives_names() {
    let jail = Jail::with(|file| fs::write(file, INSIDE).expect("a file"));
    jail.assert_user("insider", Users::Own, ProcInside::Fake);
}

fn a_user_namespace_with_many_maps() {
    let jail = Jail::with(|file| fs::write(file, INSIDE).expect("a file"));
    jail.assert_user("insider", Users::OwnOneByOne, ProcInside::Fake);
}

fn links_inside_are_followed() {
    for target in ["/etc/users", "../../../../etc/users", "users"] {
        let jail = Jail::with(|file| symlink(target, file).expect("a link"));
        fs::write(jail.root().join("etc/users"), INSIDE).expect("a file");
        jail.assert_user("insider", Users::OfHost, ProcInside::Fake);
    }
}

fn users_in_a_fifo() {
    let mode = Mode::from_bits_truncate(0o666);
    Jail::with(|file| mkfifo(file, mode).expect("a FIFO")).assert_numbers();
}

fn users_in_a_folder() {
    Jail::with(|file| fs::create_dir(file).expect("a folder")).assert_numbers();
}

fn users_in_a_socket() {
    Jail::with(|file| drop(UnixListener::bind(file).expect("a socket"))).assert_numbers();
}

fn users_in_a_large_sparse_file() {
    let jail = Jail::with(|path| {
        fs::write(path, INSIDE).expect("a file");
        let file = fs::OpenOptions::new().write(true).open(path).expect("a file");
        file.set_len(1 << 30).expect("a sparse file");
    });
    jail.assert_numbers();
}

fn users_in_a_circle_of_links() {
    let circle = |file: &Path| {
        let other = file.with_extension("other");
        symlink(other.file_name().expect("a name"), file).expect("a link");
        symlink(file.file_name().expect("a name"), &other).expect("a link");
    };
    Jail::with(circle).assert_numbers();
    Jail::with(|file| symlink(file.file_name().expect("a name"), file).expect("a link"))
        .assert_numbers();
}

fn links_out_of_the_root_lead_nowhere() {
    let up = "../".repeat(40);
    let dots =
        |outside: &Path| PathBuf::from(format!("{up}{}", &outside.to_str().expect("UTF-8")[1..]));
    let rooted_dots = |outside: &Path| Path::new("/").join(dots(outside));
    let beside = |outside: &Path| Path::new("../..").join(outside.file_name().expect("a name"));
    let same = Path::to_owned;
    let targets: [&dyn Fn(&Path) -> PathBuf; 4] = [&same, &dots, &rooted_dots, &beside];
    for target in targets {
        let jail = Jail::new();
        for name in FILES {
            let link = jail.root().join("etc").join(name);
            symlink(target(&jail.outside(name)), link).expect("a link");
        }
        jail.assert_numbers();
    }
}

fn a_folder_that_links_out_of_the_root() {
    let jail = Jail::new();
    fs::remove_dir(jail.root().join("etc")).expect("an empty folder");
    symlink(jail.folder.path(), jail.root().join("etc")).expect("a link");
    jail.assert_numbers();
}

/// With the host's /proc inside, `self` is whoever follows the link.
fn magic_links_lead_nowhere() {
    for way in ["self/root", "1/root", "self/cwd/../../../../../.."] {
        let jail = Jail::new();
        for name in FILES {
            let outside = jail.outside(name);
            let target =
                Path::new("/proc").join(way).join(outside.strip_prefix("/").expect("rooted"));
            symlink(target, jail.root().join("etc").join(name)).expect("a link");
        }
        jail.assert_user(&INMATE.to_string(), Users::OfHost, ProcInside::OfHost);
    }
}
