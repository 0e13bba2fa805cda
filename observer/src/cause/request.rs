//! What a client asks an engine for, by the beginning of what it writes.

/// What one write to an engine's socket asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To start the container of this id, beginning of an id, or name.
    Start(String),
    /// To start the process that was made ready in a container under this id.
    Exec(String),
    /// To do what starts containers of which only the engine knows.
    Vaguely,
    /// Something in a language of which only the words are understood: gRPC.
    Message,
    /// Anything else.
    Other,
}

impl Asked {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let line = bytes.split(|byte| matches!(*byte, b'\r' | b'\n')).next().unwrap_or_default();
        let mut words = line.split(|byte| *byte == b' ');
        let method = words.next().unwrap_or_default();
        if !is_method(method) {
            return Self::Message;
        }
        let target = words.next().and_then(|target| str::from_utf8(target).ok());
        match (method, target) {
            (b"POST", Some(target)) => Self::of_post(target),
            _ => Self::Other,
        }
    }

    /// As in the API of Docker, or that of libpod: `/v1.41/containers/ID/start`.
    fn of_post(target: &str) -> Self {
        let path = target.split('?').next().unwrap_or_default();
        let mut parts = path.split('/').rev();
        let [what, id, kind] = std::array::from_fn(|_| parts.next().unwrap_or_default());
        match (kind, what) {
            ("containers", "start" | "restart") => Self::Start(plain(id)),
            ("exec", "start") => Self::Exec(id.to_owned()),
            // Behind the last two the engine's own builder is spoken to.
            ("pods", "start" | "restart")
            | ("play", "kube")
            | (_, "build" | "play" | "session" | "grpc") => Self::Vaguely,
            _ => Self::Other,
        }
    }
}

/// Whether a message names this id, as Protocol Buffers hold a text: its length before it.
pub(super) fn message_names(message: &[u8], id: &str) -> bool {
    let Ok(length) = u8::try_from(id.len()) else { return false };
    let text = [&[length], id.as_bytes()].concat();
    length > 0 && message.windows(text.len()).any(|window| window == text)
}

fn is_method(word: &[u8]) -> bool {
    matches!(word, b"GET" | b"HEAD" | b"POST" | b"PUT" | b"DELETE" | b"OPTIONS" | b"PATCH")
}

/// Undoes the escapes of a URL.
fn plain(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &str, expected: &Asked) {
        assert_eq!(&Asked::of(bytes.as_bytes()), expected, "{bytes:?}");
    }

    #[test]
    fn requests_of_both_apis() {
        let start = |id: &str| Asked::Start(id.to_owned());
        check("POST /v1.41/containers/0a1b/start HTTP/1.1\r\nHost: docker\r\n", &start("0a1b"));
        check("POST /containers/web/restart?t=1 HTTP/1.1\r\n", &start("web"));
        check("POST /v4.0.0/libpod/containers/web/start HTTP/1.1\r\n", &start("web"));
        check("POST /v1.41/containers/a%2fb%zz/start HTTP/1.1\r\n", &start("a/b%zz"));
        check("POST /v1.41/exec/77/start HTTP/1.1\r\n", &Asked::Exec("77".to_owned()));
        check("POST /v1.41/build?dockerfile=x HTTP/1.1\r\n", &Asked::Vaguely);
        check("POST /v1.41/containers/create HTTP/1.1\r\n", &Asked::Other);
        check("POST /v1.41/containers/0a1b/wait?condition=removed HTTP/1.1\r\n", &Asked::Other);
        check("GET /v1.41/containers/0a1b/start HTTP/1.1\r\n", &Asked::Other);
        check("HEAD /_ping HTTP/1.1\r\n", &Asked::Other);
        check("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &Asked::Message);
        check("POST", &Asked::Other);
        check("", &Asked::Message);
    }

    #[test]
    fn a_message_names_an_id_as_a_whole() {
        let message = b"\0\0\x12\x0a\x04web1\x12\x03abc";
        assert!(message_names(message, "web1"));
        assert!(message_names(message, "abc"));
        for other in ["web", "eb1", "web12", ""] {
            assert!(!message_names(message, other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(bytes: Vec<u8>) {
            let _ = Asked::of(&bytes);
        }
    }
}
