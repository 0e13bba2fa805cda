//! One field of a record: a line of the format file, understood.

use std::fmt;

use super::{FormatError, declaration::Declaration, scalar::Kind, shape::Shape};
use crate::tracepoint::Words;

/// A field of a tracepoint. Printed as its line in the format file, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The declaration in C, `char prev_comm[16]` for example.
    pub declaration: String,
    /// The name in it.
    pub name: String,
    /// Where it begins, in bytes from the beginning of the record; not always aligned.
    pub offset: usize,
    /// Bytes that it takes there.
    pub size: usize,
    /// Whether the kernel compares it as a signed number. Not whether it is one: arguments of
    /// system calls never are that to the kernel; see [`shape`](Self::shape).
    pub signed: bool,
    /// What the bytes are.
    pub shape: Shape,
    /// The words that the kernel has for its values, where it tells them.
    pub words: Option<Words>,
}

impl Field {
    /// Parses a line, the newline left out.
    pub(super) fn parse(line: &str) -> Result<Self, FormatError> {
        Self::understand(line).ok_or_else(|| FormatError::Field(line.trim().to_owned()))
    }

    fn understand(line: &str) -> Option<Self> {
        let mut parts = line.strip_prefix("\tfield:")?.split(";\t");
        let declaration = parts.next()?;
        let offset = number(parts.next()?.strip_prefix("offset:")?)?;
        let size = number(parts.next()?.strip_prefix("size:")?)?;
        let signed = match parts.next()? {
            "signed:0;" => false,
            "signed:1;" => true,
            _ => return None,
        };
        let number_kind = if signed { Kind::Signed } else { Kind::Unsigned };
        let taken_apart = Declaration::parse(declaration)?;
        let field = Self {
            shape: taken_apart.shape(size, number_kind)?,
            name: taken_apart.name.to_owned(),
            declaration: declaration.to_owned(),
            offset,
            size,
            signed,
            words: None,
        };
        // The locators of a record reach no further.
        let end = field.offset.checked_add(field.size)?;
        (parts.next().is_none() && u16::try_from(end).is_ok()).then_some(field)
    }
}

/// Decimal digits, as the kernel prints them.
fn number(text: &str) -> Option<usize> {
    let plain = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| plain)
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\tfield:{};\toffset:{};\tsize:{};\tsigned:{};",
            self.declaration,
            self.offset,
            self.size,
            u8::from(self.signed)
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::scalar::Scalar, *};

    /// A line of this declaration, printed again, and the field.
    fn field(declaration: &str, size: usize, signed: u8) -> Field {
        let line = format!("\tfield:{declaration};\toffset:21;\tsize:{size};\tsigned:{signed};");
        let field = Field::parse(&line).unwrap();
        assert_eq!(field.to_string(), line);
        field
    }

    #[track_caller]
    fn assert_scalar(declaration: &str, size: usize, signed: u8, kind: Kind, width: usize) {
        let expected = Shape::Scalar(Scalar { kind, size, width });
        assert_eq!(field(declaration, size, signed).shape, expected, "{declaration}");
    }

    #[track_caller]
    fn assert_array(declaration: &str, size: usize, kind: Kind, element: usize, count: usize) {
        let expected = Shape::Array { element: Scalar::whole(kind, element), count };
        assert_eq!(field(declaration, size, 0).shape, expected, "{declaration}");
    }

    #[track_caller]
    fn assert_dynamic(declaration: &str, size: usize, kind: Kind, element: usize) {
        let relative = declaration.starts_with("__rel_loc");
        let element = Scalar::whole(kind, element);
        let expected = Shape::Dynamic { element, relative, locators: size / 4 };
        assert_eq!(field(declaration, size, 0).shape, expected, "{declaration}");
    }

    #[test]
    fn the_name_is_the_last_word() {
        for (declaration, size, name) in [
            ("pid_t prev_pid", 4, "prev_pid"),
            ("char prev_comm[16]", 16, "prev_comm"),
            ("__data_loc char[] filename", 4, "filename"),
            ("__data_loc char[][2] ss", 8, "ss"),
            ("__rel_loc char name[]", 4, "name"),
            ("__data_loc cpumask_t cpumask", 4, "cpumask"),
            ("const void *const ruleset_attr", 8, "ruleset_attr"),
            ("const void*p", 8, "p"),
            ("unsigned long args[6]", 48, "args"),
            ("u8 table[2][3]", 6, "table"),
        ] {
            assert_eq!(field(declaration, size, 0).name, name);
        }
    }

    #[test]
    fn numbers_are_as_wide_as_the_file_says() {
        assert_scalar("unsigned short common_type", 2, 0, Kind::Unsigned, 2);
        assert_scalar("int common_pid", 4, 1, Kind::Signed, 4);
        assert_scalar("long prev_state", 8, 1, Kind::Signed, 8);
        assert_scalar("xfs_ino_t ino", 8, 0, Kind::Unsigned, 8);
        assert_scalar("enum xfs_group_type type", 1, 0, Kind::Unsigned, 1);
        assert_scalar("char status", 1, 0, Kind::Unsigned, 1);
        assert_scalar("char status", 1, 1, Kind::Signed, 1);
        assert_scalar("bool success", 1, 0, Kind::Bool, 1);
        assert_scalar("struct in6_addr a", 16, 0, Kind::Opaque, 16);
    }

    #[test]
    fn arguments_of_system_calls_are_what_their_types_say() {
        assert_scalar("int dfd", 8, 0, Kind::Signed, 4);
        assert_scalar("unsigned int fd", 8, 0, Kind::Unsigned, 4);
        assert_scalar("umode_t mode", 8, 0, Kind::Unsigned, 2);
        assert_scalar("const clockid_t which_clock", 8, 0, Kind::Signed, 4);
        assert_scalar("long ret", 8, 0, Kind::Signed, 8);
        assert_scalar("loff_t offset", 8, 0, Kind::Signed, 8);
        assert_scalar("size_t count", 8, 0, Kind::Unsigned, 8);
    }

    #[test]
    fn a_pointer_has_a_star_anywhere() {
        for declaration in
            ["const char * filename", "const void *const p", "struct iocb * * iocbpp", "void*p"]
        {
            assert_scalar(declaration, 8, 0, Kind::Pointer, 8);
        }
    }

    #[test]
    fn arrays_have_elements() {
        assert_array("char prev_comm[16]", 16, Kind::Char, 1, 16);
        assert_array("u8 mac[6]", 6, Kind::Unsigned, 1, 6);
        assert_array("unsigned long args[6]", 48, Kind::Unsigned, 8, 6);
        assert_array("u32 arr[]", 16, Kind::Unsigned, 4, 4);
        assert_array("s64 arr[]", 16, Kind::Signed, 8, 2);
        assert_array("char buf[]", 0, Kind::Char, 1, 0);
        assert_array("unsigned long args[]", 0, Kind::Unsigned, 8, 0);
        assert_array("void *p[2]", 16, Kind::Pointer, 8, 2);
        // An expression, as kernels before 6.4 have it.
        assert_array("char name[TASK_COMM_LEN]", 16, Kind::Char, 1, 16);
        assert_array("u16 name[sizeof(struct x)]", 12, Kind::Unsigned, 2, 6);
        // Types that nothing is known of.
        assert_array("guid_t ids[2]", 32, Kind::Opaque, 16, 2);
        assert_array("guid_t id[]", 16, Kind::Unsigned, 1, 16);
        assert_array("u32 odd[]", 6, Kind::Unsigned, 1, 6);
    }

    #[test]
    fn dynamic_fields_have_locators() {
        assert_dynamic("__data_loc char[] filename", 4, Kind::Char, 1);
        assert_dynamic("__data_loc char[][2] ss", 8, Kind::Char, 1);
        assert_dynamic("__data_loc u64[] values", 4, Kind::Unsigned, 8);
        assert_dynamic("__data_loc unsigned int[] values", 4, Kind::Unsigned, 4);
        assert_dynamic("__data_loc cpumask_t cpumask", 4, Kind::Unsigned, 1);
        assert_dynamic("__rel_loc char[] name", 4, Kind::Char, 1);
        assert_dynamic("__rel_loc char name[]", 4, Kind::Char, 1);
    }

    #[test]
    fn what_is_no_field_is_refused_in_its_own_words() {
        let right = "\tfield:int pid;\toffset:4;\tsize:4;\tsigned:1;";
        assert!(Field::parse(right).is_ok());
        for (part, instead) in [
            ("\tfield", "field"),
            ("int pid", ""),
            ("int pid", "int [4]"),
            ("int pid", "__data_loc char[] pid;\toffset:4;\tsize:6;\tsigned:1;"),
            ("offset:4", "offset:04"),
            ("offset:4", "offset:+4"),
            ("offset:4", "offset:65532"),
            ("offset:4", "offset:18446744073709551615"),
            ("size:4", "size:0"),
            ("size:4", "size:x"),
            ("signed:1;", "signed:2;"),
            ("signed:1;", "signed:1;\tmore:1;"),
            (";\tsigned:1;", ";"),
        ] {
            let line = right.replacen(part, instead, 1);
            assert_eq!(Field::parse(&line), Err(FormatError::Field(line.trim().to_owned())));
        }
    }

    proptest! {
        #[test]
        fn any_line_is_printed_again_or_refused(
            declaration in r"(__data_loc |__rel_loc )?[a-z_*\[\] 0-9]{0,24}",
            offset: u16, size: u16, signed in 0_u8..2,
        ) {
            let line = format!(
                "\tfield:{declaration};\toffset:{offset};\tsize:{size};\tsigned:{signed};"
            );
            if let Ok(field) = Field::parse(&line) {
                prop_assert_eq!(field.to_string(), line);
            }
        }

        #[test]
        fn any_text_is_understood_or_refused(line in "\tfield:.{0,40}") {
            let _parsed = Field::parse(&line);
        }
    }
}
