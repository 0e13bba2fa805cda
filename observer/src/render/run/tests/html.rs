use super::{pages::HOSTILE, story::*, *};
use crate::render::run::html::page;

/// The elements of a page, in order.
fn elements(page: &str) -> Vec<&str> {
    let tags = page.split('<').skip(1).filter(|tag| !tag.starts_with('/'));
    tags.map(|tag| tag.split([' ', '>', '\n']).next().unwrap()).collect()
}

/// A page of a command with these arguments.
fn page_of(arguments: &[&[u8]]) -> String {
    let mut told = Told::command(10);
    told.exec(key(10, 0), arguments);
    let command: Vec<_> = arguments.iter().map(|word| Bytes::copy_from_slice(word)).collect();
    crate::render::run::html(&account(&command, &told.0), setting(&machine()))
}

#[test]
fn no_argument_becomes_an_element_or_an_attribute() {
    let harmless = page_of(&[b"x"]);
    for hostile in HOSTILE {
        let page = page_of(&[hostile]);
        assert_eq!(elements(&page), elements(&harmless), "{hostile:?}");
        assert_eq!(page.matches(['"', '\'']).count(), harmless.matches(['"', '\'']).count());
        assert!(!page.contains(|it| it != '\n' && crate::render::escape::is_harmful(it)), "{page}");
    }
}

#[test]
fn it_needs_nothing_else() {
    let page = docker_run().with(page);
    for needs in
        ["<script", "<link", "<img", "<iframe", "http:", "https:", "url(", "@import", " on"]
    {
        let found = page.split("<body>").next().unwrap().contains(needs)
            || page
                .match_indices(needs)
                .any(|(at, _)| page[..at].rfind('<') > page[..at].rfind('>'));
        assert!(!found, "{needs}");
    }
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
}

#[test]
fn rows_say_who_they_are_and_where_they_stand() {
    let page = docker_run().with(page);
    let rows: Vec<_> =
        page.lines().filter(|line| line.starts_with("<tr role=\"row\" aria-level")).collect();
    let levels: Vec<_> = rows.iter().map(|row| row.split('"').nth(3).unwrap()).collect();
    assert_eq!(levels, ["1", "2", "3", "4", "3", "4", "4"]);
    assert!(rows[1].contains(&format!("class=\"container\" data-id=\"{ID}\"")), "{}", rows[1]);
    let killed = rows[5];
    for part in [
        "class=\"failed\" data-id=\"1f3a9c02-4740-560\" data-pid=\"4740\"",
        "<code class=\"args\">sleep 10</code>",
        "data-column=\"exit\">SIGKILL</td>",
        "data-column=\"because\">parent</td>",
        // From 600 ms to 900 ms of 1,203.
        "style=\"left:49.8753%;width:24.9376%\"",
    ] {
        assert!(killed.contains(part), "{part} in {killed}");
    }
    let execs = "<code class=\"args\">runc init</code> <span class=\"then\">→</span> \
        <code class=\"args\">sh -c x</code>";
    assert!(rows[4].contains(execs), "{}", rows[4]);
}

#[test]
fn a_long_argument_is_folded_and_whole() {
    let long = "a".repeat(100_000);
    let page = page_of(&[b"echo", long.as_bytes()]);
    assert!(page.contains(&format!("<code class=\"args\">echo {long}</code></details>")));
    assert_eq!(page.matches("<details>").count(), 2, "the title and the row");
}
