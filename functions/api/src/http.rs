//! Addresses and their parameters: what a request asks for, and which page or JSON answers.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query as Parameters, Request, State};
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use logmill_documents::Documents;
use logmill_metadata::{Filter, Metadata, Status};
use logmill_query::Query;
use maud::Markup;
use serde::Deserialize;

use crate::document::BuildDocument;
use crate::fault::Fault;
use crate::view::{Detail, Found, List};
use crate::{link, page, read};

/// Builds on one page of the list.
const LIST_SIZE: usize = 30;
/// The most builds of one answer.
const LIST_MOST: usize = 200;
/// Hits on one page of a search.
const SEARCH_SIZE: usize = 50;
/// The most hits of one answer.
const SEARCH_MOST: usize = 500;

const STYLE: &str = include_str!("style.css");
const ICON: &str = include_str!("icon.svg");
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// The stores that pages are made from.
#[derive(Clone, Debug)]
pub struct Ports<M> {
    /// Deployments and their objects.
    pub metadata: M,
    /// Build documents and records.
    pub documents: Documents,
}

/// All pages and JSON answers.
pub fn router<M: Metadata + Clone>(ports: Ports<M>) -> Router {
    Router::new()
        .route("/", get(list_page::<M>))
        .route("/builds/{key}", get(build_page::<M>))
        .route("/builds/{key}/log", get(log_page::<M>))
        .route("/search", get(search_page::<M>))
        .route("/api/builds", get(list_json::<M>))
        .route("/api/builds/{key}", get(build_json::<M>))
        .route("/api/search", get(search_json::<M>))
        .with_state(ports)
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/style.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route("/icon.svg", get(|| async { asset("image/svg+xml", ICON) }))
        .fallback(missing)
        .layer(axum::middleware::from_fn(guard))
}

/// Sets the headers that keep a browser from doing what a page does not ask for.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=300")], text).into_response()
}

async fn missing(uri: Uri) -> Response {
    let fault = Fault::not_found(format!("There is no page {}.", uri.path()));
    if uri.path().starts_with("/api/") { fault.json() } else { fault.page() }
}

fn as_page(answer: Result<Markup, Fault>) -> Response {
    match answer {
        Ok(markup) => Html(markup.into_string()).into_response(),
        Err(fault) => fault.page(),
    }
}

fn as_json<T: serde::Serialize>(answer: Result<T, Fault>) -> Response {
    match answer {
        Ok(value) => Json(value).into_response(),
        Err(fault) => fault.json(),
    }
}

/// Every parameter that an address may have; each page takes its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    status: String,
    application: String,
    after: String,
    size: String,
    part: Option<String>,
    q: String,
    from: String,
    to: String,
    line: String,
}

type Given = Result<Parameters<Asked>, QueryRejection>;
type Key = Result<Path<String>, PathRejection>;

fn given(given: Given) -> Result<Asked, Fault> {
    given.map(|Parameters(asked)| asked).map_err(|error| Fault::request(error.body_text()))
}

fn key(key: Key) -> Result<String, Fault> {
    key.map(|Path(segment)| link::key(segment)).map_err(|error| Fault::request(error.body_text()))
}

/// A number of the address; `otherwise` where there is none.
fn number(name: &str, text: &str, otherwise: u64) -> Result<u64, Fault> {
    if text.trim().is_empty() {
        return Ok(otherwise);
    }
    let wrong = || Fault::request(format!("{name} is {text:?}, which is no number from 1 on."));
    text.trim().parse().ok().filter(|number| *number > 0).ok_or_else(wrong)
}

fn size(text: &str, otherwise: usize, most: usize) -> Result<usize, Fault> {
    let size = number("size", text, otherwise as u64)?;
    Ok(usize::try_from(size).unwrap_or(most).min(most))
}

/// A time of the address: RFC 3339, or a date, which begins at midnight UTC.
fn time(name: &str, text: &str) -> Result<Option<Timestamp>, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let date = format!("{text}T00:00:00Z");
    text.parse().or_else(|_| date.parse()).map(Some).map_err(|_| {
        Fault::request(format!("{name} is {text:?}, which is no time."))
            .advice("Write a date, 2026-11-21, or a time with its zone, 2026-11-21T14:03:07Z.")
    })
}

async fn list<M: Metadata + Clone>(ports: &Ports<M>, asked: &Asked) -> Result<List, Fault> {
    let status = match asked.status.trim() {
        "" => Vec::new(),
        name => {
            let known =
                Status::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(name));
            let wrong = || {
                Fault::request(format!("There is no status {name:?}."))
                    .advice("It is PENDING, PROCESSING, COMPLETED or FAILED.")
            };
            vec![known.ok_or_else(wrong)?]
        }
    };
    let application = Some(asked.application.trim().to_owned()).filter(|name| !name.is_empty());
    let filter = Filter { status, application, ..Filter::default() };
    let after = Some(asked.after.as_str()).filter(|after| !after.is_empty());
    read::list(&ports.metadata, &filter, after, size(&asked.size, LIST_SIZE, LIST_MOST)?).await
}

async fn list_page<M: Metadata + Clone>(State(ports): State<Ports<M>>, query: Given) -> Response {
    let answer = async {
        let asked = given(query)?;
        let list = list(&ports, &asked).await?;
        let filter = page::ListFilter {
            status: asked.status.trim().to_ascii_uppercase(),
            application: asked.application.trim().to_owned(),
            is_first: asked.after.is_empty(),
        };
        Ok(page::list(&list, &filter, Timestamp::now()))
    };
    as_page(answer.await)
}

async fn list_json<M: Metadata + Clone>(State(ports): State<Ports<M>>, query: Given) -> Response {
    as_json(async { list(&ports, &given(query)?).await }.await)
}

async fn build<M: Metadata + Clone>(
    ports: &Ports<M>,
    path: Key,
    query: Given,
) -> Result<Detail, Fault> {
    let (key, asked) = (key(path)?, given(query)?);
    read::build(&ports.metadata, &ports.documents, &key, asked.part.as_deref()).await
}

async fn build_page<M: Metadata + Clone>(
    State(ports): State<Ports<M>>,
    path: Key,
    query: Given,
) -> Response {
    let answer = async {
        let detail = build(&ports, path, query).await?;
        let now = Timestamp::now();
        let Some(source) = &detail.document else {
            return Ok(page::deployment(&detail.build, detail.part.as_deref(), now));
        };
        let document = BuildDocument::deserialize(source)
            .map_err(|error| Fault::document(&detail.build.deployment_key, &error))?;
        Ok(page::build(&detail, &document, now))
    };
    as_page(answer.await)
}

async fn build_json<M: Metadata + Clone>(
    State(ports): State<Ports<M>>,
    path: Key,
    query: Given,
) -> Response {
    as_json(build(&ports, path, query).await)
}

async fn log_page<M: Metadata + Clone>(
    State(ports): State<Ports<M>>,
    path: Key,
    query: Given,
) -> Response {
    let answer = async {
        let (key, asked) = (key(path)?, given(query)?);
        let part = asked.part.as_deref().unwrap_or_default();
        if !asked.line.trim().is_empty() {
            let line = number("line", &asked.line, 1)?;
            return Ok(Redirect::to(&link::line(&key, part, line)).into_response());
        }
        let from = number("from", &asked.from, 1)?;
        let log = read::log(&ports.metadata, &ports.documents, &key, part, from).await?;
        Ok(Html(page::log(&log).into_string()).into_response())
    };
    answer.await.unwrap_or_else(|fault: Fault| fault.page())
}

async fn search<M>(ports: &Ports<M>, asked: &Asked) -> Result<Found, Fault> {
    let words = logmill_query::parse(&asked.q)?;
    let times = Query::between("@timestamp", time("from", &asked.from)?, time("to", &asked.to)?);
    let after = match asked.after.as_str() {
        "" => None,
        place => Some(serde_json::from_str(place).map_err(|_| {
            Fault::request("The place of this page is none.")
                .advice("Search again from the first page.")
        })?),
    };
    let size = size(&asked.size, SEARCH_SIZE, SEARCH_MOST)?;
    let query = Query::all_of([words, times]);
    read::search(&ports.documents, read::Wanted { query, size, after }).await
}

async fn search_page<M: Metadata + Clone>(State(ports): State<Ports<M>>, query: Given) -> Response {
    let answer = async {
        let asked = given(query)?;
        let form = page::SearchForm {
            q: asked.q.clone(),
            from: asked.from.clone(),
            to: asked.to.clone(),
            size: asked.size.clone(),
        };
        if asked.q.trim().is_empty() && asked.from.is_empty() && asked.to.is_empty() {
            return Ok(Html(page::search_help(&form).into_string()).into_response());
        }
        match search(&ports, &asked).await {
            Ok(found) => Ok(Html(page::found(&form, &found).into_string()).into_response()),
            Err(fault) if fault.text.column.is_some() => {
                let body = Html(page::misread(&form, &fault).into_string());
                Ok((fault.status, body).into_response())
            }
            Err(fault) => Err(fault),
        }
    };
    answer.await.unwrap_or_else(|fault: Fault| fault.page())
}

async fn search_json<M: Metadata + Clone>(State(ports): State<Ports<M>>, query: Given) -> Response {
    as_json(async { search(&ports, &given(query)?).await }.await)
}
