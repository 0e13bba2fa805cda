//! What Chromium's `--dump-dom` prints → elements and text.
//!
//! A browser has parsed the page and writes down what it made of it: every tag closed, every
//! attribute in double quotes. Anything else here is an error, not something to guess at.

use anyhow::{Context as _, Result, bail};

/// Elements without an end.
const VOID: [&str; 13] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];
/// Elements whose text stands as it is.
const RAW: [&str; 6] = ["style", "script", "xmp", "iframe", "noembed", "noframes"];

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// The document's element.
    pub(crate) fn parse(dump: &str) -> Result<Self> {
        let mut reader = Reader { rest: dump.trim_start() };
        reader.expect("<!DOCTYPE html>").context("no page of HTML")?;
        reader.rest = reader.rest.trim_start();
        let mut open = vec![Self::default()];
        while !reader.rest.trim().is_empty() {
            reader.step(&mut open)?;
        }
        let Some(Self { children, .. }) = open.pop().filter(|_| open.is_empty()) else {
            bail!("an element has no end");
        };
        let mut roots = children.into_iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        });
        roots.next().context("no element")
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn has_class(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|all| all.split(' ').any(|it| it == class))
    }

    /// Itself and all elements below it, in their order.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut waiting = vec![self];
        while let Some(element) = waiting.pop() {
            found.push(element);
            waiting.extend(element.children.iter().rev().filter_map(|child| match child {
                Node::Element(element) => Some(element),
                Node::Text(_) => None,
            }));
        }
        found
    }

    /// All text in it.
    pub(crate) fn text(&self) -> String {
        let parts = self.children.iter().map(|child| match child {
            Node::Element(element) => element.text(),
            Node::Text(text) => text.clone(),
        });
        parts.collect()
    }
}

/// What has not been read yet.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Reads a tag or a text into the innermost of the open elements.
    fn step(&mut self, open: &mut Vec<Element>) -> Result<()> {
        if let Some(rest) = self.rest.strip_prefix("</") {
            self.rest = rest;
            let name = self.until(">")?;
            let element = open.pop().filter(|element| element.name == name);
            let element = element.with_context(|| format!("`</{name}>` ends nothing"))?;
            return add(open, Node::Element(element));
        }
        if let Some(rest) = self.rest.strip_prefix('<') {
            self.rest = rest;
            let element = self.tag()?;
            if VOID.contains(&element.name.as_str()) {
                return add(open, Node::Element(element));
            }
            let is_raw = RAW.contains(&element.name.as_str());
            let end = format!("</{}>", element.name);
            open.push(element);
            if is_raw {
                let text = self.rest.split(end.as_str()).next().unwrap_or_default();
                self.rest = self.rest.get(text.len()..).unwrap_or_default();
                return add(open, Node::Text(text.to_owned()));
            }
            return Ok(());
        }
        let text = self.rest.split('<').next().unwrap_or_default();
        self.rest = self.rest.get(text.len()..).unwrap_or_default();
        add(open, Node::Text(characters(text)?))
    }

    /// `NAME ATTRIBUTE="VALUE" …>`
    fn tag(&mut self) -> Result<Element> {
        let name = self.word();
        if name.is_empty() {
            bail!("no element's name at `{}`", self.beginning());
        }
        let mut element = Element { name: name.to_owned(), ..Element::default() };
        while self.expect(">").is_err() {
            self.expect(" ")?;
            let attribute = self.word().to_owned();
            self.expect("=\"")?;
            element.attributes.push((attribute, characters(self.until("\"")?)?));
        }
        Ok(element)
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find([' ', '=', '>', '/', '<', '"']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn until(&mut self, end: &str) -> Result<&'a str> {
        let (before, rest) = self
            .rest
            .split_once(end)
            .with_context(|| format!("no `{end}` after `{}`", self.beginning()))?;
        self.rest = rest;
        Ok(before)
    }

    fn expect(&mut self, wanted: &str) -> Result<()> {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.with_context(|| format!("`{}`, not `{wanted}`", self.beginning()))?;
        Ok(())
    }

    fn beginning(&self) -> String {
        self.rest.chars().take(40).collect()
    }
}

fn add(open: &mut [Element], node: Node) -> Result<()> {
    open.last_mut().context("an end too many")?.children.push(node);
    Ok(())
}

/// Entities as the characters that they stand for. A browser writes these alone.
fn characters(text: &str) -> Result<String> {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';').context("an `&` that begins nothing")?;
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "nbsp" => '\u{a0}',
            _ => bail!("`&{name};` is not what a browser writes"),
        });
        out.push_str(rest);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(body: &str) -> String {
        format!("<!DOCTYPE html>\n<html><head></head><body>{body}</body></html>\n")
    }

    #[test]
    fn elements_attributes_and_text_are_read() {
        let page = dump("<p class=\"a b\" title=\"&quot;&amp;<x>\">1 &lt; <b>2</b>&nbsp;<br>3</p>");
        let page = Element::parse(&page).unwrap();
        let names: Vec<_> = page.all().iter().map(|element| element.name.as_str()).collect();
        assert_eq!(names, ["html", "head", "body", "p", "b", "br"]);
        let paragraph = page.all()[3];
        assert!(paragraph.has_class("b") && !paragraph.has_class("a b"));
        assert_eq!(paragraph.attribute("title"), Some("\"&<x>"));
        assert_eq!(paragraph.text(), "1 < 2\u{a0}3");
    }

    #[test]
    fn a_style_is_text_whatever_it_holds() {
        let page = Element::parse(&dump("<style>a > b { & }</style><i></i>")).unwrap();
        assert_eq!(page.all()[3].text(), "a > b { & }");
    }

    #[test]
    fn what_no_browser_writes_is_refused() {
        for body in ["<p>", "</p>", "<b><i></b></i>", "&eacute;", "& ", "<p x=y></p>", "<p x></p>"]
        {
            assert!(Element::parse(&dump(body)).is_err(), "{body}");
        }
        assert!(Element::parse("<html></html>").is_err());
    }
}
