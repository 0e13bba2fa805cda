//! Whether the kernel is locked down, which keeps even root from tracefs.

use std::fs;

/// Whether it is so to confidentiality; where securityfs is not mounted, whether it was booted so.
pub(super) fn is_confidential() -> bool {
    match fs::read_to_string("/sys/kernel/security/lockdown") {
        Ok(text) => is_in_force(&text),
        Err(_) => fs::read_to_string("/proc/cmdline").is_ok_and(|line| is_booted_so(&line)),
    }
}

/// The mode in force is in brackets.
fn is_in_force(modes: &str) -> bool {
    modes.contains("[confidentiality]")
}

fn is_booted_so(command_line: &str) -> bool {
    command_line.split_whitespace().any(|word| word == "lockdown=confidentiality")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mode_in_brackets_is_in_force() {
        assert!(is_in_force("none integrity [confidentiality]\n"));
        assert!(!is_in_force("none [integrity] confidentiality\n"));
    }

    #[test]
    fn a_kernel_may_be_told_at_boot() {
        assert!(is_booted_so("quiet lockdown=confidentiality root=/dev/vda\n"));
        assert!(!is_booted_so("lockdown=integrity x.lockdown=confidentiality\n"));
    }
}
