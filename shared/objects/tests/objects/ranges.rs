//! Reading an object from anywhere in it.

use std::io::{Cursor, Read as _, Seek as _, SeekFrom, Write as _};

use logmill_objects::{Error, ErrorKind, PutOptions, RangeReader, WINDOW};
use logmill_unpack::{Entry, Limits, Object};
use tokio::runtime::Handle;
use zip::write::SimpleFileOptions;

use crate::harness::Store;

/// Lines that do not compress to nothing, so that a zip of them spans several windows.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 7_u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{state:x}\n").into_bytes()
    })
    .flatten()
    .take(bytes)
    .collect()
}

async fn reader(store: &Store, key: &str) -> RangeReader {
    let head = store.objects.head(&store.bucket, key).await.unwrap();
    RangeReader::new(&store.objects, &store.bucket, key, &head, Handle::current())
}

#[tokio::test]
async fn any_byte_of_an_object_can_be_read_in_any_order() {
    let store = Store::start("any-order").await;
    let text = noise(3 * 1024 * 1024 + 17);
    let put = store.objects.put(&store.bucket, "a", text.clone(), PutOptions::default());
    put.await.unwrap();
    let mut reader = reader(&store, "a").await;
    let read = move || {
        let mut whole = Vec::new();
        reader.read_to_end(&mut whole).unwrap();
        assert!(whole == text, "from front to back");
        let window = usize::try_from(WINDOW).unwrap();
        for at in [text.len() - 22, window - 5, 0, 2 * window + 1, window, 3 * window, 10] {
            reader.seek(SeekFrom::Start(at as u64)).unwrap();
            let mut some = [0; 10];
            reader.read_exact(&mut some).unwrap();
            assert_eq!(some, text[at..at + 10], "at {at}");
        }
        assert_eq!(reader.seek(SeekFrom::End(5)).unwrap(), text.len() as u64 + 5);
        assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0, "nothing beyond the end");
        assert!(reader.seek(SeekFrom::Current(-(1 << 40))).is_err());
    };
    tokio::task::spawn_blocking(read).await.unwrap();
}

#[tokio::test]
async fn a_zip_is_unpacked_without_fetching_it_whole() {
    let store = Store::start("zip-by-ranges").await;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let logs: Vec<Vec<u8>> = [2_000_000, 10, 3_000_000].into_iter().map(noise).collect();
    for (number, log) in logs.iter().enumerate() {
        zip.start_file(format!("{number}.log"), SimpleFileOptions::default()).unwrap();
        zip.write_all(log).unwrap();
    }
    let zip = zip.finish().unwrap().into_inner();
    assert!(zip.len() as u64 > WINDOW);
    store.objects.put(&store.bucket, "a.zip", zip, PutOptions::default()).await.unwrap();
    let reader = reader(&store, "a.zip").await;
    let unpack = move || {
        let mut object = Object::open(reader, Limits::default()).unwrap();
        let mut unpacked = Vec::new();
        while let Some(entry) = object.next_entry().unwrap() {
            let Entry::Log(mut log) = entry else { panic!("left out") };
            let mut text = Vec::new();
            let end = log.read_to_end(|piece| text.extend_from_slice(piece)).unwrap();
            assert_eq!(end.reason(), None);
            unpacked.push(text);
        }
        unpacked
    };
    let unpacked = tokio::task::spawn_blocking(unpack).await.unwrap();
    assert!(unpacked == logs);
}

#[tokio::test]
async fn a_zip_replaced_while_it_is_read_is_told_through_every_wrapping() {
    let store = Store::start("zip-replaced").await;
    let (objects, bucket) = (&store.objects, store.bucket.as_str());
    objects.put(bucket, "a", noise(2_000_000), PutOptions::default()).await.unwrap();
    let mut reader = reader(&store, "a").await;
    objects.put(bucket, "a", b"other".to_vec(), PutOptions::default()).await.unwrap();
    let read = move || {
        let error = reader.read(&mut [0; 4]).unwrap_err();
        let wrapped = std::io::Error::other(error);
        Error::find(&wrapped).map(Error::kind)
    };
    let kind = tokio::task::spawn_blocking(read).await.unwrap();
    assert_eq!(kind, Some(ErrorKind::Changed));
}
