//! The numbers as Prometheus reads them: its text format, version 0.0.4.

use std::fmt::Write as _;

use crate::health::HealthView;

/// Writes every number that is known. Peers are named by their place in the charter only.
#[must_use]
pub fn text(health: &HealthView) -> String {
    let mut page = Page(String::with_capacity(4096));
    page.one("khatt_up", GAUGE, "Whether the engine answers.", Some(1));
    page.one("khatt_halted", GAUGE, "Whether the post signs nothing more.", flag(health.halted));
    let restored = flag(health.restored);
    page.one(
        "khatt_restored",
        GAUGE,
        "Whether the store comes from a backup and was not compared yet.",
        restored,
    );
    let peer = |each: fn(&crate::health::PeerHealth) -> Option<u64>| {
        let rows = health.peers.iter().filter_map(move |peer| Some((peer.post, each(peer)?)));
        rows.map(|(post, value)| (format!("post=\"{post}\""), value)).collect::<Vec<_>>()
    };
    page.many(
        "khatt_peer_connected",
        GAUGE,
        "Whether a route to the post at this place of the charter is up.",
        &peer(|peer| flag(peer.connected)),
    );
    page.many(
        "khatt_peer_unconfirmed_entries",
        GAUGE,
        "Entries of our log that the post is not known to hold.",
        &peer(|peer| Some(peer.unconfirmed)),
    );
    page.many(
        "khatt_peer_heard_age_seconds",
        GAUGE,
        "Time since something last came from the post.",
        &peer(|peer| peer.heard_ago_s),
    );
    page.many(
        "khatt_peer_messages_without_receipt",
        GAUGE,
        "Messages of ours for which the post gave no receipt.",
        &peer(|peer| Some(peer.without_receipt)),
    );
    page.many(
        "khatt_peer_oldest_without_receipt_age_seconds",
        GAUGE,
        "Age of the oldest message of ours for which the post gave no receipt.",
        &peer(|peer| peer.oldest_without_receipt_s),
    );
    page.many(
        "khatt_peer_line_tests_missed",
        GAUGE,
        "Line tests in a row that the post did not answer, 2 for more.",
        &peer(|peer| peer.tests_missed.map(u64::from)),
    );
    // Every class is told, so that an alarm that rings first is no gap in the graph.
    let alarms = ["Z", "S", "O", "P", "R"].iter().flat_map(|class| {
        let count = health.alarms.get(*class).copied().unwrap_or_default();
        let row = move |seen: &str| format!("class=\"{class}\",seen=\"{seen}\"");
        [(row("no"), count.unseen), (row("yes"), count.seen)]
    });
    let alarms: Vec<_> = alarms.collect();
    page.many("khatt_alarms", GAUGE, "Alarms that stand, by class.", &alarms);
    page.one("khatt_drafts", GAUGE, "Drafts that wait for officers.", Some(health.drafts));
    let open = Some(health.open_messages);
    page.one(
        "khatt_open_messages",
        GAUGE,
        "Messages on which somebody still owes something.",
        open,
    );
    let logs =
        health.log_sizes.iter().enumerate().map(|(post, size)| (format!("post=\"{post}\""), *size));
    let logs: Vec<_> = logs.collect();
    page.many("khatt_log_entries", GAUGE, "Entries of each log that are durable here.", &logs);
    let age = health.epoch_age_s;
    page.one(
        "khatt_epoch_age_seconds",
        GAUGE,
        "Age of the epoch under which frames are sealed.",
        age,
    );
    let disk = health.disk.as_ref();
    let (total, free, ballast) =
        (disk.map(|d| d.total_bytes), disk.map(|d| d.free_bytes), disk.map(|d| d.ballast_bytes));
    page.one("khatt_disk_bytes", GAUGE, "Size of the disk of the folder.", total);
    page.one("khatt_disk_free_bytes", GAUGE, "Bytes free on it.", free);
    page.one("khatt_ballast_bytes", GAUGE, "Bytes held back for receipts.", ballast);
    if let Some(process) = &health.process {
        page.one("khatt_up_seconds", GAUGE, "Time since the start.", Some(process.up_s));
        let syncs = Some(process.syncs);
        page.one(
            "khatt_store_syncs_total",
            COUNTER,
            "Times a file of the store was synced.",
            syncs,
        );
        let (received, sent) = (Some(process.frames_received), Some(process.frames_sent));
        page.one(
            "khatt_frames_received_total",
            COUNTER,
            "Frames taken from the network.",
            received,
        );
        page.one("khatt_frames_sent_total", COUNTER, "Frames given to the network.", sent);
        let age = process.scrubbed_ago_s;
        page.one(
            "khatt_scrub_age_seconds",
            GAUGE,
            "Time since all of the store was last read.",
            age,
        );
        let damage = Some(process.scrub_damage);
        page.one("khatt_scrub_damage_total", COUNTER, "Damaged rows that the scrub met.", damage);
    }
    page.0
}

struct Page(String);

impl Page {
    fn one(&mut self, name: &str, kind: &str, help: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.many(name, kind, help, &[(String::new(), value)]);
        }
    }

    fn many(&mut self, name: &str, kind: &str, help: &str, rows: &[(String, u64)]) {
        if rows.is_empty() {
            return;
        }
        // Writing into a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in rows {
            let _ = match labels.as_str() {
                "" => writeln!(self.0, "{name} {value}"),
                labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
            };
        }
    }
}

fn flag(held: bool) -> Option<u64> {
    Some(u64::from(held))
}

const GAUGE: &str = "gauge";
const COUNTER: &str = "counter";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{AlarmCount, DiskHealth, PeerHealth};

    #[test]
    fn what_is_not_known_is_left_out_and_what_is_told_has_its_type() {
        let mut health = HealthView {
            peers: vec![PeerHealth { post: 1, connected: true, ..PeerHealth::default() }],
            ..HealthView::default()
        };
        health.alarms.insert("Z".to_owned(), AlarmCount { unseen: 2, seen: 1 });
        let page = text(&health);
        assert!(page.contains("khatt_peer_connected{post=\"1\"} 1\n"), "{page}");
        assert!(page.contains("khatt_alarms{class=\"Z\",seen=\"no\"} 2\n"));
        assert!(page.contains("khatt_alarms{class=\"R\",seen=\"yes\"} 0\n"));
        for unknown in ["heard_age", "disk", "epoch_age", "scrub", "oldest"] {
            assert!(!page.contains(unknown), "{unknown} is not known and is told: {page}");
        }
        health.disk = Some(DiskHealth { total_bytes: 10, free_bytes: 5, ballast_bytes: 0 });
        assert!(
            text(&health).contains("# TYPE khatt_disk_free_bytes gauge\nkhatt_disk_free_bytes 5\n")
        );
    }
}
