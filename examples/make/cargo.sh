#!/usr/bin/env bash
# A workspace of two crates, a parser of menus and a command. Writes
#   github-cargo-test-failed.log.gz  an assert_eq fails in one of many tests
#   cargo-build-failed.log           a moved value is used again, after some warnings (in colour)

source "$(dirname "$0")/common.sh"
project bistro
mkdir -p menu/src menu/tests till/src

cat >Cargo.toml <<'TOML'
[workspace]
members = ["menu", "till"]
resolver = "2"
TOML
cat >menu/Cargo.toml <<'TOML'
[package]
name = "menu"
version = "0.4.1"
edition = "2021"
TOML
cat >till/Cargo.toml <<'TOML'
[package]
name = "till"
version = "0.4.1"
edition = "2021"

[dependencies]
menu = { path = "../menu" }
TOML

cat >menu/src/lib.rs <<'RUST'
//! Menus: one dish a line, `name;price;tags`.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dish {
    pub name: String,
    pub cents: u32,
    pub tags: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum MenuError {
    NoPrice(usize),
    BadPrice(usize, String),
}

impl fmt::Display for MenuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MenuError::NoPrice(line) => write!(f, "error: line {line}: no price"),
            MenuError::BadPrice(line, text) => write!(f, "error: line {line}: bad price {text:?}"),
        }
    }
}

/// Reads a menu; the first bad line is the error.
///
/// ```
/// let dishes = menu::parse("Soup;4.50;vegan").unwrap();
/// assert_eq!(dishes[0].cents, 450);
/// ```
pub fn parse(text: &str) -> Result<Vec<Dish>, MenuError> {
    let mut dishes = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut parts = line.split(';');
        let name = parts.next().unwrap_or_default().to_string();
        let price = parts.next().ok_or(MenuError::NoPrice(at + 1))?;
        let cents = cents(price).ok_or_else(|| MenuError::BadPrice(at + 1, price.into()))?;
        let tags = parts.next().unwrap_or_default().split(',').map(|t| t.trim().to_string()).collect();
        dishes.push(Dish { name, cents, tags });
    }
    Ok(dishes)
}

/// `4.50` in cents.
pub fn cents(price: &str) -> Option<u32> {
    let (whole, part) = price.split_once('.').unwrap_or((price, "00"));
    if part.len() != 2 {
        return None;
    }
    Some(whole.parse::<u32>().ok()?.checked_mul(100)? + part.parse::<u32>().ok()?)
}

pub fn by_tag(dishes: &[Dish]) -> BTreeMap<&str, Vec<&str>> {
    let mut map: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for dish in dishes {
        for tag in &dish.tags {
            map.entry(tag).or_default().push(&dish.name);
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! prices {
        ($($name:ident: $text:expr => $cents:expr,)*) => { mod prices { use super::*; $(
            #[test]
            fn $name() { assert_eq!(cents($text), $cents); }
        )* } };
    }
    prices! {
        whole: "4" => Some(400),
        zero: "0" => Some(0),
        with_cents: "4.50" => Some(450),
        many_euros: "1204.99" => Some(120_499),
        one_decimal: "4.5" => None,
        three_decimals: "4.505" => None,
        no_number: "four" => None,
        empty: "" => None,
        negative: "-1.00" => None,
        comma: "4,50" => None,
        too_large: "99999999999" => None,
        overflow: "42949673" => None,
        blank_inside: "4 .50" => None,
    }

    #[test]
    fn reads_two_dishes() {
        let dishes = parse("Soup;4.50;vegan\nSteak;18.00;").unwrap();
        assert_eq!(dishes.len(), 2);
        assert_eq!(dishes[1].name, "Steak");
    }

    #[test]
    fn skips_comments() {
        assert_eq!(parse("# lunch\n\n  # dinner\n"), Ok(vec![]));
    }

    #[test]
    fn tells_the_line_of_a_bad_price() {
        let error = parse("Soup;4.50\nSteak;cheap").unwrap_err();
        eprintln!("{error}");
        assert_eq!(error, MenuError::BadPrice(2, "cheap".into()));
    }

    #[test]
    fn tells_the_line_without_a_price() {
        let error = parse("Soup").unwrap_err();
        eprintln!("{error}");
        assert_eq!(error, MenuError::NoPrice(1));
    }

    #[test]
    #[should_panic(expected = "called `Result::unwrap()` on an `Err` value")]
    fn panics_when_unwrapped() {
        parse("Soup").unwrap();
    }

    #[test]
    fn groups_by_tag() {
        let dishes = parse("Soup;4.50;vegan\nSalad;6.00;vegan,cold").unwrap();
        assert_eq!(by_tag(&dishes)["vegan"], ["Soup", "Salad"]);
    }
}
RUST
cat >menu/tests/whole_menu.rs <<'RUST'
const LUNCH: &str = "# lunch\nSoup;4.50;vegan\nSalad; 6.00;vegan, cold\nSteak;18.00";

#[test]
fn lunch_has_three_dishes() {
    assert_eq!(menu::parse(&LUNCH.replace("; ", ";")).unwrap().len(), 3);
}

#[test]
fn blanks_before_a_price_are_fine() {
    assert!(menu::parse(LUNCH).is_err(), "not yet");
}

#[test]
fn a_dish_without_tags_has_none() {
    let dishes = menu::parse("Steak;18.00;").unwrap();
    assert_eq!(dishes[0].tags, Vec::<String>::new(), "tags of {}", dishes[0].name);
}

#[test]
#[ignore = "slow: reads the menus of a year"]
fn reads_a_year() {}
RUST
cat >till/src/main.rs <<'RUST'
use std::env;
use std::fs;

fn main() {
    let path = env::args().nth(1).unwrap_or_else(|| "menu.txt".into());
    let text = fs::read_to_string(&path).expect("a menu");
    match menu::parse(&text) {
        Ok(dishes) => println!("{}", total(&dishes)),
        Err(error) => eprintln!("{path}: {error}"),
    }
}

fn total(dishes: &[menu::Dish]) -> u32 {
    dishes.iter().map(|dish| dish.cents).sum()
}

#[test]
fn adds_up() {
    let dishes = menu::parse("Soup;4.50\nSteak;18.00").unwrap();
    assert_eq!(total(&dishes), 2250);
}

#[test]
fn nothing_costs_nothing() {
    assert_eq!(total(&[]), 0);
}
RUST

cargo generate-lockfile --offline -q
github github-cargo-test-failed.log.gz --repo northwind-lab/bistro --env CARGO_TERM_COLOR=always \
    'cargo --version' $'cargo build --workspace --offline\ncargo test --workspace --offline'

cat >till/src/receipt.rs <<'RUST'
use menu::Dish;
use std::collections::HashMap;
use std::io::Write;

const WIDTH: usize = 32;

pub struct Receipt {
    table: u16,
    dishes: Vec<Dish>,
}

impl Receipt {
    pub fn new(table: u16, dishes: Vec<Dish>) -> Self {
        let mut unused = 0;
        Receipt { table, dishes }
    }

    pub fn print(self) -> String {
        let mut text = format!("table {}\n", self.table);
        for dish in self.dishes {
            text += &line(&dish);
        }
        let total: u32 = self.dishes.iter().map(|dish| dish.cents).sum();
        text + &format!("{:>32}\n", euros(total))
    }
}

fn line(dish: &Dish) -> String {
    let width = WIDTH - dish.name.len();
    format!("{}{:>width$}\n", dish.name, euros(dish.cents))
}

fn euros(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn old_line(dish: &Dish) -> String {
    format!("{} {}", dish.name, dish.cents)
}
RUST
cat >>menu/src/lib.rs <<'RUST'

fn cheapest(dishes: &[Dish]) -> Option<&Dish> {
    dishes.iter().min_by_key(|dish| dish.cents)
}

#[deprecated(note = "use `parse`")]
pub fn parse_or_panic(text: &str) -> Vec<Dish> {
    parse(text).unwrap()
}
RUST
sed -i '1i mod receipt;\n' till/src/main.rs
sed -i 's|Ok(dishes) => .*|Ok(_) => print!("{}", receipt::Receipt::new(1, menu::parse_or_panic(\&text)).print()),|' till/src/main.rs
cargo clean -q
raw cargo-build-failed cargo build --workspace --offline --color=always
