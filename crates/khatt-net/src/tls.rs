//! TLS 1.3 between two pinned raw keys (RFC 7250, `spec/quic.md` §2).
//!
//! Everything negotiable is fixed: one key exchange, one cipher suite, one signature scheme, one
//! key type, no session resumption. The verifiers here compare a key with the pinned one and hand
//! the signature to the cryptographic library; no name, date or authority is looked at.

use std::collections::BTreeSet;
use std::sync::Arc;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group, sign};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{
    CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible,
    SignatureScheme,
};
use zeroize::Zeroizing;

use crate::error::StartError;
use crate::settings::{PeerKey, TlsSecret};

/// Our own key and the fixed algorithms, ready to make the two sides of a handshake.
pub(crate) struct Identity {
    provider: Arc<CryptoProvider>,
    own: Arc<CertifiedKey>,
    initial: rustls::quic::Suite,
}

/// Accepts one of a set of pinned keys, from either side of a handshake.
#[derive(Debug)]
struct Pinned {
    keys: BTreeSet<PeerKey>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Identity {
    pub(crate) fn new(secret: &TlsSecret) -> Result<Self, StartError> {
        let provider = CryptoProvider {
            cipher_suites: vec![cipher_suite::TLS13_AES_256_GCM_SHA384],
            kx_groups: vec![kx_group::X25519MLKEM768],
            ..default_provider()
        };
        // RFC 9001 §5.2 fixes this suite for the first packets, whose keys are public anyway.
        let initial = cipher_suite::TLS13_AES_128_GCM_SHA256
            .tls13()
            .and_then(|suite| suite.quic_suite())
            .ok_or(StartError::LocalCrypto)?;

        let mut pkcs8 = Zeroizing::new(Vec::with_capacity(PKCS8_PREFIX.len() + 32));
        pkcs8.extend_from_slice(&PKCS8_PREFIX);
        pkcs8.extend_from_slice(secret.seed());
        let signer = sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_slice()))
            .map_err(|_| StartError::LocalKey)?;
        let spki = CertificateDer::from(spki_of(&secret.public_key()?));
        let own = Arc::new(CertifiedKey::new(vec![spki], signer));
        Ok(Self { provider: Arc::new(provider), own, initial })
    }

    /// Returns the dialling side, which talks to the holder of `peer` and nobody else.
    pub(crate) fn dialler(&self, peer: PeerKey) -> Result<QuicClientConfig, StartError> {
        let verifier = Pinned::new([peer], &self.provider);
        let mut config = rustls::ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])
            .map_err(|_| StartError::LocalCrypto)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(
                self.own.clone(),
            )));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.enable_sni = false;
        config.enable_early_data = false;
        config.resumption = Resumption::disabled();
        QuicClientConfig::with_initial(Arc::new(config), self.initial)
            .map_err(|_| StartError::LocalCrypto)
    }

    /// Returns the answering side, which talks to the holders of `peers` and nobody else.
    pub(crate) fn answerer(
        &self,
        peers: impl IntoIterator<Item = PeerKey>,
    ) -> Result<QuicServerConfig, StartError> {
        let verifier = Pinned::new(peers, &self.provider);
        let mut config = rustls::ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])
            .map_err(|_| StartError::LocalCrypto)?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(self.own.clone())));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        QuicServerConfig::with_initial(Arc::new(config), self.initial)
            .map_err(|_| StartError::LocalCrypto)
    }
}

impl Pinned {
    fn new(keys: impl IntoIterator<Item = PeerKey>, provider: &CryptoProvider) -> Self {
        Self {
            keys: keys.into_iter().collect(),
            algorithms: provider.signature_verification_algorithms,
        }
    }

    fn check_key(
        &self,
        spki: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
    ) -> Result<(), Error> {
        let pinned = key_of(spki).is_some_and(|key| self.keys.contains(&key));
        if pinned && more.is_empty() {
            return Ok(());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn check_signature(
        &self,
        message: &[u8],
        spki: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signed.scheme != SignatureScheme::ED25519 {
            return Err(PeerIncompatible::NoSignatureSchemesInCommon.into());
        }
        let spki = SubjectPublicKeyInfoDer::from(spki.as_ref());
        verify_tls13_signature_with_raw_key(message, &spki, signed, &self.algorithms)
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check_key(end_entity, intermediates)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::ServerDoesNotSupportTls12Or13.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check_key(end_entity, intermediates)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::ServerDoesNotSupportTls12Or13.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// Returns the key that the other end of a finished handshake proved to hold.
pub(crate) fn proven_key(connection: &quinn::Connection) -> Option<PeerKey> {
    let chain = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    key_of(chain.first()?)
}

fn spki_of(key: &PeerKey) -> Vec<u8> {
    let mut der = SPKI_PREFIX.to_vec();
    der.extend_from_slice(key.as_bytes());
    der
}

fn key_of(spki: &[u8]) -> Option<PeerKey> {
    let key: [u8; 32] = spki.strip_prefix(&SPKI_PREFIX)?.try_into().ok()?;
    Some(PeerKey::new(key))
}

/// The protocol name on the wire; it says nothing on purpose.
const ALPN: &[u8] = b"x/1";

/// The DER of an Ed25519 public key before its 32 bytes (RFC 8410 §4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0];

/// The DER of an Ed25519 private key before its 32-byte seed (RFC 8410 §7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_pinned_key_passes() {
        let pinned = PeerKey::new([9; 32]);
        let verifier = Pinned::new([pinned], &default_provider());
        let right = CertificateDer::from(spki_of(&pinned));
        assert!(verifier.check_key(&right, &[]).is_ok());
        assert!(verifier.check_key(&right, std::slice::from_ref(&right)).is_err());
        let other = CertificateDer::from(spki_of(&PeerKey::new([8; 32])));
        assert!(verifier.check_key(&other, &[]).is_err());
        let mut longer = spki_of(&pinned);
        longer.push(0);
        assert!(verifier.check_key(&CertificateDer::from(longer), &[]).is_err());
        assert!(verifier.check_key(&CertificateDer::from(vec![]), &[]).is_err());
    }
}
