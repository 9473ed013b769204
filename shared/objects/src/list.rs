//! Listing the objects of a bucket.

use logmill_model::Timestamp;

use crate::client::{Objects, timestamp, unquoted};
use crate::error::{Action, Error};

/// One object of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Which version it is, by content; without quotes.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was put.
    pub last_modified: Timestamp,
}

/// A part of a list.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// At most 1,000 objects, by the bytes of their keys.
    pub objects: Vec<Listed>,
    /// After which key the list goes on; none at its end.
    pub next: Option<String>,
}

impl Objects {
    /// The objects whose keys begin with `prefix`, those after the key `after` where one is given.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] if the bucket is missing, and the passing ones.
    pub async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Page, Error> {
        let found = self
            .call(Action::List, bucket, prefix, || {
                let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix);
                request.set_start_after(after.map(str::to_owned)).send()
            })
            .await?;
        let objects: Vec<_> = found
            .contents()
            .iter()
            .map(|object| Listed {
                key: object.key().unwrap_or_default().to_owned(),
                etag: unquoted(object.e_tag()),
                size: u64::try_from(object.size().unwrap_or_default()).unwrap_or_default(),
                last_modified: timestamp(object.last_modified()),
            })
            .collect();
        let more = found.is_truncated().unwrap_or_default();
        let next = objects.last().filter(|_| more).map(|object| object.key.clone());
        Ok(Page { objects, next })
    }
}
