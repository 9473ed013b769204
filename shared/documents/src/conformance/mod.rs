//! What Logmill needs of an OpenSearch endpoint, as named cases: each writes documents of its own
//! and asks for them back. The same suite runs against OpenSearch and against the local cloud, and a
//! difference between them is a fault of ours.

mod aggregate;
mod delete;
mod find;
mod sample;
mod write;

use std::time::Duration;

use logmill_query::Query;
use logmill_runtime::retry::Deadline;
use serde_json::Value;

use crate::client::Request;
use crate::{Documents, Endpoint, Error, Kind, Names, Page, Search, Sort};

/// How a case went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The case, in words.
    pub name: String,
    /// What was wrong; none where it passed.
    pub fault: Option<String>,
}

/// What users lose: a line for each case that did not pass, behind how many did not; `None` if all
/// passed.
#[must_use]
pub fn faults(outcomes: &[Outcome]) -> Option<String> {
    let fault = |outcome: &Outcome| Some(format!("{}: {}", outcome.name, outcome.fault.as_ref()?));
    let lines: Vec<String> = outcomes.iter().filter_map(fault).collect();
    let text = || format!("{} of {} cases:\n{}", lines.len(), outcomes.len(), lines.join("\n"));
    (!lines.is_empty()).then(text)
}

/// What was wrong with a case.
#[derive(Debug)]
struct Fault(String);

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

type Result = std::result::Result<(), Fault>;

/// Returns a fault unless both are the same.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result {
    if found == wanted {
        return Ok(());
    }
    Err(Fault(format!("{what}: found {found:?}, wanted {wanted:?}")))
}

/// What the cases work with.
struct Bench {
    documents: Documents,
}

impl Bench {
    fn deadline(&self) -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    /// The documents of `key` that fulfil a query as people write it, all of them, by line.
    async fn find(&self, kind: Kind, key: &str, query: &str) -> std::result::Result<Page, Fault> {
        let query =
            logmill_query::parse(query).map_err(|error| Fault(format!("{query}: {error}")))?;
        let query = Query::all_of([Query::is("deployment_key", key), query]);
        let search = Search { sort: Sort::Line, size: 1000, ..Search::new(kind, query) };
        Ok(self.documents.search(&search, self.deadline()).await?)
    }

    /// The lines of the documents that a query finds.
    async fn found(&self, key: &str, query: &str) -> std::result::Result<Vec<u64>, Fault> {
        let page = self.find(Kind::Logs, key, query).await?;
        Ok(page.hits.iter().filter_map(|hit| hit.source["line"].as_u64()).collect())
    }

    /// Checks which lines each of some queries finds.
    async fn finds(&self, key: &str, cases: &[(&str, &[u64])]) -> Result {
        for (query, wanted) in cases {
            same(query, &self.found(key, query).await?, &wanted.to_vec())?;
        }
        Ok(())
    }

    async fn raw(&self, request: Request) -> std::result::Result<Value, Fault> {
        Ok(self.documents.send(&request, self.deadline()).await?)
    }
}

/// Runs every case against an endpoint, in indices whose names begin with `prefix` (of `[a-z0-9-]`),
/// which are deleted before and after. Takes about half a minute with OpenSearch.
///
/// # Errors
/// Where the endpoint cannot be reached, or takes no templates; a case that fails is no error but an
/// outcome.
pub async fn run(endpoint: &Endpoint, prefix: &str) -> std::result::Result<Vec<Outcome>, Error> {
    let documents = Documents::connect(endpoint, Names::new(prefix))?.with_replicas(0);
    let bench = Bench { documents };
    clean(&bench).await?;
    let mut outcomes = Vec::new();
    macro_rules! cases {
        ($($module:ident :: $case:ident),* $(,)?) => {$(
            let fault = Box::pin($module::$case(&bench)).await.err().map(|Fault(text)| text);
            outcomes.push(Outcome { name: stringify!($case).replace('_', " "), fault });
        )*};
    }
    cases!(find::a_search_before_the_first_document_finds_nothing);
    bench.documents.migrate(bench.deadline()).await?;
    cases!(
        write::the_engine_says_its_version,
        write::templates_can_be_written_again,
        write::a_record_comes_back_as_it_was_written,
        write::the_same_log_twice_is_there_once,
        write::months_follow_the_stamp_and_else_the_time_of_observation,
        write::one_refused_document_does_not_stop_the_others,
        write::a_build_is_found_by_what_it_says,
        write::tests_are_documents_of_their_own,
        write::long_and_odd_texts_are_taken,
        write::a_thousand_documents_go_in_one_request,
        find::texts_are_cut_into_the_same_words,
        find::words_and_phrases_are_found,
        find::a_phrase_does_not_reach_from_one_value_into_the_next,
        find::fields_are_searched_as_text,
        find::beginnings_of_words_are_found,
        find::names_are_compared_as_they_stand,
        find::flattened_fields_know_equality_prefix_and_existence,
        find::conditions_are_joined_as_written,
        find::negations_alone_find_all_others,
        find::numbers_and_times_have_an_order,
        find::levels_have_an_order,
        find::other_names_of_fields_are_known,
        find::a_document_is_found_by_its_id,
        find::lines_come_in_their_order,
        find::pages_show_every_document_once,
        find::a_wrong_query_is_refused,
        aggregate::documents_are_counted,
        aggregate::values_are_counted_and_measured,
        aggregate::time_is_cut_into_equal_parts,
        aggregate::percentiles_and_cardinality_are_near,
        aggregate::of_nothing_is_nothing,
        delete::a_new_version_leaves_nothing_of_the_old_one,
        delete::other_logs_are_left_alone,
        delete::deleting_again_deletes_nothing,
        delete::what_is_written_again_is_there_again,
    );
    clean(&bench).await?;
    Ok(outcomes)
}

/// Deletes the suite's indices and templates.
async fn clean(bench: &Bench) -> std::result::Result<(), Error> {
    let names = bench.documents.names();
    let patterns = Kind::ALL.map(|kind| names.pattern(kind)).join(",");
    let listed: Vec<Value> = {
        let request =
            Request::get("listing indices", format!("/_cat/indices/{patterns}?format=json"));
        bench.documents.send(&request, bench.deadline()).await?
    };
    for index in listed.iter().filter_map(|index| index["index"].as_str()) {
        let request = Request::delete("deleting an index", format!("/{index}"));
        bench.documents.send::<Value>(&request, bench.deadline()).await?;
    }
    for kind in Kind::ALL {
        let path = format!("/_index_template/{}", names.template(kind));
        let request = Request::delete("deleting a template", path);
        match bench.documents.send::<Value>(&request, bench.deadline()).await {
            Err(error) if error.kind != crate::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
