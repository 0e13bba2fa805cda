//! Whether the kernel is locked down, which keeps even root from tracefs.

use std::fs;

/// Whether it is so to confidentiality; what cannot be asked is not.
pub(super) fn is_confidential() -> bool {
    fs::read_to_string("/sys/kernel/security/lockdown").is_ok_and(|text| says_so(&text))
}

/// The mode in force is in brackets.
fn says_so(text: &str) -> bool {
    text.contains("[confidentiality]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mode_in_brackets_is_in_force() {
        assert!(says_so("none integrity [confidentiality]\n"));
        assert!(!says_so("none [integrity] confidentiality\n"));
    }
}
