//! What a field can be compared with: the kernel decides by the spelling of its type.

use crate::tracepoint::format::{Field, Format};

/// How the kernel compares a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) compared: Compared,
    /// Bytes; 0 of what is no field of the record.
    pub(super) size: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    Text,
    Number {
        signed: bool,
    },
    /// A set of CPUs.
    Cpus,
    /// With nothing that means something.
    Never,
}

/// Fields that every event has without their standing in its format.
pub(super) const EVERYWHERE: [&str; 2] = ["comm", "cpu"];

/// In the kernel's order: the event's own fields, the ones that every event has, the common ones.
pub(super) fn find(name: &str, format: &Format) -> Option<Kind> {
    let named = |fields: &[Field]| fields.iter().find(|field| field.name == name).map(of);
    named(&format.fields).or_else(|| everywhere(name)).or_else(|| named(&format.common))
}

fn everywhere(name: &str) -> Option<Kind> {
    let compared = match name {
        "comm" | "COMM" => Compared::Text,
        // `common_cpu` since Linux 6.10.
        "cpu" | "CPU" | "common_cpu" => Compared::Number { signed: true },
        // Since Linux 6.5.
        "stacktrace" | "STACKTRACE" | "common_stacktrace" => Compared::Never,
        _ => return None,
    };
    Some(Kind { compared, size: 0 })
}

fn of(field: &Field) -> Kind {
    Kind { compared: compared(field, &type_of(field)), size: field.size }
}

fn compared(field: &Field, kind: &str) -> Compared {
    let dynamic = kind.contains("__data_loc") || kind.contains("__rel_loc");
    let list = kind.contains('[');
    let text = kind.contains("char") && (dynamic || list);
    if text || kind == "char *" || kind == "const char *" {
        Compared::Text
    } else if dynamic && kind.contains("cpumask_t") {
        Compared::Cpus
    } else if dynamic || !matches!(field.size, 1 | 2 | 4 | 8) {
        Compared::Never
    } else {
        Compared::Number { signed: field.signed }
    }
}

/// The declaration without the name.
fn type_of(field: &Field) -> String {
    match field.declaration.rfind(&field.name) {
        Some(at) => {
            let (before, name) = field.declaration.split_at(at);
            let behind = name.get(field.name.len()..).unwrap_or_default();
            format!("{}{behind}", before.trim_end())
        }
        None => field.declaration.clone(),
    }
}
