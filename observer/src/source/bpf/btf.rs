//! Where the running kernel keeps what the eBPF programs read: member offsets from its BTF.
//!
//! One pass over the raw type section of `/sys/kernel/btf/vmlinux`, no allocation a type; the
//! ready-made parsers build a tree of all 130,000 types first. It follows the format of the
//! kernel's `Documentation/bpf/btf.rst`, version 1, in the machine's own byte order.

use std::{fs, ops::Range, path::Path};

use hashbrown::{HashMap, HashSet};
use observer_common::{ABSENT, Layout, Place};
use zerocopy::FromBytes as _;

use crate::Error;

/// Where the kernel puts its BTF.
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

const MAGIC: u16 = 0xeb9f;
/// Members of members: deeper than any path wanted.
const MAX_DEPTH: usize = 16;

/// A BTF blob and where in it each type begins.
#[derive(Debug)]
pub struct Btf {
    blob: Vec<u8>,
    /// The type section.
    types: Range<usize>,
    /// The string section.
    strings: Range<usize>,
    /// Where in the type section the type of each id begins; ids count from 1.
    starts: Vec<u32>,
    /// Named structs, enums, typedefs and iterators' functions. Of several of one name the first counts.
    named: HashMap<(Kind, Box<[u8]>), u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Int,
    Pointer,
    Array,
    Struct,
    Union,
    Enum,
    Forward,
    Typedef,
    Qualifier,
    Function,
    Prototype,
    Variable,
    Section,
    Float,
    DeclTag,
    Enum64,
}

impl Kind {
    fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Int,
            2 => Self::Pointer,
            3 => Self::Array,
            4 => Self::Struct,
            5 => Self::Union,
            6 => Self::Enum,
            7 => Self::Forward,
            8 => Self::Typedef,
            9 | 10 | 11 | 18 => Self::Qualifier,
            12 => Self::Function,
            13 => Self::Prototype,
            14 => Self::Variable,
            15 => Self::Section,
            16 => Self::Float,
            17 => Self::DeclTag,
            19 => Self::Enum64,
            _ => return None,
        })
    }

    /// Bytes behind the type's own 12, of which a list of `count` follows.
    fn extra_len(self, count: usize) -> usize {
        match self {
            Self::Int | Self::Variable | Self::DeclTag => 4,
            Self::Array => 12,
            Self::Struct | Self::Union | Self::Section | Self::Enum64 => count * 12,
            Self::Enum | Self::Prototype => count * 8,
            Self::Pointer
            | Self::Forward
            | Self::Typedef
            | Self::Qualifier
            | Self::Function
            | Self::Float => 0,
        }
    }
}

/// A type's own 12 bytes, taken apart.
#[derive(Clone, Copy, Debug)]
struct Type {
    name: u32,
    kind: Kind,
    /// Entries of the list behind it.
    count: usize,
    /// Whether members carry a bit-field size in their offset.
    has_bit_fields: bool,
    /// Size in bytes or id of another type, as the kind has it.
    size_or_id: u32,
    /// Where the list behind it begins.
    list: usize,
}

impl Btf {
    /// Reads the running kernel's BTF. Needs no privileges.
    ///
    /// # Errors
    ///
    /// [`Error::NoBtf`] when there is none, [`Error::DamagedBtf`] when it cannot be understood.
    pub fn from_kernel() -> Result<Self, Error> {
        let path = Path::new(VMLINUX);
        let bytes =
            fs::read(path).map_err(|source| Error::NoBtf { path: path.to_owned(), source })?;
        Self::parse(bytes)
    }

    /// Takes a BTF blob apart.
    ///
    /// # Errors
    ///
    /// [`Error::DamagedBtf`].
    pub fn parse(blob: Vec<u8>) -> Result<Self, Error> {
        let (types, strings) = sections(&blob).ok_or(Error::DamagedBtf("its header is wrong"))?;
        let mut btf = Self { blob, types, strings, starts: vec![0], named: HashMap::new() };
        btf.index().ok_or(Error::DamagedBtf("a type ends too early"))?;
        Ok(btf)
    }

    /// Looks every place of the layout up.
    ///
    /// # Errors
    ///
    /// [`Error::MissingMember`] names the first that is not there and cannot be done without.
    pub fn layout(&self) -> Result<Layout, Error> {
        let mut bytes = Vec::with_capacity(size_of::<Layout>());
        for wanted in Layout::WANTED {
            let value = wanted.places.iter().find_map(|place| self.find(*place));
            if value.is_none() && !wanted.optional {
                return Err(Error::MissingMember(names(wanted.places)));
            }
            bytes.extend(value.unwrap_or(ABSENT).to_ne_bytes());
        }
        Layout::read_from_bytes(&bytes)
            .map_err(|_size| Error::DamagedBtf("the layout has another size"))
    }

    /// How many arguments a tracepoint gives its programs; `None` where it does not exist.
    pub fn tracepoint_arguments(&self, tracepoint: &str) -> Option<usize> {
        let name = format!("btf_trace_{tracepoint}");
        let typedef = self.type_of(self.named(Kind::Typedef, name.as_bytes())?)?;
        let pointer = self.type_of(typedef.size_or_id)?;
        let prototype = self.type_of(pointer.size_or_id)?;
        // The first is the tracepoint's own data pointer.
        (prototype.kind == Kind::Prototype).then(|| prototype.count.saturating_sub(1))
    }

    /// The type id of a function by which programs are called; `None` where it does not exist.
    pub fn function(&self, name: &str) -> Option<u32> {
        self.named(Kind::Function, name.as_bytes())
    }

    /// A place's value; `None` where the kernel has no such place.
    pub fn find(&self, place: Place) -> Option<u32> {
        match place {
            Place::Member(path) => {
                let bits = self.member(path)?;
                (bits % 8 == 0).then_some(bits / 8)
            }
            Place::Bit(path) => self.member(path),
            Place::Size(name) => {
                Some(self.type_of(self.named(Kind::Struct, name.as_bytes())?)?.size_or_id)
            }
            Place::Enumerator(path) => self.enumerator(path),
        }
    }

    fn index(&mut self) -> Option<()> {
        let wanted = wanted_names();
        let mut at = 0;
        while at < self.types.len() {
            let found = self.read_type(at)?;
            let id = u32::try_from(self.starts.len()).ok()?;
            self.starts.push(u32::try_from(at).ok()?);
            if is_looked_up(found.kind) && found.name != 0 {
                let name = self.string(found.name)?;
                let is_wanted = match found.kind {
                    Kind::Function => name.starts_with(b"bpf_iter_"),
                    kind => wanted.contains(name) || is_tracepoint(kind, name),
                };
                if is_wanted {
                    let key = (found.kind, Box::from(name));
                    self.named.entry(key).or_insert(id);
                }
            }
            at = found.list + found.kind.extra_len(found.count);
        }
        (at == self.types.len()).then_some(())
    }

    /// Offset in bits.
    fn member(&self, path: &str) -> Option<u32> {
        let mut steps = path.split('.');
        let mut id = self.named(Kind::Struct, steps.next()?.as_bytes())?;
        let mut bits = 0;
        for step in steps {
            let (member_bits, member_type) = self.member_of(id, step.as_bytes(), 0)?;
            bits += member_bits;
            id = member_type;
        }
        Some(bits)
    }

    /// Offset in bits and type of a member, also inside members without a name.
    fn member_of(&self, id: u32, wanted: &[u8], depth: usize) -> Option<(u32, u32)> {
        let outer = self.resolve(id)?;
        if depth > MAX_DEPTH || !matches!(outer.kind, Kind::Struct | Kind::Union) {
            return None;
        }
        (0..outer.count).find_map(|index| {
            let at = outer.list + index * 12;
            let [name, member_type, offset] =
                [self.word(at)?, self.word(at + 4)?, self.word(at + 8)?];
            let bits = if outer.has_bit_fields { offset & 0x00ff_ffff } else { offset };
            if name != 0 {
                return (self.string(name)? == wanted).then_some((bits, member_type));
            }
            let (inner, found) = self.member_of(member_type, wanted, depth + 1)?;
            Some((bits + inner, found))
        })
    }

    fn enumerator(&self, path: &str) -> Option<u32> {
        let (name, wanted) = path.split_once('.')?;
        let outer = self.type_of(self.named(Kind::Enum, name.as_bytes())?)?;
        (0..outer.count).find_map(|index| {
            let at = outer.list + index * 8;
            let name = self.string(self.word(at)?)?;
            (name == wanted.as_bytes()).then(|| self.word(at + 4)).flatten()
        })
    }

    fn named(&self, kind: Kind, name: &[u8]) -> Option<u32> {
        self.named.get(&(kind, Box::from(name))).copied()
    }

    /// The type behind typedefs and qualifiers.
    fn resolve(&self, id: u32) -> Option<Type> {
        let mut found = self.type_of(id)?;
        for _ in 0..MAX_DEPTH {
            if !matches!(found.kind, Kind::Typedef | Kind::Qualifier) {
                return Some(found);
            }
            found = self.type_of(found.size_or_id)?;
        }
        None
    }

    fn type_of(&self, id: u32) -> Option<Type> {
        if id == 0 {
            return None;
        }
        self.read_type(*self.starts.get(id as usize)? as usize)
    }

    fn read_type(&self, at: usize) -> Option<Type> {
        let info = self.word(at + 4)?;
        Some(Type {
            name: self.word(at)?,
            kind: Kind::from_number((info >> 24) & 0x1f)?,
            count: (info & 0xffff) as usize,
            has_bit_fields: info >> 31 == 1,
            size_or_id: self.word(at + 8)?,
            list: at + 12,
        })
    }

    fn word(&self, at: usize) -> Option<u32> {
        word(self.blob.get(self.types.clone())?, at)
    }

    fn string(&self, at: u32) -> Option<&[u8]> {
        self.blob.get(self.strings.clone())?.get(at as usize..)?.split(|byte| *byte == 0).next()
    }
}

/// Where types and strings stand.
fn sections(bytes: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let magic = u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?);
    let version = *bytes.get(2)?;
    if magic != MAGIC || version != 1 {
        return None;
    }
    let header = word(bytes, 4)? as usize;
    let part = |offset: u32, len: u32| {
        let begin = header.checked_add(offset as usize)?;
        let end = begin.checked_add(len as usize)?;
        (end <= bytes.len()).then_some(begin..end)
    };
    Some((part(word(bytes, 8)?, word(bytes, 12)?)?, part(word(bytes, 16)?, word(bytes, 20)?)?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn is_looked_up(kind: Kind) -> bool {
    matches!(kind, Kind::Struct | Kind::Enum | Kind::Typedef | Kind::Function)
}

/// Names of the types that the layout looks into. The others need not be kept.
fn wanted_names() -> HashSet<&'static [u8]> {
    let places = Layout::WANTED.iter().flat_map(|wanted| wanted.places);
    places.filter_map(|place| path(*place).split('.').next()).map(str::as_bytes).collect()
}

/// Whether a type is the prototype of a tracepoint's programs.
fn is_tracepoint(kind: Kind, name: &[u8]) -> bool {
    kind == Kind::Typedef && name.starts_with(b"btf_trace_")
}

fn path(place: Place) -> &'static str {
    let (Place::Member(path) | Place::Bit(path) | Place::Size(path) | Place::Enumerator(path)) =
        place;
    path
}

fn names(places: &[Place]) -> String {
    places.iter().map(|place| path(*place)).collect::<Vec<_>>().join("` or `")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's blob as the other parser wants it.
    struct Blob(Vec<u8>);

    impl btfparse::Readable for Blob {
        fn read(&self, offset: u64, buffer: &mut [u8]) -> btfparse::Result<()> {
            let begin = usize::try_from(offset).unwrap();
            buffer.copy_from_slice(&self.0[begin..begin + buffer.len()]);
            Ok(())
        }
    }

    #[test]
    fn agrees_with_another_parser_on_the_running_kernel() {
        let blob = Blob(fs::read(VMLINUX).unwrap());
        let ours = Btf::parse(blob.0.clone()).unwrap();
        let theirs = btfparse::TypeInformation::new(&blob).unwrap();
        let mut compared = 0;
        for place in Layout::WANTED.iter().flat_map(|wanted| wanted.places) {
            let expected = match place {
                // It takes the function of that name for the struct.
                Place::Member(path) if path.starts_with("kthread.") => continue,
                Place::Member(path) | Place::Bit(path) => {
                    let (outer, member) = path.split_once('.').unwrap();
                    let id = theirs.id_of(outer).unwrap();
                    theirs.offset_of(id, member).ok().map(|(_, offset)| match (place, offset) {
                        (Place::Member(_), btfparse::Offset::ByteOffset(bytes)) => bytes,
                        (Place::Bit(_), btfparse::Offset::BitOffsetAndSize(bits, 1)) => bits,
                        (place, offset) => panic!("{place:?} is at {offset:?}"),
                    })
                }
                Place::Size(name) => {
                    let size = theirs.size_of(theirs.id_of(name).unwrap()).unwrap();
                    Some(u32::try_from(size).unwrap())
                }
                Place::Enumerator(_) => continue,
            };
            assert_eq!(ours.find(*place), expected, "{place:?}");
            compared += 1;
        }
        assert!(compared > 50, "only {compared} places were compared");
    }

    #[test]
    fn enumerators_and_prototypes_are_those_of_the_kernel() {
        let btf = Btf::from_kernel().unwrap();
        // PIDTYPE_TGID has been 1 since 4.19.
        assert_eq!(btf.find(Place::Enumerator("pid_type.PIDTYPE_TGID")), Some(1));
        assert_eq!(btf.find(Place::Enumerator("pid_type.PIDTYPE_NONE")), None);
        assert_eq!(btf.tracepoint_arguments("sched_process_exec"), Some(3));
        assert_eq!(btf.tracepoint_arguments("task_newtask"), Some(2));
        assert_eq!(btf.tracepoint_arguments("no_such_tracepoint"), None);
        let theirs = btfparse::TypeInformation::new(&Blob(fs::read(VMLINUX).unwrap())).unwrap();
        assert_eq!(btf.function("bpf_iter_task"), theirs.id_of("bpf_iter_task"));
        assert_eq!(btf.function("bpf_no_such_iterator"), None);
    }

    #[test]
    fn any_cut_is_an_error_or_a_smaller_table_but_never_a_panic() {
        let bytes = fs::read(VMLINUX).unwrap();
        for len in (0..64).chain([bytes.len() / 2, bytes.len() - 1]) {
            assert!(
                Btf::parse(bytes[..len].to_vec()).is_err(),
                "a blob cut to {len} bytes was accepted"
            );
        }
    }

    #[test]
    fn the_running_kernel_has_every_place() {
        let layout = Btf::from_kernel().unwrap().layout().unwrap();
        assert_ne!(layout.task_pid, ABSENT);
        assert_ne!(layout.task_tgid, layout.task_pid);
    }
}
