//! Builds the crate anew when the web client was built anew: its files stand in the program.

fn main() {
    // Cargo tells a build script by what it prints.
    let mut out = std::io::stdout().lock();
    std::io::Write::write_all(&mut out, b"cargo::rerun-if-changed=../../web/dist\n")
        .expect("cargo reads what a build script prints");
}
