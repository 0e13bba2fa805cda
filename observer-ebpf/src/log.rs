//! Lines for whoever works on the programs, through aya-log: `cargo xtask build-ebpf --log` builds
//! an object that has them. In the committed one they are not there at all.

/// `log!(ctx, "format", values…)`.
macro_rules! log {
    ($ctx:expr, $($message:tt)+) => {
        #[cfg(feature = "log")]
        aya_log_ebpf::debug!(&$ctx, $($message)+)
    };
}

pub(crate) use log;
