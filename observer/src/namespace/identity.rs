//! Which namespace it is.

use std::fmt;

use super::NamespaceKind;

/// Identity of a namespace within a boot.
///
/// The kernel gives the inode number of one that has gone to the next one at once. So it alone
/// names a namespace only as long as that is there; newer kernels have a number that they never
/// give out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceId {
    /// Its kind.
    pub kind: NamespaceKind,
    /// Device of nsfs, the same for all.
    pub device: u64,
    /// Inode number in nsfs, as `/proc/PID/ns` and lsns(8) show it.
    pub inode: u64,
    /// The kernel's own number (`NS_GET_ID`), since Linux 6.18.
    pub kernel_id: Option<u64>,
    /// 1; 2, 3… for a later one that was given the inode number of an earlier one, as far as
    /// somebody followed them; always 1 where there is a number of the kernel.
    pub generation: u32,
}

/// `uts:4026532178#64` with the kernel's own number; `uts:4026532178` without, and
/// `uts:4026532178-2` for a second one of that inode number.
impl fmt::Display for NamespaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.inode)?;
        match (self.kernel_id, self.generation) {
            (Some(id), _) => write!(f, "#{id}"),
            (None, 1) => Ok(()),
            (None, generation) => write!(f, "-{generation}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_written_as_far_as_it_is_known() {
        let id = NamespaceId {
            kind: NamespaceKind::Uts,
            device: 4,
            inode: 4_026_532_178,
            kernel_id: None,
            generation: 1,
        };
        assert_eq!(id.to_string(), "uts:4026532178");
        assert_eq!(NamespaceId { generation: 3, ..id }.to_string(), "uts:4026532178-3");
        assert_eq!(NamespaceId { kernel_id: Some(64), ..id }.to_string(), "uts:4026532178#64");
    }
}
