//! What every page loads: one style sheet, one script, three typefaces, all held in the binary.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// One file that pages load.
struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ASSETS: &[Asset] = &[
    Asset {
        name: "desk.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/desk.css"),
    },
    Asset {
        name: "desk.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/desk.js"),
    },
    Asset { name: "desk.svg", kind: "image/svg+xml", bytes: include_bytes!("../assets/desk.svg") },
    Asset {
        name: "noto-sans.woff2",
        kind: "font/woff2",
        bytes: include_bytes!("../assets/fonts/noto-sans-latin-wght-normal.woff2"),
    },
    Asset {
        name: "vazirmatn.woff2",
        kind: "font/woff2",
        bytes: include_bytes!("../assets/fonts/vazirmatn-arabic-wght-normal.woff2"),
    },
    Asset {
        name: "plex-mono.woff2",
        kind: "font/woff2",
        bytes: include_bytes!("../assets/fonts/ibm-plex-mono-latin-500-normal.woff2"),
    },
];

/// Gives out one file. Asked for again at each start of a desk, it is always this version's.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // While the desk is worked on its files are read anew; no built version does so.
    #[cfg(debug_assertions)]
    if let Some(dir) = std::env::var_os("KHATT_DESK_ASSETS")
        && let Ok(bytes) = std::fs::read(std::path::Path::new(&dir).join(asset.name))
    {
        return ([(header::CONTENT_TYPE, asset.kind)], bytes).into_response();
    }
    let kept = if asset.kind == "font/woff2" { "private, max-age=31536000" } else { "no-cache" };
    ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, kept)], asset.bytes)
        .into_response()
}
