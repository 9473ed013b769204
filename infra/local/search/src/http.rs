//! The routes: which request goes where, off the async threads, and how answers look.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Query, Request as HttpRequest, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::LocalSearch;
use crate::bulk::bulk;
use crate::catalog::Catalog;
use crate::error::{ApiError, ApiResult};
use crate::request::{NAMES, Request, keep_alive};
use crate::search::{search, shards};
use crate::select::{count, delete_by_query};

/// The longest body, in bytes, as `http.max_content_length` has it.
const MAX_BODY: usize = 100 << 20;
/// The version whose answers are given.
const VERSION: &str = "3.4.0";

/// An answer: its status and its JSON.
enum Answer {
    Json(u16, Value),
    Text(String),
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        Self::Json(200, value)
    }
}

pub(crate) fn router(search: LocalSearch) -> Router {
    Router::new().fallback(handle).with_state(search)
}

async fn handle(State(search): State<LocalSearch>, request: HttpRequest) -> Response {
    let head = request.method() == Method::HEAD;
    let answer = match take(request).await {
        Ok(request) => {
            let work = tokio::task::spawn_blocking(move || dispatch(&search.catalog, &request));
            work.await.unwrap_or_else(|error| {
                Err(ApiError::new(500, "engine_exception", format!("the request failed: {error}")))
            })
        }
        Err(error) => Err(error),
    };
    let (status, body) = match answer {
        Ok(Answer::Json(status, value)) => (status, value.to_string()),
        Ok(Answer::Text(text)) => (200, text),
        Err(error) => {
            if error.status >= 500 {
                tracing::error!(reason = error.reason, "search: a request failed");
            }
            (error.status, error.body().to_string())
        }
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = if head { Body::empty() } else { Body::from(body) };
    (status, [(header::CONTENT_TYPE, "application/json; charset=UTF-8")], body).into_response()
}

async fn take(request: HttpRequest) -> ApiResult<Request> {
    let (parts, body) = request.into_parts();
    let zipped = match parts.headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None => false,
        Some(b"gzip") => true,
        Some(_) => {
            return Err(ApiError::bad("bodies are taken as they are, or compressed by gzip"));
        }
    };
    let parameters = Query::<BTreeMap<String, String>>::try_from_uri(&parts.uri)
        .map_err(|error| ApiError::bad(format!("the query string is malformed: {error}")))?;
    let path = parts.uri.path().split('/').filter(|part| !part.is_empty()).map(decode).collect();
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| {
        let reason = format!("the body is longer than {MAX_BODY} bytes or was cut off");
        ApiError::new(413, "content_too_long_exception", reason)
    })?;
    let body = if zipped { unzip(&body)? } else { body };
    Ok(Request { method: parts.method, path, parameters: parameters.0, body })
}

/// What a compressed body holds.
fn unzip(body: &[u8]) -> ApiResult<Bytes> {
    use std::io::Read as _;

    let mut plain = Vec::new();
    let decoder = flate2::read::GzDecoder::new(body);
    let read = decoder.take(MAX_BODY as u64 + 1).read_to_end(&mut plain);
    read.map_err(|error| ApiError::bad(format!("the body is no gzip: {error}")))?;
    if plain.len() > MAX_BODY {
        let reason = format!("the body is longer than {MAX_BODY} bytes when it is unpacked");
        return Err(ApiError::new(413, "content_too_long_exception", reason));
    }
    Ok(plain.into())
}

/// Percent-decoding of a part of a path.
fn decode(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) if *byte == b'%' => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            _ => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn dispatch(catalog: &Catalog, request: &Request) -> ApiResult<Answer> {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let get = request.method == Method::GET || request.method == Method::HEAD;
    let post = request.method == Method::POST;
    let put = request.method == Method::PUT;
    let delete = request.method == Method::DELETE;
    let ask = get || post;
    match path.as_slice() {
        [] if get => Ok(root().into()),
        ["_bulk"] if post || put => bulk(catalog, request, None).map(Answer::from),
        [index, "_bulk"] if post || put => bulk(catalog, request, Some(index)).map(Answer::from),
        ["_search"] if ask => search(catalog, request, None).map(Answer::Text),
        [names, "_search"] if ask => search(catalog, request, Some(names)).map(Answer::Text),
        ["_count"] if ask => count(catalog, request, "_all").map(Answer::from),
        [names, "_count"] if ask => count(catalog, request, names).map(Answer::from),
        [names, "_delete_by_query"] if post => delete_by_query(catalog, request, names)
            .map(|(status, answer)| Answer::Json(status, answer)),
        ["_refresh"] if ask => refresh(catalog, request, "_all"),
        [names, "_refresh"] if ask => refresh(catalog, request, names),
        [index, "_doc", id] if get => get_document(catalog, request, index, id),
        ["_analyze"] | [_, "_analyze"] if ask => analyze(request),
        ["_cluster", "health"] if get => health(catalog, request),
        ["_cat", "indices"] if get => cat_indices(catalog, request, "_all"),
        ["_cat", "indices", names] if get => cat_indices(catalog, request, names),
        ["_index_template"] if get => get_templates(catalog, request, "*"),
        ["_index_template", name] if get => get_templates(catalog, request, name),
        ["_index_template", name] if put || post => {
            request.allow(&[&["create", "cause", "cluster_manager_timeout", "master_timeout"]])?;
            catalog.put_template(name, request.json()?)?;
            Ok(acknowledged())
        }
        ["_index_template", name] if delete => {
            request.allow(&[&["cluster_manager_timeout", "master_timeout", "timeout"]])?;
            if catalog.delete_template(name)? {
                return Ok(acknowledged());
            }
            Err(no_template(name))
        }
        ["_search", "point_in_time"] | ["_search", "point_in_time", "_all"] if delete => {
            close_points(catalog, request)
        }
        [names, "_search", "point_in_time"] if post => open_point(catalog, request, names),
        [index] if put && !index.starts_with('_') => {
            request.allow(&[&[
                "timeout",
                "wait_for_active_shards",
                "cluster_manager_timeout",
                "master_timeout",
            ]])?;
            catalog.create(index, &request.json()?)?;
            Ok(json!({ "acknowledged": true, "shards_acknowledged": true, "index": index }).into())
        }
        [names] if delete && !names.starts_with('_') => {
            request.allow(&[&NAMES, &["timeout", "cluster_manager_timeout", "master_timeout"]])?;
            catalog.delete(names, request.lenience()?)?;
            Ok(acknowledged())
        }
        [names] if get && !names.starts_with('_') => {
            describe(catalog, request, names, &["aliases", "mappings", "settings"])
        }
        [names, "_mapping"] if get => describe(catalog, request, names, &["mappings"]),
        [names, "_alias"] if get => describe(catalog, request, names, &["aliases"]),
        [names, "_settings"] if get => describe(catalog, request, names, &["settings"]),
        _ => Err(ApiError::bad(format!(
            "no handler found for uri [/{}] and method [{}]; the local search serves only what Logmill uses",
            path.join("/"),
            request.method
        ))),
    }
}

fn acknowledged() -> Answer {
    json!({ "acknowledged": true }).into()
}

fn root() -> Value {
    json!({
        "name": "logmill", "cluster_name": "logmill-local", "cluster_uuid": "local",
        "version": { "distribution": "opensearch", "number": VERSION, "build_type": "logmill", "lucene_version": "none" },
        "tagline": "The OpenSearch Project: https://opensearch.org/",
    })
}

fn refresh(catalog: &Catalog, request: &Request, names: &str) -> ApiResult<Answer> {
    request.allow(&[&NAMES])?;
    let indices = catalog.shards(names, request.lenience()?)?;
    indices.iter().try_for_each(|shard| shard.refresh())?;
    Ok(json!({ "_shards": shards(indices.len()) }).into())
}

fn get_document(catalog: &Catalog, request: &Request, index: &str, id: &str) -> ApiResult<Answer> {
    request.allow(&[&["realtime", "refresh", "preference"]])?;
    let indices = catalog.shards(index, crate::catalog::Lenience::default())?;
    let [shard] = indices.as_slice() else {
        return Err(ApiError::bad(format!(
            "[{index}] means {} indices; a document is got from one",
            indices.len()
        )));
    };
    let mut answer = json!({ "_index": shard.name, "_id": id, "found": false });
    let Some(source) = shard.get(id)? else { return Ok(Answer::Json(404, answer)) };
    answer["found"] = json!(true);
    answer["_source"] = serde_json::from_slice(&source)
        .map_err(|error| ApiError::new(500, "engine_exception", error.to_string()))?;
    Ok(answer.into())
}

fn analyze(request: &Request) -> ApiResult<Answer> {
    request.allow(&[])?;
    let body = request.json()?;
    crate::query::known("analyze", &body, &["analyzer", "text", "field"])?;
    match body.get("analyzer").and_then(Value::as_str) {
        None | Some(logmill_query::analyzer::NAME) => {}
        Some(other) => {
            return Err(ApiError::bad(format!(
                "failed to find analyzer [{other}]: the local search has [{}] only",
                logmill_query::analyzer::NAME
            )));
        }
    }
    let Some(text) = body.get("text").and_then(Value::as_str) else {
        return Err(ApiError::bad("[_analyze] wants one [text]"));
    };
    // OpenSearch counts offsets in UTF-16 units.
    let units = |end: usize| text.get(..end).map_or(0, |text| text.encode_utf16().count());
    let tokens = logmill_query::analyzer::tokens(text).map(|token| {
        json!({
            "token": token.text, "start_offset": units(token.start), "end_offset": units(token.end),
            "type": "word", "position": token.position,
        })
    });
    Ok(json!({ "tokens": tokens.collect::<Vec<_>>() }).into())
}

fn health(catalog: &Catalog, request: &Request) -> ApiResult<Answer> {
    request.allow(&[&[
        "wait_for_status",
        "timeout",
        "cluster_manager_timeout",
        "master_timeout",
        "local",
        "level",
    ]])?;
    let count = catalog.names("_all", crate::catalog::Lenience::default())?.len();
    Ok(json!({
        "cluster_name": "logmill-local", "status": "green", "timed_out": false, "number_of_nodes": 1,
        "number_of_data_nodes": 1, "active_primary_shards": count, "active_shards": count,
        "relocating_shards": 0, "initializing_shards": 0, "unassigned_shards": 0,
    })
    .into())
}

fn cat_indices(catalog: &Catalog, request: &Request, names: &str) -> ApiResult<Answer> {
    request.allow(&[&NAMES, &["format", "bytes", "h", "s", "v"]])?;
    if request.parameters.get("format").is_none_or(|format| format != "json") {
        return Err(ApiError::bad("[_cat/indices] is served with format=json only"));
    }
    let rows = catalog.views(names, request.lenience()?)?.into_iter().map(|view| {
        json!({
            "health": "green", "status": "open", "index": view.shard.name, "pri": "1", "rep": "0",
            "docs.count": view.searcher.num_docs().to_string(),
        })
    });
    Ok(Value::Array(rows.collect()).into())
}

fn get_templates(catalog: &Catalog, request: &Request, pattern: &str) -> ApiResult<Answer> {
    request.allow(&[&["flat_settings", "local", "cluster_manager_timeout", "master_timeout"]])?;
    let found = catalog.templates(pattern);
    if found.is_empty() && !pattern.contains('*') {
        return Err(no_template(pattern));
    }
    let list =
        found.into_iter().map(|(name, body)| json!({ "name": name, "index_template": body }));
    Ok(json!({ "index_templates": list.collect::<Vec<_>>() }).into())
}

fn no_template(name: &str) -> ApiError {
    let reason = format!("index template matching [{name}] not found");
    ApiError::new(404, "resource_not_found_exception", reason)
}

fn open_point(catalog: &Catalog, request: &Request, names: &str) -> ApiResult<Answer> {
    request
        .allow(&[&NAMES, &["keep_alive", "preference", "routing", "allow_partial_pit_creation"]])?;
    let keep = request.parameters.get("keep_alive").ok_or_else(|| {
        ApiError::new(
            400,
            "action_request_validation_exception",
            "Validation Failed: 1: keep alive not specified;",
        )
    })?;
    let views = catalog.views(names, request.lenience()?)?;
    let count = views.len();
    let id = catalog.open_point(views, keep_alive(keep)?)?;
    let now = jiff::Timestamp::now().as_millisecond();
    Ok(json!({ "pit_id": id, "_shards": shards(count), "creation_time": now }).into())
}

fn close_points(catalog: &Catalog, request: &Request) -> ApiResult<Answer> {
    request.allow(&[])?;
    let all = request.path.len() == 3;
    let body = request.json()?;
    let ids: Option<Vec<String>> = match body.get("pit_id") {
        _ if all => None,
        Some(Value::String(one)) => Some(vec![one.clone()]),
        Some(Value::Array(list)) => {
            Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => return Err(ApiError::bad("[pit_id] is missing")),
    };
    let closed = catalog.close_points(ids.as_deref());
    let asked = ids.unwrap_or_else(|| closed.clone());
    let pits = asked.iter().map(|id| json!({ "pit_id": id, "successful": closed.contains(id) }));
    Ok(json!({ "pits": pits.collect::<Vec<_>>() }).into())
}

fn describe(
    catalog: &Catalog,
    request: &Request,
    names: &str,
    sections: &[&str],
) -> ApiResult<Answer> {
    request.allow(&[
        &NAMES,
        &[
            "flat_settings",
            "include_defaults",
            "local",
            "cluster_manager_timeout",
            "master_timeout",
        ],
    ])?;
    let mut answer = json!({});
    for shard in catalog.shards(names, request.lenience()?)? {
        let meta = shard.meta();
        let aliases = meta.aliases.iter().map(|alias| (alias.clone(), json!({})));
        let mut shown = json!({});
        for section in sections {
            shown[*section] = match *section {
                "aliases" => Value::Object(aliases.clone().collect()),
                "mappings" => meta.mappings.clone(),
                _ => meta.settings.clone(),
            };
        }
        answer[shard.name.as_str()] = shown;
    }
    Ok(answer.into())
}
