//! Which tracepoints are needed, and how this kernel lays them out.

use observer_common::Kind;

use super::{point::Point, reading::Reading};
use crate::{
    Error,
    tracepoint::{Fault, Format, Name, Tracefs, reader::Request},
};

/// What is to be read.
#[derive(Debug)]
pub(super) struct Points {
    pub(super) readings: Vec<Reading>,
    pub(super) requests: Vec<Request>,
    /// Whether it can be told how a process ended.
    pub(super) tell_ends: bool,
}

impl Points {
    /// Those that these kinds need. Some kernels are built without those of system calls: then
    /// nobody can tell how a process ended.
    ///
    /// # Errors
    ///
    /// [`Error::Tracepoint`] when tracefs cannot be read, or is without those that all else rests
    /// on.
    pub(super) fn find(tracefs: &Tracefs, kinds: &[Kind]) -> Result<Self, Error> {
        let mut points = Self { readings: Vec::new(), requests: Vec::new(), tell_ends: false };
        for point in Point::ALWAYS {
            match format(tracefs, point)? {
                Ok(format) => points.add(point, &format)?,
                // Without cgroups nobody can be moved.
                Err(_) if point == Point::Attach => {}
                Err(missing) => return Err(missing),
            }
        }
        if kinds.contains(&Kind::FREE) {
            let format = format(tracefs, Point::Free)??;
            points.add(Point::Free, &format)?;
        }
        if kinds.iter().any(|kind| [Kind::EXIT, Kind::FREE].contains(kind)) {
            points.tell_ends = points.add_all_or_none(tracefs, &Point::OF_AN_END)?;
        }
        if kinds.contains(&Kind::NAMESPACE) {
            // Without them only those are told that are created in other namespaces.
            points.add_all_or_none(tracefs, &Point::OF_NAMESPACES)?;
        }
        Ok(points)
    }

    /// Whether there were all.
    fn add_all_or_none(&mut self, tracefs: &Tracefs, wanted: &[Point]) -> Result<bool, Error> {
        let mut formats = Vec::new();
        for point in wanted {
            match format(tracefs, *point)? {
                Ok(format) => formats.push((*point, format)),
                Err(_missing) => return Ok(false),
            }
        }
        for (point, format) in formats {
            self.add(point, &format)?;
        }
        Ok(true)
    }

    fn add(&mut self, point: Point, format: &Format) -> Result<(), Error> {
        self.readings.push(Reading::new(point, format)?);
        let (id, name) = (format.id, format.name.clone());
        self.requests.push(Request { id, filter: point.filter(), name });
        Ok(())
    }
}

/// The format of a tracepoint, or that this kernel does not have it.
fn format(tracefs: &Tracefs, point: Point) -> Result<Result<Format, Error>, Error> {
    let name = Name::new(point.system(), point.event())?;
    match tracefs.format(&name) {
        Err(missing @ Error::Tracepoint(Fault::Unknown { .. } | Fault::ModuleNotLoaded { .. })) => {
            Ok(Err(missing))
        }
        Err(error) => Err(error),
        Ok(format) => Ok(Ok(format)),
    }
}
