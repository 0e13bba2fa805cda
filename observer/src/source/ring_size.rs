//! How large a ring may be.

use std::str::FromStr;

use crate::Error;

/// Size of a ring in bytes: a power of two, from one page up.
///
/// The kernel maps a ring twice, so that it takes twice its size of the reader's resident memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSize(u32);

impl RingSize {
    const MIN: u64 = 4096;
    const MAX: u64 = 1 << 30;

    /// # Errors
    ///
    /// [`Error::RingSize`] when it is no power of two from 4096 to 2^30.
    pub fn new(bytes: u64) -> Result<Self, Error> {
        let fits = bytes.is_power_of_two() && (Self::MIN..=Self::MAX).contains(&bytes);
        u32::try_from(bytes).ok().filter(|_| fits).map(Self).ok_or(Error::RingSize(bytes))
    }

    /// In bytes.
    pub fn bytes(self) -> u32 {
        self.0
    }
}

/// 4 MiB: half a second of a storm of 10,000 execs a second, and two argument lists of the largest
/// size.
impl Default for RingSize {
    fn default() -> Self {
        Self(4 << 20)
    }
}

/// Bytes, with `K`, `M` or `G` for powers of 1024.
impl FromStr for RingSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, shift) = match text.as_bytes().last() {
            Some(b'k' | b'K') => (&text[..text.len() - 1], 10),
            Some(b'm' | b'M') => (&text[..text.len() - 1], 20),
            Some(b'g' | b'G') => (&text[..text.len() - 1], 30),
            _ => (text, 0),
        };
        let bytes = digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(1 << shift))
            .ok_or_else(|| "expected a number of bytes, such as 65536 or 4M".to_owned())?;
        Self::new(bytes).map_err(|error| match error.remedy() {
            Some(remedy) => format!("{error}; {remedy}"),
            None => error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_two_from_a_page_up() {
        assert_eq!("4096".parse(), Ok(RingSize(4096)));
        assert_eq!("4M".parse(), Ok(RingSize(4 << 20)));
        for wrong in ["", "0", "1000", "5000", "2048", "4T", "-1", "M", "99999999999G", "2G"] {
            assert!(wrong.parse::<RingSize>().is_err(), "`{wrong}` was accepted");
        }
    }
}
