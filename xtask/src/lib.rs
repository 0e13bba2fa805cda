//! What the programs behind `cargo xtask` share: running other programs, where things are, building
//! observer. It depends on no crate of the product, so that it builds whatever state the product is in.

#![expect(clippy::missing_errors_doc, reason = "every error says by itself what could not be done")]

pub mod delegate;
pub mod machine;
pub mod peers;
pub mod product;
mod run;
pub mod shell;
pub mod workspace;
