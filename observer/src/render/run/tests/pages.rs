//! Reports of commands of all kinds, hostile ones among them, as pages and as JSON. For
//! `cargo xtask html-check`, which opens them in a browser, they are written into the folder that
//! it names.

use std::{env, fs, path::Path};

use super::{story::docker_run, *};
use crate::render::run::{html, json};

/// Names the folder.
const FOLDER: &str = "OBSERVER_PAGES";

/// Arguments that try to be more than text, or to hurt who reads them.
pub(super) const HOSTILE: [&[u8]; 14] = [
    b"<script>alert(1)</script>",
    b"</code></td></tr></table></style><img src=x onerror=alert(1)>",
    b"\" onmouseover=\"alert(1)\" x=\"",
    b"' onfocus='alert(1)' autofocus='",
    b"&lt;b&gt; &amp; &#x3c;b&#x3e; &nbsp;",
    b"<!-- --><![CDATA[ ]]><?php ?>",
    b"</title></style><link rel=stylesheet href=//example.org/x.css>",
    b"\x1b[31mred\x1b]0;title\x07\r\n\t\x7f",
    b"\xff\xfe\x80<\xc3",
    "\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}".as_bytes(),
    "\u{a0}日本 שלום ʼ\u{301}\u{fffe}".as_bytes(),
    b"  two  blanks  ",
    b"",
    b"a\\b\\x1b",
];

#[test]
fn a_page_has_a_row_for_each_process_and_container_of_the_json() {
    let machine = machine();
    for (name, command, told) in [plain(), hostile(), long(), deep(), many(), nothing()] {
        let account = Account { lost: 3, ..account(&command, &told.0) };
        check(name, &Report::new(&account, setting(&machine)));
    }
    docker_run().with(|report| check("container", report));
    let mut story = docker_run();
    story.container_mut().name = Some("<b>\"'&amp;\u{202e}".to_owned());
    story.container_mut().image = Some("</table><script>".to_owned());
    story.container_mut().inferred = true;
    story.with(|report| check("hostile-container", report));
}

fn check(name: &str, report: &Report<'_>) {
    let (page, document) = (html::page(report), json::document(report));
    let read: serde_json::Value = serde_json::from_slice(&document).unwrap();
    let count = |list: &str| read[list].as_array().unwrap().len();
    let rows = page.matches("<tr role=\"row\" aria-level=").count();
    assert_eq!(rows, count("processes") + count("containers"), "{name}");
    if let Some(folder) = env::var_os(FOLDER) {
        let folder = Path::new(&folder);
        fs::write(folder.join(format!("{name}.html")), page).unwrap();
        fs::write(folder.join(format!("{name}.json")), document).unwrap();
    }
}

/// A page: its name, the command, what it caused.
type Run = (&'static str, Vec<Bytes>, Told);

fn plain() -> Run {
    let mut told = Told::command(100);
    told.exec(key(100, 0), &[b"make", b"-j2"]);
    for (pid, start, end, code) in [(101, 10, 400, 0), (102, 12, 700, 2), (103, 410, 690, 0)] {
        told.fork(key(pid, start), key(100, 0));
        told.exec(key(pid, start), &[b"cc", b"-c", b"main.c"]);
        told.exit(key(pid, start), end, Some(Status::Code(code)));
    }
    told.fork(key(104, 500), key(100, 0));
    told.exit(key(100, 0), 705, Some(Status::Code(2)));
    ("plain", words("make -j2"), told)
}

fn hostile() -> Run {
    let mut told = Told::command(100);
    let command: Vec<_> = HOSTILE.iter().copied().map(Bytes::from_static).collect();
    told.exec(key(100, 0), &HOSTILE);
    for (pid, start, hostile) in
        (200..).zip(1..).zip(HOSTILE).map(|((pid, start), it)| (pid, start, it))
    {
        told.fork(key(pid, start), key(100, 0));
        told.exec(key(pid, start), &[hostile]);
        told.exec(key(pid, start), &[b"sh", hostile, hostile]);
        told.exit(key(pid, start), 900, Some(Status::Signal { number: 64, core_dumped: None }));
    }
    ("hostile", command, told)
}

fn long() -> Run {
    let mut told = Told::command(100);
    let long = b"<\xff&\"\x1b".repeat(20_000);
    told.exec(key(100, 0), &[b"echo", &long]);
    told.exit(key(100, 0), 30, FINE);
    ("long", vec![Bytes::from_static(b"echo"), Bytes::from(long)], told)
}

fn deep() -> Run {
    let mut told = Told::command(1000);
    for index in 1..100 {
        let above = key(999 + index, u64::from(index) - 1);
        told.fork(key(1000 + index, u64::from(index)), above);
    }
    ("deep", words("sh -c f"), told)
}

fn many() -> Run {
    let mut told = Told::command(1000);
    for index in 1..500 {
        let key_of = key(1000 + index, u64::from(index));
        told.fork(key_of, key(1000, 0));
        told.exec(key_of, &[b"true"]);
        told.exit(key_of, u64::from(index) + 2, FINE);
    }
    told.exit(key(1000, 0), 600, FINE);
    ("many", words("sh -c loop"), told)
}

/// The command could not be started.
fn nothing() -> Run {
    ("nothing", words("absent"), Told(CausalSet::of_command(100, BEGIN_NS)))
}
