//! One question over HTTP, asked at a Unix socket; RFC 9112 as far as engines speak it.
//!
//! No redirects, no second question over a connection, no belief in lengths: an answer ends where
//! the connection does, within a bound of time and of size.

use std::{
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsRawFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket},
};

use super::failure::Why;

/// As much of an answer as is taken.
const LIMIT: usize = 4 << 20;

/// An answer: its status code, and what follows its head.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Asks for a path, which holds no blanks, and takes the whole answer.
pub(super) fn get(socket: &Path, path: &str, until: Instant) -> Result<Answer, Why> {
    let mut stream = open(socket)?;
    // Answers to 1.0 come in one piece, and end.
    let question = format!("GET {path} HTTP/1.0\r\nHost: engine\r\nConnection: close\r\n\r\n");
    stream.set_write_timeout(Some(remaining(until)?))?;
    stream.write_all(question.as_bytes())?;
    parse(&read(&mut stream, until)?).ok_or(Why::NotUnderstood)
}

/// A connection. One that would have to be waited for is refused: the engine is too busy.
fn open(path: &Path) -> Result<UnixStream, Why> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket: OwnedFd =
        socket(AddressFamily::Unix, SockType::Stream, flags, None).map_err(io::Error::from)?;
    let address = UnixAddr::new(path).map_err(io::Error::from)?;
    match connect(socket.as_raw_fd(), &address) {
        Ok(()) => {}
        Err(Errno::EAGAIN) => return Err(Why::TooSlow),
        Err(errno) => return Err(Why::Io(errno.into())),
    }
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn read(stream: &mut UnixStream, until: Instant) -> Result<Vec<u8>, Why> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 << 10];
    loop {
        stream.set_read_timeout(Some(remaining(until)?))?;
        let count = match stream.read(&mut piece) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
        if bytes.len() > LIMIT {
            return Err(Why::TooLarge);
        }
    }
}

fn remaining(until: Instant) -> Result<Duration, Why> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(Why::TooSlow) } else { Ok(left) }
}

impl From<io::Error> for Why {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::TooSlow,
            _ => Self::Io(error),
        }
    }
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = position(answer, b"\r\n\r\n")?;
    let head = str::from_utf8(answer.get(..end)?).ok()?;
    let body = answer.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let version = words.next()?;
    let status = words.next()?.parse().ok()?;
    let body = if lines.any(is_in_chunks) { join_chunks(body)? } else { body.to_vec() };
    version.starts_with("HTTP/1.").then_some(Answer { status, body })
}

fn is_in_chunks(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, value)| {
        name.eq_ignore_ascii_case("transfer-encoding")
            && value.trim().eq_ignore_ascii_case("chunked")
    })
}

fn join_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = position(rest, b"\r\n")?;
        let line = str::from_utf8(rest.get(..end)?).ok()?;
        let size = line.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let (chunk, after) = rest.get(end + 2..)?.split_at_checked(size)?;
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n")?;
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(answer: &str, expected: Option<(u16, &str)>) {
        let answer = parse(answer.as_bytes());
        let got = answer.as_ref().map(|a| (a.status, str::from_utf8(&a.body).unwrap()));
        assert_eq!(got, expected);
    }

    #[test]
    fn a_body_is_what_follows_the_head() {
        check("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}\r\n\r\n", Some((200, "{}\r\n\r\n")));
        check("HTTP/1.0 404\r\n\r\n", Some((404, "")));
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
            Some((200, "{}")),
        );
    }

    #[test]
    fn chunks_are_joined() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let body = "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n";
        check(&format!("{head}{body}"), Some((200, "abc0123456789")));
        for cut in ["3\r\nab", "3\r\nabc\r\n", "ffffffffffffffff\r\nabc", "-1\r\n", "x\r\n", ""] {
            check(&format!("{head}{cut}"), None);
        }
    }

    #[test]
    fn what_is_no_answer() {
        for text in
            ["", "\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n", "x 200 y\r\n\r\n"]
        {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed(mut bytes: Vec<u8>, chunked: bool) {
            if chunked {
                let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                bytes = [head, bytes.as_slice()].concat();
            }
            let body = parse(&bytes).map_or(0, |answer| answer.body.len());
            prop_assert!(body <= bytes.len());
        }
    }
}
