//! Hostile bytes → text of a page, and where it is too long to stand there whole, folded.

use std::fmt::{self, Write as _};

use crate::render::{Escaped, text::cut};

/// Bytes as they may stand in an element or between the quotes of an attribute: first harmless for
/// whoever reads them ([`Escaped`]), then without a character that means something to HTML.
#[derive(Clone, Copy, Debug)]
pub(super) struct Markup<'a>(pub(super) &'a [u8]);

impl fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Entities(f), "{}", Escaped(self.0))
    }
}

/// Text that is harmless already, as it may stand in a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Entities(f).write_str(self.0)
    }
}

/// Text that is shown whole if it is short, and else can be unfolded. The element of class `args`
/// has all of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folded<'a>(pub(super) &'a str);

/// As much is seen of what is folded.
const SEEN: usize = 72;
/// What is hardly longer is not worth a fold.
const LONG: usize = 100;

impl fmt::Display for Folded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = Text(self.0);
        if self.0.len() <= LONG {
            return write!(f, "<code class=\"args\">{whole}</code>");
        }
        let mut seen = self.0.to_owned();
        cut(&mut seen, SEEN);
        write!(
            f,
            "<details><summary><code>{}…</code> <span class=\"more\">all {} bytes</span></summary>\
             <code class=\"args\">{whole}</code></details>",
            Text(&seen),
            self.0.len()
        )
    }
}

/// Writes on what is written to it, with entities for all that HTML reads as more than text.
struct Entities<'f, 'a>(&'f mut fmt::Formatter<'a>);

impl fmt::Write for Entities<'_, '_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for part in s.split_inclusive(['&', '<', '>', '"', '\'']) {
            let mut characters = part.chars();
            let entity = match characters.next_back() {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                Some('\'') => "&#39;",
                _ => {
                    self.0.write_str(part)?;
                    continue;
                }
            };
            self.0.write_str(characters.as_str())?;
            self.0.write_str(entity)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a browser makes of the entities.
    fn read_back(markup: &str) -> String {
        let entities =
            [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        entities.iter().fold(markup.to_owned(), |text, (entity, it)| text.replace(entity, it))
    }

    fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
        let markup = Markup(bytes).to_string();
        prop_assert!(!markup.contains(['<', '>', '"', '\'']), "{}", markup);
        let ends = markup.split('&').skip(1).map(|rest| rest.split(';').next().unwrap());
        for name in ends {
            prop_assert!(["amp", "lt", "gt", "quot", "#39"].contains(&name), "{}", markup);
        }
        prop_assert_eq!(read_back(&markup), Escaped(bytes).to_string());
        Ok(())
    }

    #[test]
    fn tags_quotes_and_escapes_are_text() {
        let check = |bytes: &[u8], expected| assert_eq!(Markup(bytes).to_string(), expected);
        check(b"</style><script>", "&lt;/style&gt;&lt;script&gt;");
        check(b"\" onload='x' &lt;", "&quot; onload=&#39;x&#39; &amp;lt;");
        check(b"\x1b[31m<b>\xff", "\\x1b[31m&lt;b&gt;\\xff");
        check("\u{202e}é".as_bytes(), "\\u{202e}é");
    }

    #[test]
    fn only_what_is_long_is_folded_and_nothing_of_it_is_missing() {
        assert_eq!(Folded("a<b").to_string(), "<code class=\"args\">a&lt;b</code>");
        let long = "é<".repeat(50_000);
        let folded = Folded(&long).to_string();
        let whole = folded.split_once("<code class=\"args\">").unwrap().1;
        assert_eq!(read_back(whole.strip_suffix("</code></details>").unwrap()), long);
        assert!(folded.find("</summary>").unwrap() < 1000);
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_is_read_back_as_text(bytes: Vec<u8>) {
            check(&bytes)?;
        }

        #[test]
        fn markup_is_read_back_as_text(text in "([&<>\"'/=;#a-z0-9\u{202e}]|&lt;|&#39;|</style>){0,40}") {
            check(text.as_bytes())?;
        }
    }
}
