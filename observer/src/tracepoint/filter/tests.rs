use proptest::prelude::*;

use super::*;

const FORMAT: &str = "name: everything
ID: 7
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:pid_t pid;\toffset:8;\tsize:4;\tsigned:1;
\tfield:u32 flags;\toffset:12;\tsize:4;\tsigned:0;
\tfield:char name[16];\toffset:16;\tsize:16;\tsigned:0;
\tfield:__data_loc char[] path;\toffset:32;\tsize:4;\tsigned:0;
\tfield:const char * user;\toffset:40;\tsize:8;\tsigned:0;
\tfield:const void *const pointer;\toffset:48;\tsize:8;\tsigned:0;
\tfield:bool yes;\toffset:56;\tsize:1;\tsigned:0;
\tfield:__u8 address[4];\toffset:60;\tsize:4;\tsigned:0;
\tfield:unsigned long args[6];\toffset:64;\tsize:48;\tsigned:0;
\tfield:__data_loc u64[] char_times;\toffset:112;\tsize:4;\tsigned:0;
\tfield:__data_loc cpumask_t cpus;\toffset:116;\tsize:4;\tsigned:0;
\tfield:int dfd;\toffset:120;\tsize:8;\tsigned:0;

print fmt: \"\"
";

fn format() -> Format {
    Format::parse("test", FORMAT).unwrap()
}

fn taken(expression: &str) {
    let bytes = check(expression, &format()).map(CString::into_bytes);
    assert_eq!(bytes, Ok(expression.as_bytes().to_vec()));
}

/// The mistake that a caret under this column shows.
fn refused(pointed: &str) -> Why {
    let (expression, caret) = pointed.split_once('\n').unwrap();
    let error = check(expression, &format()).unwrap_err();
    assert_eq!(error.column, caret.find('^').unwrap(), "{error:?}");
    error.why
}

fn message(expression: &str) -> String {
    let error = check(expression, &format()).unwrap_err();
    format!("{error}; {}", error.remedy())
}

#[test]
fn numbers_are_compared() {
    for operator in ["==", "!=", "<", "<=", ">", ">=", "&"] {
        taken(&format!("pid {operator} 1"));
        taken(&format!("pid{operator}1"));
    }
    for number in ["0", "-1", "0x1F", "0X1f", "017", "-0x10", "99999999999", "-9223372036854775808"]
    {
        taken(&format!("pid == {number}"));
    }
    taken("flags == 18446744073709551615");
    taken("pointer > 0xffff800000000000 && yes == 1 && address == 0x0100007f");
    taken("common_pid == 1 || cpu == 0 || CPU == -1");
}

#[test]
fn text_is_compared() {
    for field in ["name", "path", "user", "user.ustring", "comm", "COMM"] {
        for operator in ["==", "!=", "~"] {
            taken(&format!("{field} {operator} \"/bin/*[ab]?\""));
        }
    }
    taken("comm == 'a\"b' && name ~ \"\" && path == \"grüße (\"");
}

#[test]
fn comparisons_are_joined() {
    taken(" ( pid == 1 && !(flags & 4) )||! yes == 1\t");
    taken("!!pid == 1");
    taken("((((pid==1))))&&flags==2");
    let deep = format!("{}pid == 1{}", "(".repeat(2000), ")".repeat(2000));
    taken(&deep);
}

#[test]
fn cpus_and_functions_are_compared() {
    taken("cpus & CPUS{0-3,5} && cpu == CPUS{all} && flags != CPUS{0}");
    taken("pointer.function == vfs_read && dfd.function != 0xffffffff81000000");
}

#[test]
fn a_mistake_is_pointed_at() {
    assert!(matches!(refused("pid == 1 and flags == 2\n         ^"), Why::NotJoined { .. }));
    assert!(matches!(refused("pid == 1 & flags == 2\n         ^"), Why::NotJoined { .. }));
    assert!(matches!(refused("pid & 1 == 1\n        ^"), Why::NotJoined { .. }));
    assert!(matches!(refused("(pid == 1\n^"), Why::NeverClosed));
    assert!(matches!(refused("pid == 1)\n        ^"), Why::ClosesNothing));
    assert!(matches!(refused("()\n ^"), Why::NoField { .. }));
    assert!(matches!(refused("pid == 1 &&\n           ^"), Why::NoField { .. }));
    assert!(matches!(refused("\n^"), Why::NoField { .. }));
    assert!(matches!(refused("0\n^"), Why::NoField { .. }));
    assert!(matches!(refused("pid\n   ^"), Why::NoOperator { .. }));
    assert!(matches!(refused("pid = 1\n    ^"), Why::NoOperator { .. }));
    assert!(matches!(refused("pid =~ 1\n    ^"), Why::NoOperator { .. }));
    assert!(matches!(refused("pid ~ 1\n    ^"), Why::GlobOnNumber { .. }));
    assert!(matches!(refused("args[0] == 1\n    ^"), Why::Element));
    assert!(matches!(refused("pid ==\n      ^"), Why::NoNumber { .. }));
    assert!(matches!(refused("pid == one\n       ^"), Why::NoNumber { .. }));
    assert!(matches!(refused("pid == \"1\"\n       ^"), Why::NotText { .. }));
    assert!(matches!(refused("name == 1\n        ^"), Why::NotANumber { .. }));
    assert!(matches!(refused("name == sh\n        ^"), Why::NotQuoted { .. }));
    assert!(matches!(refused("name < \"sh\"\n     ^"), Why::BadOperator { .. }));
    assert!(matches!(refused("name == \"sh\n        ^"), Why::NeverQuoted { quote: '"' }));
    assert!(matches!(refused("dfd == -100\n       ^"), Why::Negative { .. }));
    assert!(matches!(refused("pid == 08\n       ^"), Why::BadNumber { .. }));
    assert!(matches!(refused("pid == 9223372036854775808\n       ^"), Why::BadNumber { .. }));
    assert!(matches!(refused("args == 1\n        ^"), Why::Incomparable { .. }));
    assert!(matches!(refused("char_times == 1\n              ^"), Why::Incomparable { .. }));
    assert!(matches!(refused("cpus == 1\n        ^"), Why::NotACpu { .. }));
    assert!(matches!(refused("cpu == CPUS{1-0}\n       ^"), Why::BadCpus { .. }));
    assert!(matches!(
        refused("pid.function == vfs_read\n                ^"),
        Why::NoAddress { .. }
    ));
}

#[test]
fn an_unknown_field_is_answered_with_the_names() {
    let error = check("pdi == 1", &format()).unwrap_err();
    assert_eq!(error.names()[0], "pid");
    assert_eq!(error.names().len(), 12 + 4 + 2, "all fields, and comm and cpu: {error:?}");
    let text = message("pdi == 1");
    assert!(
        text.starts_with("there is no field `pdi` in `test:everything`; its fields are `pid`, "),
        "{text}"
    );
}

#[test]
fn a_remedy_can_be_typed() {
    assert_eq!(
        message("dfd == -100"),
        "`dfd` has no sign, so it is never negative; write `4294967196` if it was made from 32 \
         bits, `18446744073709551516` if from 64"
    );
    assert!(message("flags == -1").ends_with("write `4294967295`"));
    assert!(message("name == sh").ends_with("got `sh`; write `\"sh\"`"));
    assert!(message("pid == 1 and pid == 2").ends_with("got `and`; write `&&`"));
}

#[test]
fn what_does_not_fit_into_the_kernel_is_refused() {
    let blanks = |count| format!("pid == 1{}", " ".repeat(count));
    taken(&blanks(4095 - 8));
    assert_eq!(check(&blanks(4096 - 8), &format()).unwrap_err().why, Why::TooLong);
    taken(&format!("name == \"{}\"", "x".repeat(255)));
    let long = format!("name == \"{}\"", "x".repeat(256));
    assert_eq!(check(&long, &format()).unwrap_err().why, Why::TextTooLong);
    assert_eq!(check("comm == \"a\0\"", &format()).unwrap_err().why, Why::Nul);
}

/// Parts of which expressions are made, right and wrong ones.
fn part() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "pid",
        "name",
        "user",
        "args",
        "cpus",
        "comm",
        "nonesuch",
        ".ustring",
        ".function",
        "==",
        "!=",
        "~",
        "<",
        "&",
        "&&",
        "||",
        "!",
        "(",
        ")",
        "1",
        "-1",
        "0x",
        "\"x\"",
        "'",
        "CPUS{",
        "0-1",
        "}",
        " ",
        "\t",
        "é",
        "\u{a0}",
        "[",
        "\0",
    ])
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error_at_a_place_in_it(text: String) {
        assert_total(&text)?;
    }

    #[test]
    fn any_order_of_parts_is_a_filter_or_an_error_at_a_place_in_it(
        parts in prop::collection::vec(part(), 0..20),
    ) {
        assert_total(&parts.concat())?;
    }
}

fn assert_total(text: &str) -> Result<(), TestCaseError> {
    match check(text, &format()) {
        Ok(handed_on) => prop_assert_eq!(handed_on.to_bytes(), text.as_bytes()),
        Err(error) => {
            prop_assert!(text.is_char_boundary(error.column), "{:?}", error);
            prop_assert!(!error.to_string().is_empty() && !error.remedy().is_empty());
        }
    }
    Ok(())
}
