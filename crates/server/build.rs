//! Builds the crate anew when the web client was built anew: its files stand in the program.

fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
}
