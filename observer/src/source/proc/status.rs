//! `/proc/PID/status`, see `proc_pid_status(5)`.

use crate::field::Status;

impl Status {
    /// Parses the file. A line that is missing, as on older kernels, leaves its fact unknown.
    pub(super) fn parse(status: &[u8]) -> Self {
        let mut parsed = Self::default();
        for line in status.split(|byte| *byte == b'\n') {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            if let Some((key, value)) = line.split_at_checked(colon) {
                parsed.take(key, value.get(1..).unwrap_or_default());
            }
        }
        parsed
    }

    /// The name comes first, with its newlines escaped: no line of it can pass for another.
    fn take(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"Tgid" => self.tgid = numbers(value).next(),
            b"Uid" => self.uids = four(value),
            b"Gid" => self.gids = four(value),
            b"Groups" => self.groups = Some(numbers(value).collect()),
            b"NSpid" => self.pids = numbers(value).collect(),
            b"NSpgid" => self.pgids = numbers(value).collect(),
            b"NSsid" => self.sids = numbers(value).collect(),
            b"VmLck" => self.locked_kib = kib(value),
            b"VmRSS" => self.resident_kib = kib(value),
            b"CapInh" => self.capabilities[0] = mask(value),
            b"CapPrm" => self.capabilities[1] = mask(value),
            b"CapEff" => self.capabilities[2] = mask(value),
            b"CapBnd" => self.capabilities[3] = mask(value),
            b"CapAmb" => self.capabilities[4] = mask(value),
            b"NoNewPrivs" => self.no_new_privileges = numbers(value).next().map(|set| set != 0),
            b"Seccomp" => self.seccomp = numbers(value).next(),
            b"Seccomp_filters" => self.seccomp_filters = numbers(value).next(),
            b"voluntary_ctxt_switches" | b"nonvoluntary_ctxt_switches" => {
                let more = words(value).next().and_then(decimal);
                self.switches = more.map(|more| self.switches.unwrap_or(0).saturating_add(more));
            }
            _ => {}
        }
    }
}

fn numbers(value: &[u8]) -> impl Iterator<Item = u32> + '_ {
    words(value).map_while(|word| decimal(word)?.try_into().ok())
}

fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

fn four(value: &[u8]) -> Option<[u32; 4]> {
    let mut numbers = numbers(value);
    Some([numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?])
}

fn kib(value: &[u8]) -> Option<u64> {
    decimal(words(value).next()?)
}

fn mask(value: &[u8]) -> Option<u64> {
    u64::from_str_radix(str::from_utf8(words(value).next()?).ok()?, 16).ok()
}

fn decimal(word: &[u8]) -> Option<u64> {
    word.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        value.checked_mul(10)?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: &[u8] =
        b"Name:\tUid:\\n Gid\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t9\nPid:\t9\n\
        Uid:\t1\t2\t3\t4294967294\nGid:\t5\t6\t7\t8\nGroups:\t4 20 65000 \nNStgid:\t9\t2\n\
        NSpid:\t9\t2\nNSpgid:\t9\t0\nNSsid:\t1\t0\nVmLck:\t       4 kB\nVmRSS:\t    1384 kB\n\
        CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapEff:\t00000000a80425fb\n\
        CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000001\nNoNewPrivs:\t1\nSeccomp:\t2\n\
        Seccomp_filters:\t3\nvoluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n";

    #[test]
    fn every_line_at_its_place() {
        let expected = Status {
            tgid: Some(9),
            uids: Some([1, 2, 3, 4_294_967_294]),
            gids: Some([5, 6, 7, 8]),
            groups: Some([4, 20, 65000].into()),
            pids: [9, 2].into(),
            pgids: [9, 0].into(),
            sids: [1, 0].into(),
            resident_kib: Some(1384),
            locked_kib: Some(4),
            capabilities: [0, 0x1ff_ffff_ffff, 0xa804_25fb, 0x1ff_ffff_ffff, 1].map(Some),
            no_new_privileges: Some(true),
            seccomp: Some(2),
            seccomp_filters: Some(3),
            switches: Some(42),
        };
        assert_eq!(Status::parse(FILE), expected);
    }

    #[test]
    fn what_a_kernel_does_not_say_is_unknown() {
        let status = Status::parse(b"Uid:\t0\t0\t0\nGroups:\t\nCapEff:\tzz\n");
        let expected = Status { groups: Some([].into()), ..Status::default() };
        assert_eq!(status, expected);
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed(bytes: Vec<u8>) {
            let _parsed = Status::parse(&bytes);
        }
    }
}
