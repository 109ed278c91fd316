//! The SQL of the SQLite back end, one statement a file; `sql/postgres/` is to have twins by name.

macro_rules! sql {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) const $name: &str = include_str!(concat!("../sql/sqlite/", $file, ".sql"));)*
    };
}

sql! {
    TABLES = "0001_tables";
    STORE_INSERT = "store_insert";
    STORE_SELECT = "store_select";
    STORE_VERSION_UPDATE = "store_version_update";
    LINE_UPSERT = "line_upsert";
    LINES_SELECT = "lines_select";
    HEAD_UPSERT = "head_upsert";
    HEADS_SELECT = "heads_select";
    ENTRY_INSERT = "entry_insert";
    ENTRY_UPSERT = "entry_upsert";
    ENTRIES_SELECT = "entries_select";
    LEAVES_SELECT = "leaves_select";
    CHECKPOINT_INSERT = "checkpoint_insert";
    CHECKPOINTS_SELECT = "checkpoints_select";
    CHECKPOINT_LOGS_SELECT = "checkpoint_logs_select";
    STATE_LIVE_SELECT = "state_live_select";
    STATE_VALUE_SELECT = "state_value_select";
    STATE_UPSERT = "state_upsert";
    STATE_DELETE = "state_delete";
    STATE_SELECT = "state_select";
    EVIDENCE_INSERT = "evidence_insert";
    EVIDENCE_SELECT = "evidence_select";
    EVIDENCE_NAME_SELECT = "evidence_name_select";
}
