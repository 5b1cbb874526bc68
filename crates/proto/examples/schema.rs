//! Prints the JSON Schema of the wire.
use std::io::Write;

fn main() -> std::io::Result<()> {
    let schema = serde_json::to_string_pretty(&voodoo_proto::schema::wire())?;
    writeln!(std::io::stdout(), "{schema}")
}
