//! Names of C types: how wide they are, and whether they are signed.
//!
//! Only the names that occur in tracepoints and tell more than the size in the format file does.

use std::ffi::c_long;

/// A type that is known by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tracepoint) enum CType {
    /// `char` alone. Whether it is signed depends on the kernel.
    Char,
    Bool,
    Integer {
        size: usize,
        signed: bool,
    },
    /// Anything with a `*`, a constant one too.
    Pointer,
}

impl CType {
    /// The type of a declaration without name and brackets.
    pub(in crate::tracepoint) fn named(text: &str) -> Option<Self> {
        if text.contains('*') {
            return Some(Self::Pointer);
        }
        let qualifiers = ["const", "volatile", "__user", "__force", "__kernel"];
        let words = text.split_whitespace().filter(|word| !qualifiers.contains(word));
        match *words.collect::<Vec<_>>() {
            ["char"] => Some(Self::Char),
            ["bool" | "_Bool"] => Some(Self::Bool),
            ["enum", _] => Some(Self::Integer { size: 4, signed: false }),
            [alias] if let Some(known) = alias_of(alias) => Some(known),
            ref words => built_in(words),
        }
    }

    /// Bytes of one.
    pub(in crate::tracepoint) fn size(self) -> usize {
        match self {
            Self::Char | Self::Bool => 1,
            Self::Integer { size, .. } => size,
            Self::Pointer => size_of::<*const ()>(),
        }
    }

    pub(in crate::tracepoint) fn is_signed(self) -> bool {
        matches!(self, Self::Integer { signed: true, .. })
    }
}

/// `unsigned long long int` and its kin, in any order of the words.
fn built_in(words: &[&str]) -> Option<CType> {
    let is_known =
        |word: &&str| ["unsigned", "signed", "char", "short", "int", "long"].contains(word);
    if words.is_empty() || !words.iter().all(is_known) {
        return None;
    }
    let count = |wanted: &str| words.iter().filter(|word| **word == wanted).count();
    let size = match (count("char"), count("short"), count("long")) {
        (1.., _, _) => 1,
        (_, 1.., _) => 2,
        (_, _, 0) => 4,
        (_, _, 1) => size_of::<c_long>(),
        _ => 8,
    };
    Some(CType::Integer { size, signed: count("unsigned") == 0 })
}

fn alias_of(name: &str) -> Option<CType> {
    let (size, signed) = match name {
        "s8" | "__s8" | "int8_t" => (1, true),
        "s16" | "__s16" | "int16_t" => (2, true),
        "s32" | "__s32" | "int32_t" | "pid_t" | "clockid_t" | "timer_t" | "mqd_t" | "key_t"
        | "key_serial_t" | "rwf_t" => (4, true),
        "s64" | "__s64" | "int64_t" | "loff_t" | "time64_t" => (8, true),
        "off_t" | "ssize_t" | "ptrdiff_t" => (size_of::<c_long>(), true),
        "u8" | "__u8" | "uint8_t" | "uchar" => (1, false),
        "u16" | "__u16" | "uint16_t" | "ushort" | "umode_t" | "__be16" | "__le16" => (2, false),
        "u32" | "__u32" | "uint32_t" | "uint" | "uid_t" | "gid_t" | "dev_t" | "qid_t"
        | "__be32" | "__le32" | "gfp_t" => (4, false),
        "u64" | "__u64" | "uint64_t" | "__be64" | "__le64" | "sector_t" => (8, false),
        "size_t" | "ulong" | "uintptr_t" => (size_of::<c_long>(), false),
        _ => return None,
    };
    Some(CType::Integer { size, signed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(text: &str) -> (usize, bool) {
        match CType::named(text) {
            Some(CType::Integer { size, signed }) => (size, signed),
            other => panic!("`{text}`: {other:?}"),
        }
    }

    #[test]
    fn words_of_the_language_in_any_order() {
        assert_eq!(integer("int"), (4, true));
        assert_eq!(integer("unsigned"), (4, false));
        assert_eq!(integer("const unsigned int"), (4, false));
        assert_eq!(integer("short"), (2, true));
        assert_eq!(integer("long unsigned int"), (size_of::<c_long>(), false));
        assert_eq!(integer("unsigned long long"), (8, false));
        assert_eq!(integer("long long"), (8, true));
        assert_eq!(integer("signed char"), (1, true));
        assert_eq!(integer("unsigned char"), (1, false));
    }

    #[test]
    fn char_bool_and_pointers_are_kinds_of_their_own() {
        assert_eq!(CType::named("char"), Some(CType::Char));
        assert_eq!(CType::named("const char"), Some(CType::Char));
        assert_eq!(CType::named("bool"), Some(CType::Bool));
        for pointer in ["void *", "const void *const", "struct iocb * *", "const void*"] {
            assert_eq!(CType::named(pointer), Some(CType::Pointer), "{pointer}");
        }
    }

    #[test]
    fn other_names_are_known_or_not() {
        assert_eq!(integer("pid_t"), (4, true));
        assert_eq!(integer("const clockid_t"), (4, true));
        assert_eq!(integer("umode_t"), (2, false));
        assert_eq!(integer("enum lru_list"), (4, false));
        for unknown in ["cpumask_t", "struct in6_addr", "xfs_ino_t", ""] {
            assert_eq!(CType::named(unknown), None, "{unknown}");
        }
    }
}
