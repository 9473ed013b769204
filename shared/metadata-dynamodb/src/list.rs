//! Lists of deployments, from the indexes.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use logmill_metadata::{Deployment, Error, Filter, Order, Page, Status, check_page};

use crate::fault::fault;
use crate::{rows, table};

/// How many items a query with a filter reads at a time.
const FILTERED_PAGE: i32 = 500;

/// One partition of an index, between two places.
struct Range<'a> {
    index: &'a str,
    attribute: &'a str,
    value: String,
    /// Places, both included.
    bounds: (String, String),
    /// Left out: the last place of the page before.
    after: Option<&'a str>,
    wanted: usize,
}

pub(crate) async fn deployments(
    client: &Client,
    table: &str,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page, Error> {
    check_page(cursor, limit)?;
    let bounds = bounds(filter, cursor);
    let range = |index, attribute, value: String| Range {
        index,
        attribute,
        value,
        bounds: bounds.clone(),
        after: cursor,
        wanted: limit + 1,
    };
    let mut found = Vec::new();
    if let Some(name) = &filter.application {
        if let Some(application) = rows::application(name) {
            let range = range(table::BY_APPLICATION, rows::APPLICATION, application);
            found = query(client, table, filter, &range).await?;
        }
    } else {
        for status in Status::ALL {
            if filter.status.is_empty() || filter.status.contains(&status) {
                let range = range(table::BY_STATUS, "status", status.as_str().to_owned());
                found.extend(query(client, table, filter, &range).await?);
            }
        }
    }
    found.sort_by_cached_key(Deployment::place);
    if filter.order == Order::NewestFirst {
        found.reverse();
    }
    // One that changes its status meanwhile may stand in two partitions.
    found.dedup_by(|a, b| a.deployment_key == b.deployment_key);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(Deployment::place);
    Ok(Page { deployments: found, next })
}

/// The first and the last place that the filter and the cursor leave.
fn bounds(filter: &Filter, cursor: Option<&str>) -> (String, String) {
    // A place is a time and more, so it comes after the bare time. `-` is before every digit, `~`
    // after it.
    let mut low = filter.from.map_or_else(|| "-".to_owned(), |time| format!("{time:.3}"));
    let mut high = filter.to.map_or_else(|| "~".to_owned(), |time| format!("{time:.3}"));
    match (cursor, filter.order) {
        (Some(cursor), Order::NewestFirst) if cursor < high.as_str() => {
            cursor.clone_into(&mut high);
        }
        (Some(cursor), Order::OldestFirst) if cursor > low.as_str() => {
            cursor.clone_into(&mut low);
        }
        _ => {}
    }
    (low, high)
}

async fn query(
    client: &Client,
    table: &str,
    filter: &Filter,
    range: &Range<'_>,
) -> Result<Vec<Deployment>, Error> {
    let mut found = Vec::new();
    // DynamoDB refuses a range that ends before it begins.
    if range.bounds.0 > range.bounds.1 {
        return Ok(found);
    }
    let (low, high) = range.bounds.clone();
    let mut query = client
        .query()
        .table_name(table)
        .index_name(range.index)
        .key_condition_expression("#partition = :partition AND #place BETWEEN :low AND :high")
        .expression_attribute_names("#partition", range.attribute)
        .expression_attribute_names("#place", rows::PLACE)
        .expression_attribute_values(":partition", AttributeValue::S(range.value.clone()))
        .expression_attribute_values(":low", AttributeValue::S(low))
        .expression_attribute_values(":high", AttributeValue::S(high))
        .scan_index_forward(filter.order == Order::OldestFirst);
    // One more, for the cursor's own place is read and left out.
    let filtered = filter.unchanged_since.is_some() || filter.application.is_some();
    query = query.limit(if filtered {
        FILTERED_PAGE
    } else {
        i32::try_from(range.wanted + 1).unwrap_or(FILTERED_PAGE)
    });
    let mut start = None;
    loop {
        let output = query
            .clone()
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| fault(error, "dynamodb:Query", table, range.index))?;
        for item in output.items.unwrap_or_default() {
            let deployment: Deployment = rows::read(item, table)?;
            if matches(&deployment, filter, range.after) {
                found.push(deployment);
            }
        }
        match output.last_evaluated_key {
            Some(key) if found.len() < range.wanted => start = Some(key),
            _ => return Ok(found),
        }
    }
}

fn matches(deployment: &Deployment, filter: &Filter, after: Option<&str>) -> bool {
    let status = filter.status.is_empty() || filter.status.contains(&deployment.status);
    let application = filter.application.is_none()
        || deployment.application_name.as_ref() == filter.application.as_ref();
    let unchanged = filter.unchanged_since.is_none_or(|time| deployment.status_since < time);
    status && application && unchanged && after != Some(deployment.place().as_str())
}
