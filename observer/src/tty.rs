//! Numbers of terminals → their names, by arithmetic.
//!
//! /dev is not looked at: the name of a device number is the kernel's own, the same in a container
//! that has another /dev, or none. Drivers whose numbers are handed out at run time have no name
//! here.

use std::borrow::Cow;

/// The name, without `/dev/`, of a terminal by the number that field 7 of `/proc/PID/stat` holds
/// (`tty_nr` of `proc_pid_stat(5)`, printed there as a signed number). `None` for 0, which is no
/// terminal, and for devices unknown.
pub fn name(device: u32) -> Option<Cow<'static, str>> {
    let minor = device & 0xff | device >> 12 & 0xf_ff00;
    let (series, number) = match (device >> 8 & 0xfff, minor) {
        (5, 0) => return Some("tty".into()),
        (5, 1) => return Some("console".into()),
        (5, 2) => return Some("ptmx".into()),
        (5, 3) => return Some("ttyprintk".into()),
        (4, 0..64) => ("tty", minor),
        (4, 64..256) => ("ttyS", minor - 64),
        (major @ 136..=143, _) => ("pts/", minor + 256 * (major - 136)),
        (166, _) => ("ttyACM", minor),
        (188, _) => ("ttyUSB", minor),
        // Below and above are other chips' ports.
        (204, 64..78) => ("ttyAMA", minor - 64),
        (229, _) => ("hvc", minor),
        _ => return None,
    };
    Some(format!("{series}{number}").into())
}

/// The number of a device as `/proc/PID/stat` writes it, the inverse of what [`name`] takes apart.
/// `major` has 12 bits and `minor` 20, as in the kernel; what lies above is cut off.
pub fn device(major: u32, minor: u32) -> u32 {
    minor & 0xff | (major & 0xfff) << 8 | (minor & 0xf_ff00) << 12
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::MetadataExt as _};

    use nix::{fcntl::OFlag, pty};
    use proptest::prelude::*;

    use super::*;

    fn check(major: u32, minor: u32, expected: &str) {
        assert_eq!(name(device(major, minor)).as_deref(), Some(expected));
    }

    #[test]
    fn every_series_has_its_name() {
        check(136, 0, "pts/0");
        check(136, 255, "pts/255");
        check(136, 256, "pts/256");
        check(136, 0xf_ffff, "pts/1048575");
        check(137, 3, "pts/259");
        check(143, 255, "pts/2047");
        check(4, 0, "tty0");
        check(4, 63, "tty63");
        check(4, 64, "ttyS0");
        check(4, 255, "ttyS191");
        check(5, 0, "tty");
        check(5, 1, "console");
        check(229, 0, "hvc0");
        check(188, 2, "ttyUSB2");
        check(166, 0, "ttyACM0");
        check(204, 64, "ttyAMA0");
    }

    #[test]
    fn what_is_no_terminal_or_unknown_has_none() {
        assert_eq!(name(0), None);
        for (major, minor) in [(1, 3), (4, 256), (5, 4), (135, 0), (144, 0), (204, 63), (204, 78)] {
            assert_eq!(name(device(major, minor)), None, "{major}:{minor}");
        }
    }

    #[test]
    fn a_number_is_the_one_that_the_kernel_prints() {
        assert_eq!(device(4, 1), 1025);
        assert_eq!(device(136, 3), 34819);
        assert_eq!(device(136, 259), 34819 + (1 << 20));
    }

    #[test]
    fn a_new_terminal_is_named_as_its_owner_sees_it() {
        let master = pty::posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY).unwrap();
        let path = pty::ptsname_r(&master).unwrap();
        let rdev = fs::metadata(&path).unwrap().rdev();
        let name = name(device(libc::major(rdev), libc::minor(rdev))).unwrap();
        assert_eq!(format!("/dev/{name}"), path);
    }

    #[test]
    fn no_terminal_of_this_machine_is_called_otherwise_by_the_kernel() {
        let mut named = 0;
        for entry in fs::read_dir("/sys/class/tty").unwrap() {
            let entry = entry.unwrap();
            let numbers = fs::read_to_string(entry.path().join("dev")).unwrap();
            let (major, minor) = numbers.trim_end().split_once(':').unwrap();
            let device = device(major.parse().unwrap(), minor.parse().unwrap());
            if let Some(name) = name(device) {
                assert_eq!(*name, *entry.file_name().to_str().unwrap(), "{numbers}");
                named += 1;
            }
        }
        assert!(named >= 3, "tty, console and ptmx are on every machine");
    }

    proptest! {
        #[test]
        fn the_number_of_a_pseudo_terminal_comes_back(number in 0_u32..1 << 20) {
            let name = name(device(136, number)).unwrap();
            prop_assert_eq!(name.into_owned(), format!("pts/{number}"));
        }

        #[test]
        fn any_device_is_encoded_as_the_c_library_takes_it_apart(
            major in 0_u32..1 << 12,
            minor in 0_u32..1 << 20,
        ) {
            let device = u64::from(device(major, minor));
            prop_assert_eq!((libc::major(device), libc::minor(device)), (major, minor));
        }
    }
}
