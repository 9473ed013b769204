//! A Postgres that takes the place of DynamoDB.

use super::read::Reader;

/// How a process gets into a database.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DatabaseAuth {
    /// By the password in its address, or one that libpq's variables and files name.
    #[default]
    Password,
    /// By tokens of IAM, as RDS takes them.
    Iam,
}

/// Where the metadata is, if not in DynamoDB.
#[derive(Clone, Eq, PartialEq)]
pub struct Database {
    /// `postgres://user:password@host:port/database?sslmode=…`
    pub url: String,
    /// How a process gets in.
    pub auth: DatabaseAuth,
    /// The most connections of one process.
    pub connections: u32,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("url", &"…")
            .field("auth", &self.auth)
            .field("connections", &self.connections)
            .finish()
    }
}

impl Database {
    /// Reads and checks the settings of the database; none where there is none.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, super::Faults> {
        let mut reader = Reader::new(&get);
        let database = Self::from_reader(&mut reader);
        reader.finish(database)
    }

    pub(super) fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let url = reader.optional_database_url("DATABASE_URL");
        let auth = [("password", DatabaseAuth::Password), ("iam", DatabaseAuth::Iam)];
        let auth = reader.one_of("LOGMILL_DATABASE_AUTH", &auth);
        let connections = reader.number("LOGMILL_DATABASE_CONNECTIONS", 1, 1000);
        url.map(|url| Self { url, auth, connections })
    }
}
