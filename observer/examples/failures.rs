//! Prints processes that fail, from a tokio `Stream`. Needs root:
//! `cargo run --features tokio --example failures`.

use std::future::poll_fn;

use futures_core::Stream as _;
use observer::{
    Events,
    event::{Kind, Status, What},
    render::Escaped,
    source::Options,
};

#[expect(clippy::print_stdout, reason = "an example shows what it found")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), observer::Error> {
    let options = Options { kinds: vec![Kind::EXIT], ..Options::default() };
    let mut stream = std::pin::pin!(Events::open(&options)?.into_stream()?);
    while let Some(event) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
        if let What::Exit { process, status, .. } = event?.what
            && status.is_some_and(|status| status != Status::Code(0))
        {
            println!("{} {} {status:?}", process.key.pid, Escaped(process.comm.as_bytes()));
        }
    }
    Ok(())
}
