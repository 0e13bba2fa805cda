//! docs/benchmarks.md: one page, with a part for each subject that is replaced alone.
//!
//! A part begins with its heading of the second level and ends before the next one.

/// The page with `part`, which begins with `## TITLE`, in the place of the one with that title, or
/// at the end.
pub(crate) fn with_part(page: &str, title: &str, part: &str) -> String {
    let part = format!("{}\n", part.trim_end());
    let mut sections = sections(page);
    let heading = format!("## {title}\n");
    match sections.iter_mut().find(|section| section.starts_with(&heading)) {
        Some(section) => *section = &part,
        None => sections.push(&part),
    }
    let sections: Vec<_> = sections.into_iter().map(str::trim_end).collect();
    format!("{}\n", sections.join("\n\n"))
}

/// What stands before the first part, then each part.
fn sections(page: &str) -> Vec<&str> {
    let mut sections = Vec::new();
    let mut rest = page;
    while let Some(end) = rest.find("\n## ") {
        let (section, next) = rest.split_at(end + 1);
        sections.push(section);
        rest = next;
    }
    sections.push(rest);
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Page\n\nIntro.\n\n## A\n\nold\n\n### Of A\n\nold\n\n## B\n\nkept\n";

    #[test]
    fn one_part_is_replaced_and_the_others_stay() {
        let page = with_part(PAGE, "A", "## A\n\nnew\n\n");
        assert_eq!(page, "# Page\n\nIntro.\n\n## A\n\nnew\n\n## B\n\nkept\n");
        let page = with_part(&page, "B", "## B\n\nlast\n");
        assert_eq!(page, "# Page\n\nIntro.\n\n## A\n\nnew\n\n## B\n\nlast\n");
    }

    #[test]
    fn the_same_part_again_changes_nothing() {
        assert_eq!(with_part(PAGE, "B", "## B\n\nkept"), PAGE);
    }

    #[test]
    fn a_new_part_comes_last() {
        let page = with_part(PAGE, "C", "## C\n\nnew\n");
        assert_eq!(page, format!("{PAGE}\n## C\n\nnew\n"));
        // A title that begins like another is another.
        assert_eq!(sections(&with_part(PAGE, "A and more", "## A and more\n")).len(), 4);
    }
}
