//! Numbers as the kernel reads them: `kstrtoll` and `kstrtoull` with any base.

/// Longer ones do not fit into the kernel's buffer.
const LONGEST: usize = 23;

/// Whether a field with a sign can be compared with it. A number for a narrow field may be wider
/// than that.
pub(super) fn is_signed(text: &str) -> bool {
    let fits = match text.strip_prefix('-') {
        Some(digits) => {
            magnitude(digits).and_then(|number| 0_i64.checked_sub_unsigned(number)).is_some()
        }
        None => magnitude(text).is_some_and(|number| i64::try_from(number).is_ok()),
    };
    fits && text.len() <= LONGEST
}

/// Whether a field without a sign can be compared with it.
pub(super) fn is_unsigned(text: &str) -> bool {
    magnitude(text).is_some() && text.len() <= LONGEST
}

/// A number without a sign: `0x1f`, `017` or `15`.
pub(super) fn magnitude(text: &str) -> Option<u64> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, base) = match hex {
        Some(digits) => (digits, 16),
        None if text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    // `from_str_radix` would take a plus.
    let all = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if all { u64::from_str_radix(digits, base).ok() } else { None }
}

/// What a negative number is in so many bytes without a sign.
pub(super) fn without_sign(text: &str, size: usize) -> Option<u64> {
    let number = 0_u64.wrapping_sub(magnitude(text.strip_prefix('-')?)?);
    let bits = u32::try_from(size.min(8) * 8).ok()?;
    number.checked_shl(64 - bits).map(|number| number >> (64 - bits))
}
