//! The eBPF object: read by aya's own reader, its maps made, its read-only data filled in, its programs
//! ready to be loaded one by one.
//!
//! aya's loader would do the same, and read all types of the kernel besides, twice: that takes longer
//! than everything else together.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
    path::PathBuf,
};

use aya::maps::{Map, MapData};
use aya_obj::{EbpfSectionKind, ProgramSection, btf::BtfFeatures};
use nix::errno::Errno;

use crate::{
    Error,
    error::Refusal,
    sys::program::{self, Program, Records},
};

/// The committed object, the same for every kernel.
static BUILT_IN: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/observer.bpf.o"));

/// Which eBPF object to load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Object {
    /// The one in this library.
    #[default]
    BuiltIn,
    /// One from a file, for work on the programs.
    File(PathBuf),
}

impl Object {
    fn bytes(&self) -> Result<Cow<'static, [u8]>, Error> {
        match self {
            Self::BuiltIn => Ok(Cow::Borrowed(BUILT_IN)),
            Self::File(path) => {
                fs::read(path).map(Cow::Owned).map_err(|error| self.unusable(error.to_string()))
            }
        }
    }

    pub(super) fn unusable(&self, why: String) -> Error {
        let object = match self {
            Self::BuiltIn => "in this program".to_owned(),
            Self::File(path) => format!("`{}`", path.display()),
        };
        Error::Object { object, why }
    }
}

/// What is to be different from how the object was built.
pub(super) struct Settings<'a> {
    /// Read-only data, by the name of its variable.
    pub(super) data: HashMap<&'a str, &'a [u8]>,
    /// How many entries a map has, by its name.
    pub(super) entries: BTreeMap<&'a str, u32>,
}

/// An object with its maps in the kernel, its programs not yet.
pub(super) struct Loaded {
    object: Object,
    parsed: aya_obj::Object,
    maps: HashMap<String, MapData>,
    types: OwnedFd,
}

impl Loaded {
    /// Reads the object and makes its maps.
    pub(super) fn load(object: &Object, settings: &Settings<'_>) -> Result<Self, Error> {
        let unusable = |error: &dyn std::error::Error| object.unusable(first_line(error));
        let bytes = object.bytes()?;
        let mut parsed = aya_obj::Object::parse(&bytes).map_err(|error| unusable(&error))?;
        let data = settings.data.iter().map(|(name, bytes)| (*name, (*bytes, true)));
        parsed.patch_map_data(data.collect()).map_err(|error| unusable(&error))?;
        let types = load_types(&mut parsed, object)?;
        let described = std::mem::take(&mut parsed.maps);
        let maps = make_maps(&described, settings, object)?;
        let text: HashSet<usize> = parsed.functions.keys().map(|(section, _)| *section).collect();
        let made = maps.iter().filter_map(|(name, map)| {
            Some((name.as_str(), map.fd().as_fd().as_raw_fd(), described.get(name)?))
        });
        parsed.relocate_maps(made, &text).map_err(|error| unusable(&error))?;
        parsed.relocate_calls(&text).map_err(|error| unusable(&error))?;
        Ok(Self { object: object.clone(), parsed, maps, types })
    }

    /// Takes a map out of it.
    pub(super) fn take_map(&mut self, name: &str) -> Result<Map, Error> {
        let map = self.maps.remove(name);
        let map = map.ok_or_else(|| self.object.unusable(format!("it has no map `{name}`")))?;
        Map::from_map_data(map).map_err(|error| self.object.unusable(first_line(&error)))
    }

    /// Loads a program. `iterates` is the type id of the function that calls iterators over tasks.
    pub(super) fn load_program(&self, name: &str, iterates: u32) -> Result<OwnedFd, Error> {
        const BPF_PROG_TYPE_RAW_TRACEPOINT: u32 = 17;
        const BPF_PROG_TYPE_TRACING: u32 = 26;
        const BPF_TRACE_ITER: u32 = 28;
        const BPF_F_SLEEPABLE: u32 = 1 << 4;
        let missing = || self.object.unusable(format!("it has no program `{name}`"));
        let program = self.parsed.programs.get(name).ok_or_else(missing)?;
        let function = self.parsed.functions.get(&program.function_key()).ok_or_else(missing)?;
        let functions = function.func_info.func_info_bytes();
        let bare = Program {
            name,
            kind: BPF_PROG_TYPE_RAW_TRACEPOINT,
            flags: 0,
            attach_type: 0,
            attach_type_id: 0,
            license: &program.license,
            instructions: &function.instructions,
            types: self.types.as_fd(),
            functions: Records {
                bytes: &functions,
                size: u32::try_from(function.func_info_rec_size).unwrap_or_default(),
            },
        };
        let ready = match program.section {
            ProgramSection::RawTracePoint => bare,
            ProgramSection::Iter { sleepable } => Program {
                kind: BPF_PROG_TYPE_TRACING,
                flags: if sleepable { BPF_F_SLEEPABLE } else { 0 },
                attach_type: BPF_TRACE_ITER,
                attach_type_id: iterates,
                ..bare
            },
            _ => return Err(self.object.unusable(format!("`{name}` sits on an unknown hook"))),
        };
        program::load(&ready, &mut []).map_err(|errno| refused(&ready, errno))
    }
}

/// The object's own types, which callbacks are found by. It has none that a kernel from 5.18 on does not
/// know.
fn load_types(parsed: &mut aya_obj::Object, object: &Object) -> Result<OwnedFd, Error> {
    let known = BtfFeatures::new(true, true, true, true, true, true, true, false);
    let types = parsed
        .fixup_and_sanitize_btf(&known)
        .map_err(|error| object.unusable(first_line(&error)))?
        .ok_or_else(|| object.unusable("it has no types".to_owned()))?;
    program::load_types(&types.to_bytes()).map_err(|errno| match errno {
        Errno::EPERM => Error::NotPermitted(Refusal::DespiteCapabilities),
        _ => object.unusable(format!("the kernel does not take its types: {}", errno.desc())),
    })
}

fn make_maps(
    described: &HashMap<String, aya_obj::Map>,
    settings: &Settings<'_>,
    object: &Object,
) -> Result<HashMap<String, MapData>, Error> {
    let mut maps = HashMap::new();
    let mut names: Vec<_> = described.keys().collect();
    names.sort_unstable();
    for (name, description) in names.into_iter().filter_map(|name| described.get_key_value(name)) {
        let mut map = description.clone();
        if let Some(entries) = settings.entries.get(name.as_str()) {
            map.set_max_entries(*entries);
        }
        let made = MapData::create(map, name, None).map_err(|error| map_error(&error, object))?;
        if description.section_kind() == EbpfSectionKind::Rodata {
            program::fill_and_freeze(made.fd().as_fd(), description.data())
                .map_err(Error::system("cannot fill the programs' read-only data"))?;
        }
        maps.insert(name.clone(), made);
    }
    Ok(maps)
}

/// The capabilities were checked before: a refusal that comes all the same has another reason.
fn map_error(error: &aya::maps::MapError, object: &Object) -> Error {
    if let aya::maps::MapError::CreateError { io_error, .. } = error
        && io_error.raw_os_error() == Some(libc::EPERM)
    {
        return Error::NotPermitted(Refusal::DespiteCapabilities);
    }
    object.unusable(first_line(error))
}

/// Asks again for the verifier's reason, which nobody needs when all goes well.
fn refused(program: &Program<'_>, errno: Errno) -> Error {
    const ROOM: usize = 16 << 20;
    // The verifier's own refusals are EACCES and EINVAL.
    if errno == Errno::EPERM {
        return Error::NotPermitted(Refusal::DespiteCapabilities);
    }
    let mut log = vec![0; ROOM];
    // It is refused once more: that is what it is asked for.
    let _again = program::load(program, &mut log);
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    let log = String::from_utf8_lossy(log.get(..end).unwrap_or_default());
    if log.contains("bpf_probe_read_kernel") && log.contains("unknown func") {
        return Error::NotPermitted(Refusal::Lockdown);
    }
    let why = format!("{}: {}", errno.desc(), verdict(&log));
    Error::Refused { program: program.name.to_owned(), why }
}

/// The verifier's reason is the last line before its statistics; the log may be megabytes long.
fn verdict(log: &str) -> &str {
    log.lines()
        .rev()
        .map(str::trim)
        .find(|line| {
            !line.is_empty()
                && !line.starts_with("processed ")
                && !line.contains("verification time")
        })
        .unwrap_or("the verifier gave no reason")
}

fn first_line(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let words = error.to_string();
        let line = words.lines().next().unwrap_or_default();
        if !text.contains(line) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.extend(line.chars().take(200));
        }
        next = error.source();
    }
    text
}
