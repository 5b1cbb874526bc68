//! The binary by TLS: what it says at the start, at a hang-up, and of its health.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::cli::{run, until};
use crate::server::{Server, data_of};

fn folder(name: &str) -> PathBuf {
    let folder = data_of(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes a fresh certificate and its key; returns where they stand.
fn renew(folder: &std::path::Path) -> [&'static str; 2] {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let texts = [("cert.pem", cert.pem()), ("key.pem", signing_key.serialize_pem())];
    texts.map(|(name, text)| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        &*path.to_str().unwrap().to_owned().leak()
    })
}

#[test]
fn a_certificate_is_served_and_read_anew_at_a_hang_up() {
    let folder = folder("tls-files");
    let [cert, key] = renew(&folder);
    let settings = [("VOODOO_HTTP__TLS_CERT", cert), ("VOODOO_HTTP__TLS_KEY", key)];
    let server = Server::start("tls", &settings);
    let address = server.url.strip_prefix("https://").expect("it speaks TLS");
    let address = address.replace("localhost", "127.0.0.1");
    let is_ready = || run(&["--listen", &address, "healthcheck"], &settings).well();
    assert_eq!(is_ready(), "ready\n");
    let hang_up = || {
        let killed = Command::new("kill").args(["-HUP", &server.pid().to_string()]).status();
        assert!(killed.unwrap().success());
    };
    renew(&folder);
    hang_up();
    until("the certificate is read anew", || server.log().contains("was read anew"));
    fs::write(cert, "no certificate").unwrap();
    hang_up();
    until("the old one is kept", || server.log().contains("cert.pem: there is no certificate"));
    assert_eq!(is_ready(), "ready\n");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn files_that_are_of_no_use_end_the_start_with_78() {
    let folder = folder("tls-bad-files");
    let [cert, key] = renew(&folder);
    let data = data_of("tls-bad");
    let data = data.to_str().unwrap();
    let serve = |more: &[&str]| {
        let arguments = [&["--data", data, "--listen", "127.0.0.1:0"], more].concat();
        run(&arguments, &[])
    };
    serve(&["--tls-cert", cert]).failed(78, "http.tls_cert is set and http.tls_key is not");
    serve(&["--tls-key", key]).failed(78, "http.tls_key is set and http.tls_cert is not");
    serve(&["--tls-cert", cert, "--tls-key", "absent.pem"]).failed(78, "absent.pem");
    serve(&["--tls-cert", cert, "--tls-key", cert]).failed(78, "cert.pem");
    let redirect = [("VOODOO_HTTP__REDIRECT_LISTEN", "127.0.0.1:0")];
    run(&["config", "check"], &redirect).failed(78, "http.redirect_listen needs http.tls_cert");
    assert!(!data_of("tls-bad").exists(), "nothing was made");
    fs::remove_dir_all(folder).unwrap();
}
