//! Whether guests run by KVM or are emulated: by KVM only where one has shown in this run that it works.
//!
//! A machine may offer KVM and still not run every instruction in a guest, and such a guest hangs, or
//! dies late and of something that looks like our fault.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Result;

use crate::guest::{self, Accelerator, Boot, Initramfs};
use crate::kernels::Image;
use crate::live::Programs;
use crate::shell;
use crate::tally::Tally;

const DEVICE: &str = "/dev/kvm";
/// By KVM, boot and tests take some seconds; a guest that hangs costs all of this.
const DEADLINE: Duration = Duration::from_secs(15);
/// They load the eBPF programs and see processes.
const SMOKE: &str = "smoke::";

/// How the guests of this run are to run, and a word about it.
pub(crate) fn accelerator(kernel: &Image, programs: &Programs) -> Accelerator {
    if File::options().read(true).write(true).open(DEVICE).is_err() {
        eprintln!("there is no KVM: guests are emulated");
        return Accelerator::Emulation;
    }
    if probe(kernel, programs).is_ok_and(|works| works) {
        eprintln!("guests run by KVM: a probe guest passed the smoke tests with it");
        return Accelerator::Kvm;
    }
    eprintln!("KVM is there but a probe guest did not boot with it: guests are emulated");
    Accelerator::Emulation
}

/// Whether a guest boots by KVM and its smoke tests pass.
fn probe(kernel: &Image, programs: &Programs) -> Result<bool> {
    let boot = Boot {
        name: "probe",
        kernel_arguments: "",
        scale: "0.05".to_owned(),
        places: "every-kernel".to_owned(),
        filter: Some(SMOKE.to_owned()),
    };
    let files = Initramfs::pack(programs, &boot)?;
    let mut qemu = guest::qemu(kernel, &files, &boot, Accelerator::Kvm)?;
    let mut tally = Tally::default();
    let mut status = None;
    let end = shell::stream(qemu.stderr(Stdio::null()), DEADLINE, |line| {
        let line = guest::without_escapes(line);
        tally.read(&line);
        status = guest::ended(&line).or(status);
    })?;
    Ok(end.success() && status == Some(0) && tally.passed > 0)
}
