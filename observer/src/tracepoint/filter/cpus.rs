//! Lists of CPUs: `0-3,5`, `all`, `0-N:1/2`.

/// Whether the kernel can read it, whatever CPUs the machine has: `bitmap_parselist`.
pub(super) fn is_list(text: &str) -> bool {
    let regions = text.split(|end: char| end == ',' || end.is_ascii_whitespace());
    !text.is_empty() && regions.filter(|region| !region.is_empty()).all(is_region)
}

fn is_region(region: &str) -> bool {
    let (range, pattern) = match region.split_once(':') {
        Some((range, pattern)) => (range, Some(pattern)),
        None => (region, None),
    };
    let all = range.eq_ignore_ascii_case("all");
    let is_range = range.contains('-') || all;
    let pattern = pattern.is_none_or(|pattern| is_range && is_pattern(pattern));
    pattern && (all || is_span(range))
}

/// `3` or `0-3`.
fn is_span(range: &str) -> bool {
    match range.split_once('-') {
        None => number(range).is_some(),
        Some((first, last)) => match (number(first), number(last)) {
            (Some(Number::Is(first)), Some(Number::Is(last))) => first <= last,
            (Some(_), Some(_)) => true,
            _ => false,
        },
    }
}

/// Of each group of so many, the first few: `1/2`.
fn is_pattern(pattern: &str) -> bool {
    let Some((used, group)) = pattern.split_once('/') else { return false };
    match (number(used), number(group)) {
        (Some(Number::Is(used)), Some(Number::Is(group))) => group > 0 && used <= group,
        (Some(_), Some(_)) => true,
        _ => false,
    }
}

enum Number {
    Is(u32),
    /// `N`, the machine's last.
    Last,
}

fn number(text: &str) -> Option<Number> {
    if text == "N" {
        return Some(Number::Last);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok().map(Number::Is) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_the_kernel_reads_them() {
        for list in
            ["0", "0-1", "0-3,5", " 0, 1", "all", "ALL", "N", "0-N", "0-1:1/2", "all:1/2", ","]
        {
            assert!(is_list(list), "`{list}` was refused");
        }
        for list in ["", "x", "1-0", "0-", "-1", "0:1/2", "0-1:1", "0-1:2/1", "0-1:0/0", "(0)"] {
            assert!(!is_list(list), "`{list}` was accepted");
        }
    }
}
