//! `voodoo bench`: the load tool.

use voodoo_bench::{Arguments, Part};

use crate::exit::{Exit, Failure};

/// Runs scenarios. A must that is missed is a failure, after the table was printed.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match voodoo_bench::bench(arguments) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let words = anyhow::anyhow!("not everything that must be reached was reached");
            Err(Failure::new(Exit::Unavailable, words))
        }
        Err(error) => Err(Failure::new(Exit::Internal, error)),
    }
}

/// Is one process of a run.
pub(super) fn part(part: Part) -> Result<(), Failure> {
    voodoo_bench::part(part).map_err(Failure::with(Exit::Internal))
}
