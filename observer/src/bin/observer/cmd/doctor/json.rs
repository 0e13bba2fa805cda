//! A diagnosis → one JSON document.

use std::borrow::Cow;

use observer::{
    doctor::{Cgroups, Diagnosis, Kernel, Rung},
    facts::Surety,
    render::schema::{self, DiagnosedBackend, DiagnosedBtf, DiagnosedTracefs, VERSION},
};

use crate::exit::why;

pub(super) fn write(diagnosis: &Diagnosis) -> Vec<u8> {
    let Diagnosis { ladder, rights, kernel, place } = diagnosis;
    let mut text = Vec::new();
    schema::Diagnosis {
        v: VERSION,
        kernel: &kernel.release,
        architecture: &kernel.architecture,
        backends: ladder.iter().map(backend).collect(),
        auto: diagnosis.taken().map(|rung| rung.origin.name()),
        capabilities: rights.held.clone(),
        missing_capabilities: rights.missing.clone(),
        lockdown: kernel.lockdown.as_deref(),
        perf_event_paranoid: kernel.perf_event_paranoid,
        btf: btf(kernel),
        tracefs: tracefs(kernel),
        cgroup: place.cgroups.map(Cgroups::name),
        initial_user_namespace: place.initial_user_namespace,
        initial_pid_namespace: place.initial_pid_namespace,
        seccomp: place.seccomp,
        container: place.container.as_deref(),
    }
    .write(&mut text);
    text
}

fn backend(rung: &Rung) -> DiagnosedBackend<'_> {
    let with = |wanted: Surety| {
        let facts = rung.facts.list().into_iter();
        facts.filter(|(_, surety)| *surety == wanted).map(|(name, _)| name).collect()
    };
    DiagnosedBackend {
        name: rung.origin.name(),
        usable: rung.is_usable(),
        why: rung.refused.as_ref().map(why),
        fix: rung.fix(),
        knows: with(Surety::Always),
        knows_in_time: with(Surety::InTime),
    }
}

fn btf(kernel: &Kernel) -> DiagnosedBtf<'_> {
    let known = kernel.btf.as_ref().ok();
    DiagnosedBtf {
        usable: known.is_some(),
        why: kernel.btf.as_ref().err().map(why),
        size: known.map(|btf| btf.size),
        found: known.map(|btf| btf.found),
        missing: known.map(|btf| btf.missing.clone()).unwrap_or_default(),
        dispensable: known.map(|btf| btf.dispensable.clone()).unwrap_or_default(),
    }
}

fn tracefs(kernel: &Kernel) -> DiagnosedTracefs<'_> {
    DiagnosedTracefs {
        usable: kernel.tracefs.is_ok(),
        at: kernel.tracefs.as_deref().ok().map(Cow::Borrowed),
        why: kernel.tracefs.as_ref().err().map(why),
    }
}
