//! Where addresses are: databases in MaxMind's format (MaxMind DB file format specification 2.0).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use logmill_documents::{Geo, Location};
use maxminddb::Reader;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A database of addresses, City or ASN or another that names its fields like them.
#[derive(Clone, Debug)]
pub struct Database {
    reader: Arc<Reader<Vec<u8>>>,
    is_asn: bool,
}

/// Why a file is no database.
#[derive(Debug, thiserror::Error)]
#[error("{0}: give a database in MaxMind's format, such as GeoLite2-City.mmdb")]
pub struct Broken(String);

impl Database {
    /// Reads a database.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Broken> {
        let reader = Reader::from_source(bytes).map_err(|error| Broken(error.to_string()))?;
        // The head stands at the end of the file; that the rest is whole, an address shows.
        let probe = reader.lookup(IpAddr::from([1, 1, 1, 1])).map_err(|error| error.to_string());
        probe
            .and_then(|found| found.decode::<IgnoredAny>().map_err(|error| error.to_string()))
            .map_err(Broken)?;
        let is_asn = reader.metadata().database_type.contains("ASN");
        Ok(Self { reader: Arc::new(reader), is_asn })
    }

    /// Adds what it knows of an address; whether it knows anything. What cannot be read of it is as
    /// good as nothing.
    pub(crate) fn locate<'a>(&'a self, address: IpAddr, geo: &mut Geo<'a>) -> bool {
        let Ok(found) = self.reader.lookup(address) else { return false };
        if self.is_asn {
            let Ok(Some(network)) = found.decode::<Network<'a>>() else { return false };
            geo.as_number = network.autonomous_system_number;
            geo.as_organization = network.autonomous_system_organization;
        } else {
            let Ok(Some(place)) = found.decode::<Place<'a>>() else { return false };
            place.fill(geo);
        }
        true
    }
}

/// The first of some addresses that the databases know, and what they know of it.
pub(crate) fn locate<'a, 't>(
    databases: &'a [Database],
    addresses: impl Iterator<Item = &'t str>,
) -> Option<Geo<'a>> {
    if databases.is_empty() {
        return None;
    }
    addresses.filter_map(address).filter(is_public).find_map(|address| {
        let mut geo = Geo::default();
        let mut known = false;
        for database in databases {
            known |= database.locate(address, &mut geo);
        }
        (known && geo != Geo::default()).then_some(geo)
    })
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// Whether it may be anywhere at all.
fn is_public(address: &IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || shared)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow)]
    city: Named<'a>,
    #[serde(borrow)]
    continent: Named<'a>,
    #[serde(borrow)]
    country: Named<'a>,
    location: Coordinates<'a>,
    #[serde(borrow)]
    postal: Named<'a>,
    #[serde(borrow)]
    subdivisions: Vec<Named<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    code: Option<&'a str>,
    iso_code: Option<&'a str>,
    #[serde(borrow)]
    names: Names<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Names<'a> {
    en: Option<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Coordinates<'a> {
    latitude: Option<f64>,
    longitude: Option<f64>,
    time_zone: Option<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Network<'a> {
    autonomous_system_number: Option<u32>,
    autonomous_system_organization: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn fill(self, geo: &mut Geo<'a>) {
        geo.continent_code = self.continent.code;
        geo.country_iso_code = self.country.iso_code;
        geo.country_name = self.country.names.en;
        geo.city_name = self.city.names.en;
        geo.postal_code = self.postal.code;
        geo.timezone = self.location.time_zone;
        if let Some(region) = self.subdivisions.first() {
            geo.region_iso_code = region.iso_code;
            geo.region_name = region.names.en;
        }
        let location = self.location.latitude.zip(self.location.longitude);
        // OpenSearch refuses a document with a place that there is not.
        geo.location = location
            .filter(|(lat, lon)| lat.abs() <= 90.0 && lon.abs() <= 180.0)
            .map(|(lat, lon)| Location { lat, lon });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_database_is_told_at_once() {
        for bytes in [&b""[..], b"no database", &[0xab; 4096]] {
            let broken = Database::new(bytes.to_vec()).unwrap_err().to_string();
            assert!(broken.contains("MaxMind's format"), "{broken}");
        }
    }

    #[test]
    fn nobody_is_asked_where_a_private_address_is() {
        for private in [
            "10.1.2.3",
            "127.0.0.1",
            "192.168.0.1:80",
            "169.254.1.1",
            "100.64.0.1",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ] {
            assert!(!address(private).as_ref().is_some_and(is_public), "{private}");
        }
        for public in ["81.2.69.142", "81.2.69.142:443", "[2a02:1::1]:443", " 100.128.0.1 "] {
            assert!(address(public).as_ref().is_some_and(is_public), "{public}");
        }
        assert_eq!(address("example.org"), None);
    }
}
