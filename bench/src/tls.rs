//! A certificate for one run, made by the run and believed by its clients alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

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

/// A client that believes this certificate.
pub(crate) fn client(cert: &Path) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(cert).context("the run's certificate")?)?;
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}
