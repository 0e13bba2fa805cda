//! All files of the library, and which of them a path leads to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::paths::{Named, Names};

/// A module by the names of those around it and its own.
pub(crate) type Module = Vec<String>;

/// An import: a path that leads out of its file.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) from: Module,
    pub(crate) line: usize,
    /// The file that it leads to; empty where it leads out of the library.
    pub(crate) to: Module,
    /// Spelt out, from `crate` or the name of another crate on.
    pub(crate) path: String,
}

/// Renames that lead round in a circle are not followed further.
const PATIENCE: usize = 16;

/// The files of a library.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// By module: what stands there, and where the file lies.
    files: BTreeMap<Module, (Names, String)>,
    modules: BTreeSet<Module>,
    aliases: BTreeMap<(Module, String), Vec<String>>,
}

impl Tree {
    /// Reads all files of a folder.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut tree = Self::default();
        tree.read_module(folder, &folder.join("lib.rs"), &Vec::new());
        for (module, (names, _)) in &tree.files {
            tree.modules.insert(module.clone());
            tree.modules.extend(names.inline.iter().map(|it| join(module, it)));
            for Named { within, path, alias, .. } in &names.paths {
                if let Some(alias) = alias {
                    tree.aliases.insert((join(module, within), alias.clone()), path.clone());
                }
            }
        }
        tree
    }

    fn read_module(&mut self, folder: &Path, file: &Path, module: &Module) {
        let names = Names::of(&fs::read_to_string(file).unwrap());
        let mut below: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
        below.sort_by_key(fs::DirEntry::path);
        for path in below.iter().map(fs::DirEntry::path) {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let file = if path.is_dir() { path.join("mod.rs") } else { path.clone() };
            let is_itself = ["lib", "mod"].contains(&name.as_str());
            if !is_itself && file.is_file() && !names.of_tests.contains(&name) {
                self.read_module(&folder.join(&name), &file, &join(module, &[name]));
            }
        }
        self.files.insert(module.clone(), (names, file.display().to_string()));
    }

    pub(crate) fn file(&self, module: &Module) -> &str {
        self.files.get(module).map_or("", |(_, file)| file)
    }

    /// Whether a module has files below it.
    pub(crate) fn is_room(&self, module: &Module) -> bool {
        let next = self.files.range(module.clone()..).nth(1);
        next.is_some_and(|(next, _)| next.starts_with(module))
    }

    /// All imports, in the order of the files.
    pub(crate) fn imports(&self) -> Vec<Import> {
        let mut found = Vec::new();
        for (module, (names, _)) in &self.files {
            for named in &names.paths {
                let (to, rest) = self.lead(&join(module, &named.within), &named.path, PATIENCE);
                let (to, path) = match to {
                    Some(to) => {
                        (self.file_of(to.clone()), [vec!["crate".into()], to, rest].concat())
                    }
                    None => (Vec::new(), rest),
                };
                if to != *module {
                    let (from, path) = (module.clone(), path.join("::"));
                    found.push(Import { from, line: named.line, to, path });
                }
            }
        }
        found
    }

    /// The module that a path leads to, and what is named in it; `None` out of the library.
    fn lead(&self, at: &Module, path: &[String], patience: usize) -> (Option<Module>, Vec<String>) {
        let Some((first, rest)) = path.split_first().filter(|_| patience > 0) else {
            return (Some(at.clone()), path.to_vec());
        };
        match first.as_str() {
            "crate" => self.walk(Vec::new(), rest, patience),
            "self" => self.walk(at.clone(), rest, patience),
            "super" => {
                let above = at[..at.len().saturating_sub(1)].to_vec();
                match rest.first().map(String::as_str) {
                    Some("super") => self.lead(&above, rest, patience - 1),
                    _ => self.walk(above, rest, patience),
                }
            }
            _ if self.modules.contains(&join(at, std::slice::from_ref(first))) => {
                self.walk(at.clone(), path, patience)
            }
            _ => match self.aliases.get(&(at.clone(), first.clone())) {
                Some(known) if known != path => {
                    let whole = [known.clone(), rest.to_vec()].concat();
                    self.lead(at, &whole, patience - 1)
                }
                _ => (None, path.to_vec()),
            },
        }
    }

    /// From a module down, through what it re-exports.
    fn walk(&self, at: Module, path: &[String], patience: usize) -> (Option<Module>, Vec<String>) {
        let Some((first, rest)) = path.split_first() else { return (Some(at), Vec::new()) };
        let below = join(&at, std::slice::from_ref(first));
        if self.modules.contains(&below) {
            return self.walk(below, rest, patience);
        }
        match self.aliases.get(&(at.clone(), first.clone())) {
            Some(known) if patience > 0 => {
                self.lead(&at, &[known.clone(), rest.to_vec()].concat(), patience - 1)
            }
            _ => (Some(at), path.to_vec()),
        }
    }

    /// The module whose file holds this one.
    fn file_of(&self, mut module: Module) -> Module {
        while !self.files.contains_key(&module) {
            module.pop();
        }
        module
    }
}

fn join(module: &[String], below: &[String]) -> Module {
    [module, below].concat()
}
