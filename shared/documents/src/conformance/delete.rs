//! Cases about deleting.

use super::sample::{before, origin, record};
use super::{Bench, Result, same};

/// Writes a log of 30 lines over two months as the generation `g1`.
async fn first_version(bench: &Bench, key: &str) -> Result {
    let mut records: Vec<_> = (1..=30).map(|line| record(line, "of the first version")).collect();
    for record in records.iter_mut().take(10) {
        record.timestamp = before(60 * 24 * 30);
    }
    bench.write(&origin(key, "", "g1"), &records).await?;
    Ok(())
}

pub(super) async fn a_new_version_leaves_nothing_of_the_old_one(bench: &Bench) -> Result {
    let key = "versions";
    first_version(bench, key).await?;
    // The same lines, without the old stamps, so that some stand in another month now.
    let records: Vec<_> = (1..=12).map(|line| record(line, "of the second version")).collect();
    bench.write(&origin(key, "", "g2"), &records).await?;
    let deadline = bench.deadline();
    let deleted =
        bench.documents.delete_other_generations(&origin(key, "", "g2"), deadline).await?;
    // Lines 11 and 12 were overwritten; 1 to 10 stand in the month before.
    same("deleted", &deleted, &28)?;
    bench.finds(key, &[("first", &[]), ("second", &(1..=12).collect::<Vec<u64>>())]).await
}

pub(super) async fn other_logs_are_left_alone(bench: &Bench) -> Result {
    let key = "neighbours";
    for part in ["", "a", "a b"] {
        bench.write(&origin(key, part, "g1"), &[record(1, "a neighbour")]).await?;
    }
    bench.write(&origin("neighbours-2", "", "g1"), &[record(1, "a neighbour")]).await?;
    let deleted = bench.documents.delete_part(key, "", bench.deadline()).await?;
    same("deleted", &deleted, &1)?;
    bench.finds(key, &[("part=a", &[1]), ("part=\"a b\"", &[1]), ("part=\"\"", &[])]).await?;
    bench.finds("neighbours-2", &[("", &[1])]).await
}

pub(super) async fn deleting_again_deletes_nothing(bench: &Bench) -> Result {
    let key = "again";
    first_version(bench, key).await?;
    let first = bench.documents.delete_part(key, "", bench.deadline()).await?;
    let second = bench.documents.delete_part(key, "", bench.deadline()).await?;
    same("deleted", &(first, second), &(30, 0))
}

pub(super) async fn what_is_written_again_is_there_again(bench: &Bench) -> Result {
    let key = "back";
    bench.write_lines(key, &["a line that comes back"]).await?;
    bench.documents.delete_part(key, "", bench.deadline()).await?;
    bench.write_lines(key, &["a line that comes back"]).await?;
    bench.finds(key, &[("comes", &[1])]).await
}
