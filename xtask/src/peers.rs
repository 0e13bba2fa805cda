//! Programs that observer is compared with and that no package has: built here from `peers/`.
//!
//! So far one: psgo, a small Go program over Debian's package of that library. Nothing is fetched
//! for it; Go reads the folder where Debian keeps the sources of its Go packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{shell, workspace};

/// Debian's `GOPATH`.
const GO_PATH: &str = "/usr/share/gocode";
/// Where the library's package puts it.
pub const PSGO_LIBRARY: &str = "/usr/share/gocode/src/github.com/containers/psgo";

/// Builds psgo, as far as it is not up to date, and returns its path.
pub fn build_psgo() -> Result<PathBuf> {
    let folder = workspace::target_folder("peers")?;
    let program = folder.join("psgo");
    let go = shell::find_program("go").context("no `go`: run `cargo xtask setup test`")?;
    let source = workspace::root()?.join("peers/psgo");
    shell::run(&mut build(&go, &source, &folder)).context("cannot build psgo")?;
    Ok(program)
}

/// The psgo that [`build_psgo`] made, if it did.
pub fn psgo() -> Result<Option<PathBuf>> {
    let program = workspace::target()?.join("peers/psgo");
    Ok(shell::is_executable(&program).then_some(program))
}

/// With C, as Debian builds all that has psgo in it: without, psgo looks for the length of a clock
/// tick in /proc/self, which a joined container may not have, and then loses its processes. And
/// in one piece, so that guests can run it.
///
/// Go looks at the sources itself and builds only what changed; what it keeps for that stays in
/// our folder.
fn build(go: &Path, source: &Path, folder: &Path) -> Command {
    let mut command = Command::new(go);
    command
        .env("GO111MODULE", "off")
        .env("GOPATH", GO_PATH)
        .env("CGO_ENABLED", "1")
        .env("GOCACHE", folder.join("go-cache"))
        .env("GOENV", "off")
        .env_remove("GOFLAGS")
        .args(["build", "-trimpath", "-tags", "netgo,osusergo"])
        .args(["-ldflags", "-linkmode external -extldflags -static", "-o"])
        .arg(folder.join("psgo"))
        .arg("main.go")
        .current_dir(source);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_where_go_looks_for_it() {
        let import = Path::new(PSGO_LIBRARY).strip_prefix(Path::new(GO_PATH).join("src")).unwrap();
        let import = format!("\t\"{}\"\n", import.display());
        let source = workspace::root().unwrap().join("peers/psgo/main.go");
        assert!(std::fs::read_to_string(source).unwrap().contains(&import), "{import}");
    }
}
