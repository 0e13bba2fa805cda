//! What kind of program a process runs, by its name and its arguments.
