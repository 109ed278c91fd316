use khatt_record::cbor::DecodeError;
use khatt_record::charter::AmendError;
use khatt_record::commit::OpenError;
use khatt_record::file::RecordFileError;
use khatt_record::fork::ForkError;
use khatt_record::verify::{FaultKind, VerifyFault};

use super::*;

const LANGUAGES: [Language; 3] = [Language::En, Language::Ar, Language::Fa];

/// Every code that an outcome can have.
fn codes() -> Vec<&'static str> {
    let decode = DecodeError::PeerTrailing { at: 0 };
    let kinds = [
        FaultKind::Malformed(decode),
        FaultKind::NoSuchPost,
        FaultKind::Opening,
        FaultKind::SeenShrank,
        FaultKind::SeenBeyond,
        FaultKind::ThreadUnknown,
        FaultKind::ReceiptBeyond,
        FaultKind::ReceiptRoot,
        FaultKind::RefusalUnknown,
        FaultKind::CheckpointSignature,
        FaultKind::CheckpointBeyond,
        FaultKind::CheckpointOtherRoot,
        FaultKind::TailUnsigned,
        FaultKind::OpenPart(OpenError::PeerOtherBody),
        FaultKind::OpenMisplaced,
        FaultKind::Officers(khatt_record::auth::AuthError::PeerNotReleased),
        FaultKind::BodyMalformed,
        FaultKind::RenderingDiffers,
        FaultKind::Repeated,
        FaultKind::AmendUnknown,
        FaultKind::AmendRefused(AmendError::PeerOtherKind),
        FaultKind::KeyOrder(khatt_record::key_order::KeyOrderError::PeerUnauthorised),
        FaultKind::KeyOrderFork,
        FaultKind::KeyOrderForkProof(
            khatt_record::key_order::KeyOrderForkError::PeerNoContradiction,
        ),
        FaultKind::CutOff,
        FaultKind::GenerationEnded,
        FaultKind::RefusalLate,
        FaultKind::ReceiptRefused,
        FaultKind::ActForm,
        FaultKind::CheckpointEnded,
        FaultKind::Cosignature(khatt_record::cosign::CosignError::PeerNoKey),
        FaultKind::CosignatureBeyond,
        FaultKind::CharterRefused,
        FaultKind::CharterSuccession(AmendError::PeerOtherKind),
        FaultKind::Forked,
        FaultKind::ForkProof(ForkError::PeerNoSuchPost(khatt_record::PostIndex(0))),
        FaultKind::ForkProofMalformed(decode),
        FaultKind::TooManyLate,
    ];
    let files = [
        RecordFileError::PeerNoRecord,
        RecordFileError::PeerOtherVersion(2),
        RecordFileError::PeerCutShort { at: 0 },
        RecordFileError::PeerRowTooLong { at: 0 },
        RecordFileError::PeerMalformed { at: 0, error: decode },
        RecordFileError::PeerUnknownRow { at: 0, kind: 9 },
        RecordFileError::PeerTrailerDiffers,
        RecordFileError::PeerTrailing,
    ];
    let mut codes: Vec<_> = kinds.iter().map(FaultKind::code).collect();
    codes.extend(files.iter().map(RecordFileError::code));
    codes.extend([VerifyFault::PeerNoCharter.code(), VerifyFault::PeerOtherLine.code()]);
    codes.extend(["verify.charter", Local::File.code(), Local::Charter.code()]);
    let disclosures = [
        "disclosure.too-large",
        "disclosure.malformed",
        "disclosure.extra",
        "disclosure.charter",
        "disclosure.other-line",
        "disclosure.order",
        "disclosure.other-key",
        "disclosure.checkpoint",
        "disclosure.other-log",
        "disclosure.no-message",
        "disclosure.path",
        "disclosure.opened",
        "disclosure.officers",
        "disclosure.body",
        "disclosure.rendering",
        "disclosure.receipt",
    ];
    codes.extend(disclosures);
    codes
}

#[test]
fn every_code_has_words_in_every_language() {
    for code in codes() {
        let row = table::ROWS.iter().find(|row| row.0 == code);
        assert!(row.is_some(), "{code} has no text");
    }
    for row in table::ROWS {
        assert!(row.0.starts_with("answer.") || codes().contains(&row.0), "{} is of no use", row.0);
    }
    for language in LANGUAGES {
        for row in table::ROWS {
            let words = text(row.0);
            let both = [words.message(language), words.advice(language)];
            assert!(both.iter().all(|words| !words.trim().is_empty()), "{} {language:?}", row.0);
            let arabic =
                |text: &str| text.chars().any(|sign| ('\u{600}'..='\u{6ff}').contains(&sign));
            let expected = language != Language::En;
            assert!(both.iter().all(|words| arabic(words) == expected), "{} {language:?}", row.0);
        }
        for which in Phrase::ALL {
            assert!(!phrase(which, language).is_empty(), "{which:?} {language:?}");
        }
        assert!(usage(language).starts_with("khatt-verify FILE"));
    }
}

#[test]
fn no_code_stands_twice() {
    let mut seen = std::collections::BTreeSet::new();
    assert!(table::ROWS.iter().all(|row| seen.insert(row.0)));
}
