//! Namespaces, arranged by one of their relations. Pure.

use hashbrown::{HashMap, HashSet};

use super::{Kin, Namespace, NamespaceKind, Namespaces};

/// By which relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// All kinds, each below the user namespace to which it belongs; a user namespace below the one
    /// around it. As `lsns --tree=owner`.
    Owner,
    /// User namespaces, each below the one around it. As `userns_overview`.
    User,
    /// Pid namespaces, likewise.
    Pid,
    /// Each namespace with the processes in it, children below their parents.
    Process,
}

/// A forest, every node behind the one above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// From the first root on, in the order in which they are drawn.
    pub branches: Vec<Branch>,
}

/// One node of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// How many are above it.
    pub depth: usize,
    /// Whether no other follows below the same one.
    pub is_last: bool,
    /// What it is.
    pub item: Item,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// The namespace with this inode number.
    Namespace(u64),
    /// A namespace that the caller may not see, above those that it may.
    NotVisible,
    /// The process with this pid.
    Process(u32),
}

impl Tree {
    /// All namespaces that are `wanted` and have the relation, and those above them.
    pub fn of(
        namespaces: &Namespaces,
        relation: Relation,
        wanted: impl Fn(&Namespace) -> bool,
    ) -> Self {
        let wanted = namespaces.all.iter().filter(|namespace| wanted(namespace));
        match relation {
            Relation::Process => by_process(namespaces, wanted),
            Relation::Owner => by_kin(namespaces, wanted, |_| true, |one| one.owner),
            Relation::User => {
                let is_user = |one: &Namespace| one.id.kind == NamespaceKind::User;
                by_kin(namespaces, wanted, is_user, |one| one.parent)
            }
            Relation::Pid => {
                let is_pid = |one: &Namespace| one.id.kind == NamespaceKind::Pid;
                by_kin(namespaces, wanted, is_pid, |one| one.parent)
            }
        }
    }
}

fn by_kin<'a>(
    namespaces: &'a Namespaces,
    wanted: impl Iterator<Item = &'a Namespace>,
    has_part: impl Fn(&Namespace) -> bool,
    kin: impl Fn(&Namespace) -> Kin,
) -> Tree {
    let mut kept: HashSet<u64> = HashSet::new();
    for namespace in wanted.filter(|namespace| has_part(namespace)) {
        let mut next = Some(namespace);
        // Up to where somebody has been before.
        while let Some(one) = next.filter(|one| kept.insert(one.id.inode)) {
            next = kin(one).known().and_then(|id| namespaces.get(id.inode));
        }
    }
    let mut below = Below::default();
    for namespace in namespaces.all.iter().filter(|one| kept.contains(&one.id.inode)) {
        let item = Item::Namespace(namespace.id.inode);
        match kin(namespace) {
            Kin::None => below.roots.push(item),
            Kin::Known(id) => below.add(Item::Namespace(id.inode), item),
            Kin::Hidden | Kin::Unknown => below.add(Item::NotVisible, item),
        }
    }
    if below.items.contains_key(&Item::NotVisible) {
        below.roots.push(Item::NotVisible);
    }
    below.tree()
}

fn by_process<'a>(namespaces: &'a Namespaces, wanted: impl Iterator<Item = &'a Namespace>) -> Tree {
    let mut tree = Tree::default();
    for namespace in wanted {
        let root = Item::Namespace(namespace.id.inode);
        let mut below = Below { roots: vec![root], ..Below::default() };
        for pid in &namespace.members {
            let row = namespaces.process(*pid);
            let parent = row.and_then(|row| Some(row.identity.as_ref()?.parent));
            let inside = parent.filter(|pid| namespace.members.binary_search(pid).is_ok());
            below.add(inside.map_or(root, Item::Process), Item::Process(*pid));
        }
        tree.branches.extend(below.tree().branches);
    }
    tree
}

/// What stands below what.
#[derive(Debug, Default)]
struct Below {
    roots: Vec<Item>,
    items: HashMap<Item, Vec<Item>>,
}

impl Below {
    fn add(&mut self, above: Item, item: Item) {
        self.items.entry(above).or_default().push(item);
    }

    fn tree(mut self) -> Tree {
        let mut branches = Vec::new();
        // The next one to be drawn is the last.
        let mut waiting = Vec::new();
        put(&mut waiting, 0, std::mem::take(&mut self.roots));
        while let Some(branch) = waiting.pop() {
            branches.push(branch);
            // Taken away, so that no circle has an end: a listing is of no instant.
            let items = self.items.remove(&branch.item).unwrap_or_default();
            put(&mut waiting, branch.depth + 1, items);
        }
        Tree { branches }
    }
}

fn put(waiting: &mut Vec<Branch>, depth: usize, items: Vec<Item>) {
    let last = items.len().saturating_sub(1);
    let branches = items.into_iter().enumerate();
    let branches = branches.map(|(at, item)| Branch { depth, is_last: at == last, item });
    waiting.extend(branches.rev());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::namespace::made_up::{all, id, one};

    fn drawn(namespaces: &Namespaces, relation: Relation, kind: Option<NamespaceKind>) -> String {
        let wanted = |one: &Namespace| kind.is_none_or(|kind| kind == one.id.kind);
        let tree = Tree::of(namespaces, relation, wanted);
        let line = |branch: &Branch| {
            let name = match branch.item {
                Item::Namespace(inode) => inode.to_string(),
                Item::NotVisible => "?".to_owned(),
                Item::Process(pid) => format!("p{pid}"),
            };
            let end = if branch.is_last { "." } else { "" };
            format!("{}{name}{end}", "-".repeat(branch.depth))
        };
        tree.branches.iter().map(line).collect::<Vec<_>>().join(" ")
    }

    const USER: NamespaceKind = NamespaceKind::User;
    const UTS: NamespaceKind = NamespaceKind::Uts;
    const PID: NamespaceKind = NamespaceKind::Pid;

    fn nested() -> Namespaces {
        let of = |inode| Kin::Known(id(USER, inode));
        let mut pid = one(PID, 7, of(2));
        pid.parent = Kin::Known(id(PID, 6));
        let mut first_pid = one(PID, 6, of(1));
        first_pid.parent = Kin::None;
        let spaces = [
            one(USER, 1, Kin::None),
            one(USER, 2, of(1)),
            one(USER, 3, of(2)),
            one(UTS, 4, of(1)),
            one(UTS, 5, of(3)),
            first_pid,
            pid,
        ];
        all(spaces.into(), &[])
    }

    #[test]
    fn each_relation_has_its_tree() {
        let nested = nested();
        assert_eq!(drawn(&nested, Relation::Owner, None), "1. -2 --3 ---5. --7. -4 -6.");
        assert_eq!(drawn(&nested, Relation::User, None), "1. -2. --3.");
        assert_eq!(drawn(&nested, Relation::Pid, None), "6. -7.");
    }

    #[test]
    fn who_is_above_a_wanted_one_is_there() {
        let nested = nested();
        assert_eq!(drawn(&nested, Relation::Owner, Some(UTS)), "1. -2 --3. ---5. -4.");
        assert_eq!(drawn(&nested, Relation::Owner, Some(PID)), "1. -2 --7. -6.");
    }

    #[test]
    fn several_may_be_the_topmost_visible() {
        let of = |inode| Kin::Known(id(USER, inode));
        let spaces = [one(USER, 2, Kin::Hidden), one(USER, 3, Kin::Hidden), one(UTS, 4, of(3))];
        let spaces = all(spaces.into(), &[]);
        assert_eq!(drawn(&spaces, Relation::User, None), "?. -2 -3.");
        assert_eq!(drawn(&spaces, Relation::Owner, None), "?. -2 -3. --4.");
        let unknown = all(vec![one(UTS, 4, Kin::Unknown)], &[]);
        assert_eq!(drawn(&unknown, Relation::Owner, None), "?. -4.");
    }

    #[test]
    fn processes_stand_below_their_parents_as_far_as_those_are_inside() {
        let mut space = one(UTS, 4, Kin::Hidden);
        space.members = vec![5, 6, 7, 9];
        let spaces = all(vec![space], &[(1, 0), (5, 1), (6, 5), (7, 6), (9, 5)]);
        assert_eq!(drawn(&spaces, Relation::Process, None), "4. -p5. --p6 ---p7. --p9.");
    }

    #[test]
    fn a_circle_has_an_end() {
        let mut space = one(UTS, 4, Kin::Hidden);
        space.members = vec![5, 6, 7];
        // A pid was given to another between two looks.
        let spaces = all(vec![space], &[(5, 6), (6, 5), (7, 1)]);
        assert_eq!(drawn(&spaces, Relation::Process, None), "4. -p7.");
        let round = Kin::Known(id(USER, 2));
        assert_eq!(drawn(&all(vec![one(USER, 2, round)], &[]), Relation::User, None), "");
    }
}
