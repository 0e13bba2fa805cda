//! Why an expression is not a filter: where, and what to write instead.

use std::fmt;

/// An expression that the kernel would refuse, or that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}{}", of_event(why, event))]
pub struct FilterError {
    /// The event that it was checked against, as `system:name`.
    pub event: String,
    /// The expression.
    pub expression: String,
    /// Bytes of the expression that are before the mistake.
    pub column: usize,
    /// What the mistake is.
    pub why: Why,
}

impl FilterError {
    /// What to write instead, as one clause without a full stop.
    pub fn remedy(&self) -> String {
        self.why.remedy()
    }

    /// The fields that could have been meant, nearest first; none where no field was unknown.
    pub fn names(&self) -> &[String] {
        match &self.why {
            Why::UnknownField { names, .. } => names,
            _ => &[],
        }
    }
}

fn of_event(why: &Why, event: &str) -> String {
    if matches!(why, Why::UnknownField { .. }) { format!(" in `{event}`") } else { String::new() }
}

/// The mistakes that an expression can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each mistake is its own message")]
pub enum Why {
    #[error("it is longer than 4095 bytes")]
    TooLong,
    #[error("it has a NUL")]
    Nul,
    #[error("expected the name of a field, got {}", Found(found))]
    NoField { found: String },
    #[error("there is no field `{name}`")]
    UnknownField { name: String, names: Vec<String> },
    #[error("single elements of an array cannot be compared")]
    Element,
    #[error("expected an operator, got {}", Found(found))]
    NoOperator { found: String },
    #[error("`{operator}` cannot compare `{field}` with what follows it")]
    BadOperator { operator: &'static str, field: String, operators: &'static [&'static str] },
    #[error("`{field}` is a number, not text")]
    NotText { field: String },
    #[error("`{field}` is text, not a number")]
    NotANumber { field: String },
    #[error("`{field}` is a set of CPUs, not a number")]
    NotACpu { field: String },
    #[error("`{field}` is an array that no number can equal")]
    Incomparable { field: String },
    #[error("`{field}` is a number, which no glob matches")]
    GlobOnNumber { field: String },
    #[error("`{field}` has no sign, so it is never negative")]
    Negative { field: String, value: u64 },
    #[error("`{text}` is not a 64-bit number")]
    BadNumber { text: String },
    #[error("expected a number, got {}", Found(found))]
    NoNumber { found: String },
    #[error("expected text in quotes, got {}", Found(found))]
    NotQuoted { found: String },
    #[error("the quoted text has no end")]
    NeverQuoted { quote: char },
    #[error("the text is longer than 255 bytes")]
    TextTooLong,
    #[error("`{list}` is not a list of CPUs")]
    BadCpus { list: String },
    #[error("`{field}` is not 8 bytes wide, so it cannot hold the address of a function")]
    NoAddress { field: String },
    #[error("expected a kernel function, got {}", Found(found))]
    NoFunction { found: String },
    #[error("expected `&&`, `||` or the end, got {}", Found(found))]
    NotJoined { found: String },
    #[error("this is never closed")]
    NeverClosed,
    #[error("this `)` closes nothing")]
    ClosesNothing,
}

impl Why {
    fn remedy(&self) -> String {
        let text = match self {
            Self::TooLong | Self::TextTooLong => "make it shorter",
            Self::Nul => "leave it out",
            Self::NoField { .. } => "write a comparison such as `common_pid == 1`",
            Self::UnknownField { names, .. } => {
                return format!("its fields are `{}`", names.join("`, `"));
            }
            Self::NoOperator { .. } => "write one of `==` `!=` `<` `<=` `>` `>=` `&` `~`",
            Self::BadOperator { operators, .. } => {
                return format!("write one of `{}`", operators.join("` `"));
            }
            Self::NotText { .. } | Self::NoNumber { .. } => {
                "write a number such as `12`, `-1` or `0x1f`"
            }
            Self::NotANumber { .. } => "write text in quotes, such as `\"sh\"`",
            Self::NotACpu { .. } => "write `& CPUS{0-3}`",
            Self::Element | Self::Incomparable { .. } => "filter by another field",
            Self::GlobOnNumber { .. } => "write one of `==` `!=` `<` `<=` `>` `>=` `&`",
            Self::Negative { value, .. } => return unsigned(*value),
            Self::BadNumber { .. } => {
                "write it in decimal, with `0x` in front in hexadecimal, or with `0` in octal"
            }
            Self::NotQuoted { found } => return format!("write `\"{}\"`", found.replace('"', "")),
            Self::NeverQuoted { quote } => return format!("close it with {quote}"),
            Self::BadCpus { .. } => "write one such as `CPUS{0-3,5}`",
            Self::NoAddress { .. } => "compare it with a number",
            Self::NoFunction { .. } => {
                "write its name followed by a space, or an address within it"
            }
            Self::NotJoined { found } => return joint(found),
            Self::NeverClosed => "close it",
            Self::ClosesNothing => "leave it out, or open one before it",
        };
        text.to_owned()
    }
}

/// What a number without a sign is written as. System calls may have taken it from 32 bits.
fn unsigned(value: u64) -> String {
    let low = value & u64::from(u32::MAX);
    if low == value {
        format!("write `{value}`")
    } else {
        format!("write `{low}` if it was made from 32 bits, `{value}` if from 64")
    }
}

fn joint(found: &str) -> String {
    let meant = match found.to_lowercase().as_str() {
        "and" | "&" | "," => "write `&&`",
        "or" | "|" => "write `||`",
        _ => "join comparisons with `&&` or `||`",
    };
    meant.to_owned()
}

/// What stands there.
struct Found<'a>(&'a str);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("the end") } else { write!(f, "`{}`", self.0) }
    }
}
