//! A process's arguments at exec.

use bytes::Bytes;

/// The arguments of one exec, byte for byte, as one piece of memory: NUL ends each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    captured: Bytes,
    size: u64,
    wanted: u64,
}

impl Args {
    /// `captured` is the beginning of an area of `size` bytes, of which `wanted` were asked for.
    pub fn new(captured: Bytes, size: u64, wanted: u64) -> Self {
        Self { captured, size, wanted }
    }

    /// The beginning of a list that is known as a whole: all of it, or so many bytes at `most`.
    #[cfg(feature = "perf")]
    pub(crate) fn cut(all: &Bytes, most: Option<u64>) -> Self {
        let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let captured = match all.get(..most) {
            // A copy, so that the whole list can go.
            Some(beginning) => Bytes::copy_from_slice(beginning),
            None => all.clone(),
        };
        let wanted = captured.len() as u64;
        Self::new(captured, all.len() as u64, wanted)
    }

    /// Each argument without its NUL, empty ones included. Of a list that was cut the last may be
    /// a beginning.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let ended = self.captured.strip_suffix(b"\0").unwrap_or(&self.captured);
        let empty = self.captured.is_empty();
        ended.split(|byte| *byte == 0).filter(move |_| !empty)
    }

    /// Whether all of it is UTF-8.
    pub fn is_text(&self) -> bool {
        // NUL is a character of its own: the whole is text exactly when every argument is.
        str::from_utf8(&self.captured).is_ok()
    }

    /// Bytes of all arguments with their NULs, captured or not.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What was captured, each argument with its NUL.
    pub fn captured(&self) -> &Bytes {
        &self.captured
    }

    /// Bytes that were asked for: all, or the cap.
    pub fn wanted_size(&self) -> u64 {
        self.wanted
    }

    /// Bytes captured.
    pub fn captured_size(&self) -> u64 {
        self.captured.len() as u64
    }

    /// Whether something is missing: a cap was set, or a piece found no room in the ring.
    pub fn is_truncated(&self) -> bool {
        self.captured_size() < self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(area: &'static [u8], expected: &[&str]) {
        let args = Args::new(Bytes::from_static(area), area.len() as u64, u64::MAX);
        let got: Vec<_> = args.iter().collect();
        let expected: Vec<_> = expected.iter().map(|text| text.as_bytes()).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn empty_arguments_count() {
        check(b"", &[]);
        check(b"\0", &[""]);
        check(b"\0\0", &["", ""]);
        check(b"a\0\0b\0", &["a", "", "b"]);
        check(b"a\0b\0\0", &["a", "b", ""]);
    }

    #[test]
    fn a_cut_list_keeps_the_beginning_of_its_last() {
        let args = Args::new(Bytes::from_static(b"one\0tw"), 8, 8);
        assert!(args.is_truncated());
        assert_eq!(args.iter().collect::<Vec<_>>(), [b"one".as_slice(), b"tw"]);
    }
}
