//! A machine set up as oddly as a machine can be paints the same characters.
//!
//! Nothing of a rendering, nor of reading a typed time, may come from the environment: the test
//! runs itself again as a child with another zone, another language, and time-zone data that lie.

use std::fs;
use std::process::Command;

use khatt_forms::{Catalogue, Language, Wordbook, rendering_digest};

use crate::filled;

const CHILD: &str = "KHATT_TEST_PRINT_DIGESTS";

/// A digest a row: every example of every form, read as typed, in each of its languages.
fn digests() -> String {
    let mut rows = String::new();
    for form in Catalogue::builtin().iter() {
        for (index, example) in form.examples().iter().enumerate() {
            let filled = filled(form, index);
            for language in form.languages() {
                let book = Wordbook::builtin();
                let digest = rendering_digest(form, &filled, &[language], book).unwrap();
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                rows.push_str(&format!(
                    "digest {} {} {language} {hex}\n",
                    form.name(),
                    example.name
                ));
            }
        }
    }
    rows
}

/// Time-zone data of one fixed offset, five hours ahead, RFC 9636.
fn lying_zone() -> Vec<u8> {
    let mut block = b"TZif2".to_vec();
    block.extend([0; 15]);
    for count in [0_u32, 0, 0, 0, 1, 4] {
        block.extend(count.to_be_bytes());
    }
    block.extend(18_000_i32.to_be_bytes());
    block.extend([0, 0]);
    block.extend(b"XYZ\0");
    let mut file = block.clone();
    file.extend(block);
    file.extend(b"\nXYZ-5\n");
    file
}

#[test]
fn renderings_do_not_listen_to_the_machine() {
    let own = digests();
    if std::env::var_os(CHILD).is_some() {
        println!("{own}");
        return;
    }
    assert!(own.lines().count() > 7 * 22);
    let zones = std::env::temp_dir().join(format!("khatt-zones-{}", std::process::id()));
    for zone in ["Asia", "America", "Europe"] {
        fs::create_dir_all(zones.join(zone)).unwrap();
    }
    for zone in
        ["Asia/Damascus", "Asia/Tehran", "Asia/Baghdad", "Europe/Zurich", "UTC", "localtime"]
    {
        fs::write(zones.join(zone), lying_zone()).unwrap();
    }
    let languages: Vec<&str> = Language::ALL.into_iter().map(Language::tag).collect();
    for (zone, language) in [
        ("Asia/Damascus", "ar_SA.UTF-8@calendar=islamic-umalqura;numbers=arab"),
        ("Pacific/Kiritimati", "tr_TR.ISO-8859-9"),
        (":/nonexistent", "C"),
        ("XYZ-14:37:41", "th_TH.UTF-8@calendar=buddhist;numbers=thai"),
    ] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "hostile::renderings_do_not_listen_to_the_machine", "--nocapture"])
            .env_clear()
            .env(CHILD, "1")
            .env("TZ", zone)
            .env("TZDIR", &zones)
            .env("LANG", language)
            .env("LC_ALL", language)
            .env("LANGUAGE", languages.join(":"))
            .current_dir(&zones)
            .output()
            .unwrap();
        let said = String::from_utf8(child.stdout).unwrap();
        let shown: String = said
            .lines()
            .filter(|row| row.starts_with("digest "))
            .map(|r| format!("{r}\n"))
            .collect();
        assert!(child.status.success(), "{zone} {language}: {said}");
        assert_eq!(shown, own, "{zone} {language}");
    }
    fs::remove_dir_all(zones).unwrap();
}
