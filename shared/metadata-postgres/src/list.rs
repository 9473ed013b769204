//! Lists of deployments.

use logmill_metadata::{Deployment, Filter, Order, Page};
use sqlx::{PgConnection, QueryBuilder};

use crate::rows;
use crate::table::{DEPLOYMENT, Names};
use crate::text::{name, shown};

/// What the index of applications has of a name.
const INDEXED: usize = 250;

pub(crate) async fn deployments(
    connection: &mut PgConnection,
    names: &Names,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page, sqlx::Error> {
    let mut query = query(names, filter, cursor, limit);
    let rows = query.build().fetch_all(connection).await?;
    let found: Result<Vec<Option<Deployment>>, _> =
        rows.iter().map(rows::read_deployment).collect();
    let mut deployments: Vec<Deployment> = found?.into_iter().flatten().collect();
    let more = deployments.len() > limit;
    deployments.truncate(limit);
    let next = deployments.last().filter(|_| more).map(Deployment::place);
    Ok(Page { deployments, next })
}

fn query(
    names: &Names,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> QueryBuilder<sqlx::Postgres> {
    let columns: Vec<_> = DEPLOYMENT.iter().map(|column| format!("\"{column}\"")).collect();
    let start = format!("SELECT {} FROM {} WHERE true", columns.join(", "), names.deployments);
    let mut query = QueryBuilder::new(start);
    if !filter.status.is_empty() {
        let status: Vec<_> = filter.status.iter().map(|status| status.as_str()).collect();
        query.push(" AND status = ANY(").push_bind(status).push(")");
    }
    if let Some(application) = &filter.application {
        let application = shown(application).into_owned();
        let indexed: String = application.chars().take(INDEXED).collect();
        query.push(format!(" AND left(application_name, {INDEXED}) = ")).push_bind(indexed);
        query.push(" AND application_name = ").push_bind(application);
    }
    // A place is a time and more, so it comes after the bare time.
    if let Some(from) = filter.from {
        query.push(" AND place >= ").push_bind(format!("{from:.3}"));
    }
    if let Some(to) = filter.to {
        query.push(" AND place < ").push_bind(format!("{to:.3}"));
    }
    if let Some(time) = filter.unchanged_since {
        query.push(" AND status_since < ").push_bind(crate::time::Moment(time));
    }
    let (after, order) = match filter.order {
        Order::NewestFirst => (" AND place < ", " ORDER BY place DESC LIMIT "),
        Order::OldestFirst => (" AND place > ", " ORDER BY place LIMIT "),
    };
    if let Some(cursor) = cursor {
        query.push(after).push_bind(name(cursor).into_owned());
    }
    // One more, which says whether there is a next page.
    query.push(order).push_bind(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1));
    query
}
