//! The report as one page of HTML: no network, no script, and arguments as nothing but text.

use std::fmt::Write as _;

use super::{
    axis,
    markup::{Folded, Markup, Text},
    report::Report,
    row::shorten,
    text::{command, outcome},
    words::{Column, INFERRED_MEANS, programs},
};
use crate::{
    cause::{Branch, Caused, CausedContainer, Item},
    event::Status,
    render::time::{rfc3339, span},
};

const STYLE: &str = include_str!("page.css");
/// Marks along the time axis.
const TICKS: u64 = 5;
/// Deeper branches are not indented any further.
const DEEPEST_INDENT: usize = 24;
/// Of a command as the title of a window.
const TITLE: usize = 80;
/// A whole in parts of a ten-thousandth of a percent.
const WHOLE: u128 = 1_000_000;

pub(super) fn page(report: &Report<'_>) -> String {
    let mut page = Page { out: String::new(), report };
    page.head();
    page.verdict();
    page.tree();
    page.notes();
    page.foot();
    page.out
}

/// A page as far as it is written.
struct Page<'a> {
    out: String,
    report: &'a Report<'a>,
}

impl<'a> Page<'a> {
    fn put(&mut self, text: impl std::fmt::Display) {
        let _infallible = write!(self.out, "{text}");
    }

    fn head(&mut self) {
        let mut title = command(self.report);
        shorten(&mut title, TITLE);
        self.put(format_args!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{} · observer run</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
            Text(&title)
        ));
    }

    /// The command, how it ended, and the sums.
    fn verdict(&mut self) {
        let report = self.report;
        let status = report.account.status;
        let class = if status == Some(Status::Code(0)) { "fine" } else { "failed" };
        self.put(format_args!(
            "<header>\n<p class=\"what\">observer run</p>\n<h1>{}</h1>\n\
             <p class=\"verdict {class}\">{} after {}</p>\n<dl>\n",
            Folded(&command(report)),
            Text(&outcome(status)),
            span(report.duration_ns())
        ));
        let totals = report.account.totals();
        let numbers = [
            ("processes", totals.processes),
            ("running", totals.running),
            ("execs", totals.execs),
            ("failures", totals.failures),
            ("containers", totals.containers),
        ];
        for (name, number) in numbers {
            self.total(name, &number.to_string());
        }
        self.total("cpu", &span(totals.cpu_ns));
        if let Some((key, ns)) = totals.longest {
            self.total("longest", &format!("{}, {}", report.called(key), span(ns)));
        }
        self.put("</dl>\n</header>\n");
    }

    fn total(&mut self, name: &str, value: &str) {
        let value = Text(value);
        self.put(format_args!(
            "<div><dt>{name}</dt><dd data-total=\"{name}\">{value}</dd></div>\n"
        ));
    }

    fn tree(&mut self) {
        let ticks: Vec<_> = axis::ticks(self.report.span_ns, TICKS).collect();
        let step = ticks.get(1).map_or_else(|| "100".to_owned(), |step| self.percent(*step));
        self.put(format_args!(
            "<main>\n<table role=\"treegrid\" aria-label=\"What the command caused\" \
             style=\"--step:{step}%\">\n<thead role=\"rowgroup\">\n<tr role=\"row\">"
        ));
        self.put("<th role=\"columnheader\" scope=\"col\" class=\"what\">command</th>");
        for column in Column::ALL {
            let name = column.name();
            self.put(format_args!("<th role=\"columnheader\" scope=\"col\">{name}</th>"));
        }
        self.put("<th role=\"columnheader\" scope=\"col\" aria-label=\"timeline\">");
        self.put("<span class=\"track\">");
        // Further to the right a mark has no room for its words; its line is there all the same.
        let rightmost = self.report.span_ns / 100 * 85;
        for tick in ticks.into_iter().filter(|tick| *tick <= rightmost) {
            let (left, label) = (self.percent(tick), axis::label(tick));
            self.put(format_args!("<span class=\"tick\" style=\"left:{left}%\">{label}</span>"));
        }
        self.put("</span></th></tr>\n</thead>\n<tbody role=\"rowgroup\">\n");
        let report = self.report;
        report.branches.iter().for_each(|branch| self.row(branch));
        self.put("</tbody>\n</table>\n</main>\n");
    }

    fn row(&mut self, branch: &Branch<'a>) {
        let level = branch.depth + 1;
        match branch.item {
            Item::Process(caused) => {
                let (id, pid) = (self.report.id(caused.process.key), caused.process.key.pid);
                self.put(format_args!(
                    "<tr role=\"row\" aria-level=\"{level}\" class=\"{}\" data-id=\"{}\" \
                     data-pid=\"{pid}\" data-role=\"{}\">",
                    state(caused),
                    Text(&id),
                    caused.role.name()
                ));
            }
            Item::Container(container) => self.put(format_args!(
                "<tr role=\"row\" aria-level=\"{level}\" class=\"container\" data-id=\"{}\">",
                Markup(container.id.as_bytes())
            )),
        }
        let indent = branch.depth.min(DEEPEST_INDENT);
        let wide = match branch.item {
            Item::Process(_) => "",
            Item::Container(_) => " colspan=\"8\"",
        };
        self.put(format_args!(
            "<td role=\"gridcell\" class=\"what\"{wide} style=\"--depth:{indent}\">"
        ));
        match branch.item {
            Item::Process(caused) => self.programs(caused),
            Item::Container(container) => self.container(container),
        }
        self.put("</td>");
        for column in columns(branch.item) {
            self.cell(*column, branch.item);
        }
        self.bar(branch.item);
        self.put("</tr>\n");
    }

    /// What a process ran, one after the other.
    fn programs(&mut self, caused: &Caused) {
        for (index, program) in programs(caused).iter().enumerate() {
            if index > 0 {
                self.put(" <span class=\"then\">→</span> ");
            }
            self.put(Folded(program));
        }
    }

    fn container(&mut self, container: &CausedContainer) {
        let line = self.report.container_line(container);
        self.put(format_args!("<span class=\"box\">{}</span>", Text(&line)));
    }

    fn cell(&mut self, column: Column, item: Item<'_>) {
        let name = column.name();
        let value = column.cell(self.report, item);
        let class = match value.as_str() {
            "-" => " class=\"none\"",
            _ if column.is_number() => " class=\"number\"",
            _ => "",
        };
        self.put(format_args!(
            "<td role=\"gridcell\"{class} data-column=\"{name}\">{}</td>",
            Text(&value)
        ));
    }

    /// A process's life; a container has no bar.
    fn bar(&mut self, item: Item<'_>) {
        self.put("<td role=\"gridcell\" class=\"bar\"><span class=\"track\">");
        if let Item::Process(caused) = item {
            let (start_ns, lived_ns) = (self.report.start_ns(caused), self.report.lived_ns(caused));
            let (left, width) = (self.percent(start_ns), self.percent(lived_ns));
            self.put(format_args!(
                "<span class=\"life\" style=\"left:{left}%;width:{width}%\" \
                 title=\"{} from {}\"></span>",
                span(lived_ns),
                span(start_ns)
            ));
        }
        self.put("</span></td>");
    }

    /// Of the time axis.
    fn percent(&self, ns: u64) -> String {
        let parts = u128::from(ns) * WHOLE / u128::from(self.report.span_ns.max(1));
        format!("{}.{:04}", parts / 10_000, parts % 10_000)
    }

    fn notes(&mut self) {
        let notes = self.report.notes();
        let any_inferred = self.report.processes().any(|caused| caused.because.inferred)
            || self.report.containers().any(|container| container.inferred);
        let inferred = any_inferred.then(|| INFERRED_MEANS.to_owned());
        self.put("<ul class=\"notes\">\n");
        for note in notes.into_iter().chain(inferred) {
            self.put(format_args!("<li>{}</li>\n", Text(&note)));
        }
        self.put("</ul>\n");
    }

    fn foot(&mut self) {
        let setting = self.report.setting;
        let begin = rfc3339(setting.clock.unix_ns(self.report.account.begin_ns));
        self.put(format_args!(
            "<footer>begun {begin}, told by {}, observer {}</footer>\n</body>\n</html>\n",
            setting.origin.name(),
            env!("CARGO_PKG_VERSION")
        ));
    }
}

/// Of a container little can stand in a column: its line may take the room of the others.
fn columns(item: Item<'_>) -> &'static [Column] {
    match item {
        Item::Process(_) => &Column::ALL,
        Item::Container(_) => &[Column::Because, Column::Pid],
    }
}

fn state(caused: &Caused) -> &'static str {
    match caused.end {
        None => "running",
        Some(_) if caused.has_failed() => "failed",
        Some(_) => "fine",
    }
}
