//! Prints the description of the HTTP door.
use std::io::Write;

fn main() -> std::io::Result<()> {
    let document = serde_json::to_string_pretty(&voodoo_server::http::document())?;
    writeln!(std::io::stdout(), "{document}")
}
