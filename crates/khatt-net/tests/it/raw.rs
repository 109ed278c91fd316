//! A QUIC client written apart from the crate, so that it can do what the crate never would.

use std::net::SocketAddr;
use std::sync::Arc;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, ResolvesClientCert};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group, sign};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use crate::post::key;

pub(crate) struct Raw {
    pub(crate) seed: [u8; 32],
    pub(crate) group: &'static dyn SupportedKxGroup,
    pub(crate) certificate: bool,
    pub(crate) protocol: &'static [u8],
}

/// Believes whatever the server shows, and asks for a raw key.
#[derive(Debug)]
struct Credulous;

/// Shows an X.509 certificate.
#[derive(Debug)]
struct Certificate(Arc<CertifiedKey>);

impl Raw {
    /// A client that does everything right.
    pub(crate) fn sound(seed: [u8; 32]) -> Self {
        Self { seed, group: kx_group::X25519MLKEM768, certificate: false, protocol: b"x/1" }
    }

    /// Connects; the endpoint must outlive the connection.
    pub(crate) async fn connect(
        &self,
        address: SocketAddr,
    ) -> (Endpoint, Result<Connection, ConnectionError>) {
        let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        let connecting = endpoint.connect_with(self.config(), address, "x").unwrap();
        let connected = connecting.await;
        (endpoint, connected)
    }

    fn config(&self) -> ClientConfig {
        let provider = CryptoProvider { kx_groups: vec![self.group], ..default_provider() };
        let mut pkcs8 =
            vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        pkcs8.extend(self.seed);
        let signer = sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8)).unwrap();
        let public = key(self.seed);
        let resolver: Arc<dyn ResolvesClientCert> = if self.certificate {
            let der = certificate(public.as_bytes());
            Arc::new(Certificate(Arc::new(CertifiedKey::new(vec![der.into()], signer))))
        } else {
            let spki = CertificateDer::from(spki(public.as_bytes()));
            let own = Arc::new(CertifiedKey::new(vec![spki], signer));
            Arc::new(AlwaysResolvesClientRawPublicKeys::new(own))
        };
        let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Credulous))
            .with_client_cert_resolver(resolver);
        config.alpn_protocols = vec![self.protocol.to_vec()];
        ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).unwrap()))
    }
}

impl ResolvesClientCert for Certificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::HandshakeNotComplete)
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

fn spki(key: &[u8; 32]) -> Vec<u8> {
    let mut der = vec![0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    der.extend(key);
    der
}

/// A certificate around `key`, well formed (RFC 5280 §4.1) though its own signature is empty: a
/// server that took certificates would look at the pinned key only.
fn certificate(key: &[u8; 32]) -> Vec<u8> {
    let ed25519 = [0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
    let name = tlv(0x30, &[]);
    let times = [tlv(0x17, b"260101000000Z"), tlv(0x17, b"360101000000Z")].concat();
    let inner = [
        tlv(0xa0, &[2, 1, 2]),
        tlv(2, &[1]),
        ed25519.to_vec(),
        name.clone(),
        tlv(0x30, &times),
        name,
        spki(key),
    ]
    .concat();
    let signature = tlv(3, &[0; 65]);
    tlv(0x30, &[tlv(0x30, &inner), ed25519.to_vec(), signature].concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u8::try_from(content.len()).unwrap();
    let head = if len < 0x80 { vec![tag, len] } else { vec![tag, 0x81, len] };
    [head, content.to_vec()].concat()
}
