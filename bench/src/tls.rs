//! A certificate for one run, made by the run and believed by its clients alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{CipherSuite, ClientConfig, RootCertStore};

/// The files of a certificate.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    /// The certificate in PEM.
    pub(crate) cert: PathBuf,
    /// Its key in PEM.
    pub(crate) key: PathBuf,
}

/// Makes a certificate for this machine's loopback address.
pub(crate) fn make(folder: &Path) -> Result<Certificate> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let certificate = Certificate { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    fs::write(&certificate.cert, made.cert.pem())?;
    fs::write(&certificate.key, made.signing_key.serialize_pem())?;
    Ok(certificate)
}

/// Clients that believe this certificate.
pub(crate) fn clients(cert: &Path) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(cert).context("the run's certificate")?)?;
    let mut provider = ring::default_provider();
    // Browsers on processors of this kind ask for it first.
    provider
        .cipher_suites
        .sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    let clients = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?;
    Ok(clients.with_root_certificates(roots).with_no_client_auth())
}

/// One of them, who remembers the server for itself alone.
pub(crate) fn one_of(clients: &ClientConfig) -> Arc<ClientConfig> {
    let mut one = clients.clone();
    one.resumption = Resumption::in_memory_sessions(1);
    Arc::new(one)
}
