//! From a descriptor to the other end of its unix socket.

use observer_common::{NOBODY, limits};

use crate::{
    layout::place,
    task::{Task, global_id, read},
};

/// The other end of a connected unix socket, where it is bound to a name.
pub struct Peer {
    /// The process that called listen(2); 0 for nobody.
    pub pid: u32,
    /// The effective user of it then; [`NOBODY`] likewise.
    pub uid: u32,
    /// Where the name stands in kernel memory: a path with its NUL or an abstract name.
    pub name: u64,
    /// Its length, at most [`limits::SOCKET_NAME`].
    pub name_len: u64,
}

impl Peer {
    /// That of a thread's descriptor; `None` for any other file, and for a peer without a name: the
    /// client of a server, the other half of a pair.
    #[inline(always)]
    pub fn of(thread: Task, descriptor: u32) -> Option<Self> {
        let socket = unix_socket(file(thread, descriptor))?;
        let peer: u64 = read(socket, place!(unix_sock_peer));
        let address: u64 = read(peer, place!(unix_sock_addr));
        if peer == 0 || address == 0 {
            return None;
        }
        let len: u32 = read(address, place!(unix_address_len));
        let name_len = u64::from(len.saturating_sub(place!(sockaddr_un_path)));
        let name = place!(unix_address_name).wrapping_add(place!(sockaddr_un_path));
        let credentials: u64 = read(socket, place!(sock_peer_cred));
        Some(Self {
            pid: global_id(read(socket, place!(sock_peer_pid))),
            uid: if credentials == 0 { NOBODY } else { read(credentials, place!(cred_euid)) },
            name: address.wrapping_add(u64::from(name)),
            name_len: name_len.min(limits::SOCKET_NAME as u64),
        })
    }
}

/// The `struct file` behind a thread's descriptor; 0 for none.
#[inline(always)]
fn file(thread: Task, descriptor: u32) -> u64 {
    let table: u64 = read(thread.files(), place!(files_fdt));
    let count: u32 = read(table, place!(fdtable_max_fds));
    if descriptor >= count {
        return 0;
    }
    let files: u64 = read(table, place!(fdtable_fd));
    read(files.wrapping_add(u64::from(descriptor) * 8), 0)
}

/// The `struct sock` of a file, if it is one of the family of unix.
#[inline(always)]
fn unix_socket(file: u64) -> Option<u64> {
    const TYPE: u16 = 0o170_000;
    const SOCKET: u16 = 0o140_000;
    const AF_UNIX: u16 = 1;
    let inode: u64 = read(file, place!(file_inode));
    let mode: u16 = read(inode, place!(inode_mode));
    if file == 0 || mode & TYPE != SOCKET {
        return None;
    }
    let socket: u64 = read(file, place!(file_private_data));
    let sock: u64 = read(socket, place!(socket_sk));
    let family: u16 = read(sock, place!(sock_family));
    // A `unix_sock` begins with its `sock`.
    if sock != 0 && family == AF_UNIX { Some(sock) } else { None }
}
