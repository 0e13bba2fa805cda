//! Facts as short text, as ps(1) and a shell would write them; bytes that could hurt a terminal are
//! escaped.

use std::{borrow::Cow, fmt};

use nix::sys::signal::Signal;

use super::Escaped;
use crate::event::{Args, Comm, Status};

impl fmt::Display for Status {
    /// `0`, `3`, `SIGKILL`, `SIGSEGV+core`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Code(code) => code.fmt(f),
            Self::Signal { number, core_dumped } => {
                let core = if core_dumped == Some(true) { "+core" } else { "" };
                write!(f, "{}{core}", signal_name(number))
            }
        }
    }
}

impl fmt::Display for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(self.as_bytes()).fmt(f)
    }
}

impl fmt::Display for Args {
    /// The arguments with blanks between, as far as they were captured.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, arg) in self.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            write!(f, "{blank}{}", Escaped(arg))?;
        }
        Ok(())
    }
}

/// A signal's name, see signal(7).
pub(super) fn signal_name(number: u8) -> Cow<'static, str> {
    const SIGRTMIN: u8 = 34;
    if let Ok(signal) = Signal::try_from(i32::from(number)) {
        return signal.as_str().into();
    }
    match number.checked_sub(SIGRTMIN) {
        Some(0) => "SIGRTMIN".into(),
        Some(above) => format!("SIGRTMIN+{above}").into(),
        None => format!("SIG{number}").into(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn signals_have_names_up_to_the_last() {
        assert_eq!(signal_name(9), "SIGKILL");
        assert_eq!(signal_name(32), "SIG32");
        assert_eq!(signal_name(34), "SIGRTMIN");
        assert_eq!(signal_name(64), "SIGRTMIN+30");
    }

    #[test]
    fn an_end_reads_as_in_a_shell() {
        let signal = |core_dumped| Status::Signal { number: 11, core_dumped };
        assert_eq!(Status::Code(3).to_string(), "3");
        assert_eq!(signal(Some(true)).to_string(), "SIGSEGV+core");
        assert_eq!([signal(None), signal(Some(false))].map(|end| end.to_string()), ["SIGSEGV"; 2]);
    }

    #[test]
    fn names_and_arguments_are_harmless() {
        assert_eq!(Comm::new(*b"a\x1b[2Jb\0\0\0\0\0\0\0\0\0\0").to_string(), r"a\x1b[2Jb");
        let args = Args::new(Bytes::from_static(b"echo\0\0two words\0\n\0"), 18, 18);
        assert_eq!(args.to_string(), r"echo  two words \n");
    }
}
