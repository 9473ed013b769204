//! The analyzer against OpenSearch's: every character that Unicode 15 assigns, and random texts of
//! them.

use fastrand::Rng;
use serde_json::json;

use crate::answers::difference;
use crate::engine::Pair;

/// Characters of one request, so that its tokens stay below `index.analyze.max_token_count`.
const CHARS: usize = 2_000;

/// Every character that Unicode 15 assigns.
fn assigned() -> Vec<char> {
    let class = regex_syntax::parse(r"[\p{age:15.0}&&\P{Cn}]").unwrap().into_kind();
    let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = class else {
        panic!("no class");
    };
    class.iter().flat_map(|range| range.start()..=range.end()).collect()
}

/// Sends texts to the analyzers of both; the first that they cut differently.
async fn compare(pair: &Pair, texts: impl Iterator<Item = String>) -> (u64, Vec<String>) {
    let path = format!(
        "/{}/_analyze",
        pair.names.index(logmill_documents::Kind::Logs, crate::documents::month())
    );
    let (mut tokens, mut wrong) = (0, Vec::new());
    for text in texts {
        let body = json!({ "analyzer": logmill_query::analyzer::NAME, "text": text }).to_string();
        let answers = pair.both("POST", &path, &body).await;
        assert_eq!(answers[1].0, 200, "{}", answers[1].1);
        tokens += answers[1].1["tokens"].as_array().unwrap().len() as u64;
        if let Some(difference) = difference(&answers) {
            wrong.push(format!(
                "{difference}\n    of {:?}",
                text.chars().take(60).collect::<String>()
            ));
        }
    }
    (tokens, wrong)
}

async fn with_an_index() -> Pair {
    let pair = Pair::start("analyzer").await;
    let index = pair.names.index(logmill_documents::Kind::Logs, crate::documents::month());
    let answers = pair.both("PUT", &format!("/{index}"), "").await;
    assert!(answers.iter().all(|answer| answer.0 == 200), "{answers:?}");
    pair
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_in_any_script_is_found_locally_as_in_opensearch() {
    let pair = with_an_index().await;
    let all = assigned();
    assert!(all.len() > 280_000, "{}", all.len());
    let swept = all.chunks(CHARS).map(|chars| {
        // Each alone in the middle of a word, so that it is its own case.
        chars.iter().map(|char| format!("aa{char}bb ")).collect()
    });
    let (tokens, wrong) = compare(&pair, swept).await;
    println!("{} characters, {tokens} tokens", all.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = Rng::with_seed(seed);
    let texts: Vec<String> = (0..300).map(|_| text(&mut random, &all)).collect();
    let (tokens, wrong) = compare(&pair, texts.into_iter()).await;
    println!("300 random texts, {tokens} tokens");
    assert!(wrong.is_empty(), "seed {seed}: {}", wrong.join("\n"));
    pair.remove().await;
}

/// A random text: letters of one block beside each other, joined by what stands in and between words.
fn text(random: &mut Rng, all: &[char]) -> String {
    let mut text = String::new();
    while text.chars().count() < CHARS / 2 {
        let block = random.usize(..all.len());
        for _ in 0..random.usize(1..12) {
            match random.u8(..12) {
                0 => text.push(all[random.usize(..all.len())]),
                1 => text += crate::documents::one(random, &[".", "-", "_", "..", "-.", "A"]),
                _ => text.push(all[(block + random.usize(..64)).min(all.len() - 1)]),
            }
        }
        text += crate::documents::one(random, &[" ", ".", "-", "\n", ":", "/", " - "]);
    }
    text
}
