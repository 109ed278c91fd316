//! QUIC's own settings: windows, timers, and what an observer could link (`spec/quic.md` §3).

use std::sync::Arc;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use quinn::{
    AckFrequencyConfig, ClientConfig, ConnectionId, ConnectionIdGenerator, EndpointConfig,
    IdleTimeout, ServerConfig, TransportConfig, ValidationTokenConfig, VarInt,
};

use crate::error::StartError;
use crate::settings::{PeerKey, Timings, TlsSecret};
use crate::tls::Identity;

/// Draws connection ids that say nothing, not even whether they are ours.
///
/// So a packet to an id that we do not know is answered by a stateless reset, and a peer notices
/// our restart at its next sign of life. Only listed addresses get that far (see `gate`).
#[derive(Debug)]
struct RandomIds;

impl ConnectionIdGenerator for RandomIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut bytes = [0; ID_BYTES];
        // Without randomness the id is all zero and collides: the endpoint then draws again, and
        // no handshake gets this far, since it needs randomness itself.
        let _ = SystemRandom::new().fill(&mut bytes);
        ConnectionId::new(&bytes)
    }

    fn cid_len(&self) -> usize {
        ID_BYTES
    }

    fn cid_lifetime(&self) -> Option<std::time::Duration> {
        None
    }
}

/// Returns the endpoint's settings; the key of stateless resets comes from our secret, so that it
/// outlives the process.
pub(crate) fn endpoint(secret: &TlsSecret) -> Result<EndpointConfig, StartError> {
    let mut key = zeroize::Zeroizing::new([0; 32]);
    Salt::new(HKDF_SHA256, &[])
        .extract(secret.seed())
        .expand(&[b"x/1 reset"], hmac::HMAC_SHA256)
        .and_then(|okm| okm.fill(&mut *key))
        .map_err(|_| StartError::LocalCrypto)?;
    let mut config = EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &*key)));
    config.cid_generator(|| Box::new(RandomIds));
    config.supported_versions(vec![QUIC_V1]);
    Ok(config)
}

pub(crate) fn answerer(
    identity: &Identity,
    peers: impl IntoIterator<Item = PeerKey>,
    timings: &Timings,
) -> Result<ServerConfig, StartError> {
    let mut config = ServerConfig::with_crypto(Arc::new(identity.answerer(peers)?));
    config.transport_config(Arc::new(transport(timings)?));
    config.migration(false);
    config.max_incoming(MAX_WAITING);
    config.incoming_buffer_size(64 << 10);
    config.incoming_buffer_size_total(1 << 20);
    // A token for later visits would link two connections, and pass for a resumption.
    let mut tokens = ValidationTokenConfig::default();
    tokens.sent(0);
    config.validation_token_config(tokens);
    Ok(config)
}

pub(crate) fn dialler(
    identity: &Identity,
    peer: PeerKey,
    timings: &Timings,
) -> Result<ClientConfig, StartError> {
    let mut config = ClientConfig::new(Arc::new(identity.dialler(peer)?));
    config.version(QUIC_V1);
    config.transport_config(Arc::new(transport(timings)?));
    config.token_store(Arc::new(quinn::NoneTokenStore));
    Ok(config)
}

fn transport(timings: &Timings) -> Result<TransportConfig, StartError> {
    let idle = IdleTimeout::try_from(timings.idle).map_err(|_| StartError::LocalTimings)?;
    let sound = !timings.initial_round_trip.is_zero()
        && !timings.dial_timeout.is_zero()
        && !timings.keep_alive.is_zero()
        && timings.keep_alive < timings.idle;
    if !sound {
        return Err(StartError::LocalTimings);
    }
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(1))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from_u32(WINDOW_BYTES))
        .receive_window(VarInt::from_u32(WINDOW_BYTES))
        .send_window(u64::from(WINDOW_BYTES))
        .max_idle_timeout(Some(idle))
        .keep_alive_interval(Some(timings.keep_alive))
        .initial_rtt(timings.initial_round_trip)
        .mtu_discovery_config(None)
        .allow_spin(false)
        .crypto_buffer_size(16 << 10)
        .enable_segmentation_offload(timings.segmentation_offload);
    if timings.packet_ack_delay.is_some() {
        let mut acks = AckFrequencyConfig::default();
        acks.max_ack_delay(timings.packet_ack_delay);
        config.ack_frequency_config(Some(acks));
    }
    Ok(config)
}

const QUIC_V1: u32 = 1;
const ID_BYTES: usize = 8;
/// First packets waiting for the door to look at them.
const MAX_WAITING: usize = 64;
/// Bytes under way in one direction of one connection: two of the longest frames.
const WINDOW_BYTES: u32 = 2 << 20;
