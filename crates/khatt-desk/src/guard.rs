//! What stands before every page: the host's name, where a form comes from, and what a page may do.
//!
//! A browser is told to run nothing but our own script, to make nodes of text in one place only, and to
//! fetch nothing from elsewhere. A name that is not ours is refused, so that no page of another site
//! can reach the desk under its own name (DNS rebinding).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use crate::server::Desk;

/// What pages may do. Everything that is not named is forbidden.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types desk";

const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // With none at all a browser also hides the origin of our own forms.
    ("referrer-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=(), \
         publickey-credentials-get=(self)",
    ),
];

/// Checks a request before any page sees it, and adds the headers to every answer.
pub(crate) async fn guard(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let mut response = match verdict(&desk.host, request.method(), request.headers()) {
        Verdict::Pass => next.run(request).await,
        Verdict::Canonical => {
            let port = host(request.headers()).and_then(|host| host.rsplit_once(':'));
            let port = port.map(|(_, port)| format!(":{port}")).unwrap_or_default();
            // The way in goes along; nothing else is worth carrying.
            let path = request.uri().path();
            let path = if path.starts_with("/enter/") { path } else { "/" };
            Redirect::to(&format!("http://{}{port}{path}", desk.host)).into_response()
        }
        Verdict::Refuse(status) => status.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Pass,
    /// Under a name of this machine that is not the desk's own: one name, so one cookie.
    Canonical,
    Refuse(StatusCode),
}

fn verdict(own: &str, method: &Method, headers: &HeaderMap) -> Verdict {
    let reading = method == Method::GET || method == Method::HEAD;
    let Some(host) = host(headers) else {
        return Verdict::Refuse(StatusCode::BAD_REQUEST);
    };
    let name =
        host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name);
    if !name.eq_ignore_ascii_case(own) {
        let here = ["localhost", "127.0.0.1", "[::1]"].contains(&name);
        return if here && reading {
            Verdict::Canonical
        } else {
            Verdict::Refuse(StatusCode::MISDIRECTED_REQUEST)
        };
    }
    if !reading && method != Method::POST {
        return Verdict::Refuse(StatusCode::METHOD_NOT_ALLOWED);
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if method == Method::POST && text("sec-fetch-site") != Some("same-origin") {
        return Verdict::Refuse(StatusCode::FORBIDDEN);
    }
    if method == Method::POST
        && text("origin").is_some_and(|origin| origin != format!("http://{host}"))
    {
        return Verdict::Refuse(StatusCode::FORBIDDEN);
    }
    Verdict::Pass
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn host(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::HOST).iter();
    let host = all.next()?.to_str().ok()?;
    if all.next().is_some() { None } else { Some(host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(rows: &[(&'static str, &str)]) -> HeaderMap {
        let row = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        rows.iter().map(row).collect()
    }

    fn of(method: &Method, rows: &[(&'static str, &str)]) -> Verdict {
        verdict("north.desk.localhost", method, &headers(rows))
    }

    #[test]
    fn only_the_desks_own_name_is_answered() {
        let get = |host| of(&Method::GET, &[("host", host)]);
        assert_eq!(get("north.desk.localhost:8443"), Verdict::Pass);
        assert_eq!(get("127.0.0.1:8443"), Verdict::Canonical);
        for other in
            ["south.desk.localhost:8443", "evil.example", "north.desk.localhost.evil.example"]
        {
            assert_eq!(get(other), Verdict::Refuse(StatusCode::MISDIRECTED_REQUEST), "{other}");
        }
        assert_eq!(of(&Method::GET, &[]), Verdict::Refuse(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn form_of_another_site_is_refused() {
        let own = ("host", "north.desk.localhost:1");
        let post = |rows: &[(&'static str, &str)]| of(&Method::POST, rows);
        let refused = Verdict::Refuse(StatusCode::FORBIDDEN);
        assert_eq!(post(&[own]), refused, "a client that does not say where it comes from");
        assert_eq!(post(&[own, ("sec-fetch-site", "cross-site")]), refused);
        assert_eq!(post(&[own, ("sec-fetch-site", "same-site")]), refused);
        let same = ("sec-fetch-site", "same-origin");
        assert_eq!(post(&[own, same, ("origin", "http://south.desk.localhost:1")]), refused);
        assert_eq!(post(&[own, same, ("origin", "http://north.desk.localhost:1")]), Verdict::Pass);
        let put = of(&Method::PUT, &[own, same]);
        assert_eq!(put, Verdict::Refuse(StatusCode::METHOD_NOT_ALLOWED));
        let by_address = post(&[("host", "127.0.0.1:1"), same]);
        assert_eq!(by_address, Verdict::Refuse(StatusCode::MISDIRECTED_REQUEST));
    }
}
