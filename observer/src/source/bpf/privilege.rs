//! What stands between this process and loading eBPF programs, asked before the kernel is: its
//! own answer would be a bare "operation not permitted".

use std::fs;

use crate::{Error, error::Refusal};

const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

/// # Errors
///
/// [`Error::NotPermitted`] with what is missing.
pub(super) fn check() -> Result<(), Error> {
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let missing = missing_capabilities(&status);
        if !missing.is_empty() {
            return Err(Error::NotPermitted(Refusal::Capabilities(missing)));
        }
    }
    if let Ok(lockdown) = fs::read_to_string("/sys/kernel/security/lockdown")
        && is_confidential(&lockdown)
    {
        return Err(Error::NotPermitted(Refusal::Lockdown));
    }
    Ok(())
}

/// Of the text of `/proc/self/status`. `CAP_SYS_ADMIN` stands for both, as in the kernel. What
/// cannot be read is left for the kernel to decide.
fn missing_capabilities(status: &str) -> Vec<&'static str> {
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(u64::MAX);
    let has = |bit: u32| effective & (1 << bit) != 0;
    if has(CAP_SYS_ADMIN) {
        return Vec::new();
    }
    [("CAP_BPF", CAP_BPF), ("CAP_PERFMON", CAP_PERFMON)]
        .into_iter()
        .filter(|(_, bit)| !has(*bit))
        .map(|(name, _)| name)
        .collect()
}

/// Of the text of `/sys/kernel/security/lockdown`, in which the mode in force is in brackets.
fn is_confidential(lockdown: &str) -> bool {
    lockdown.contains("[confidentiality]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(mask: &str) -> Vec<&'static str> {
        missing_capabilities(&format!("Name:\tx\nCapEff:\t{mask}\nCapBnd:\t0\n"))
    }

    #[test]
    fn missing_capabilities_are_named() {
        assert_eq!(missing("0000000000000000"), ["CAP_BPF", "CAP_PERFMON"]);
        assert_eq!(missing("0000008000000000"), ["CAP_PERFMON"]);
        assert_eq!(missing("0000004000000000"), ["CAP_BPF"]);
        assert_eq!(missing("000000c000000000"), [""; 0]);
        assert_eq!(missing("0000000000200000"), [""; 0], "CAP_SYS_ADMIN stands for both");
    }

    #[test]
    fn only_confidentiality_forbids_reading() {
        assert!(is_confidential("none integrity [confidentiality]\n"));
        assert!(!is_confidential("none [integrity] confidentiality\n"));
    }
}
