//! XML as an object.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};

use super::nested::MAX_DEPTH;
use super::pairs::add;
use super::{Run, arguments::Arguments, plain};
use crate::library::Library;

/// The most attributes of an element.
const MAX_ATTRIBUTES: usize = 1_000;

/// What becomes of elements, attributes and texts.
struct Shape {
    trim: bool,
    include_attr: bool,
    attr_prefix: String,
    text_key: String,
    always_use_text_key: bool,
    parse_bool: bool,
    parse_null: bool,
    parse_number: bool,
}

/// `parse_xml`: an object of the root; attributes, texts and elements are its fields.
pub(super) fn xml(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let shape = Shape {
        trim: arguments.flag("trim", true)?,
        include_attr: arguments.flag("include_attr", true)?,
        attr_prefix: arguments.text("attr_prefix")?.unwrap_or("@").to_owned(),
        text_key: arguments.text("text_key")?.unwrap_or("text").to_owned(),
        always_use_text_key: arguments.flag("always_use_text_key", false)?,
        parse_bool: arguments.flag("parse_bool", true)?,
        parse_null: arguments.flag("parse_null", true)?,
        parse_number: arguments.flag("parse_number", true)?,
    };
    Ok(plain(move |text| shape.read(text)))
}

/// An element whose end has not come.
struct Open {
    name: String,
    fields: Map<String, Value>,
    /// A text that may go on, for references and sections of it come apart.
    text: String,
    /// How many texts and elements are in it.
    children: usize,
    has_elements: bool,
    has_attributes: bool,
}

impl Open {
    fn new(name: String) -> Self {
        Self {
            name,
            fields: Map::new(),
            text: String::new(),
            children: 0,
            has_elements: false,
            has_attributes: false,
        }
    }
}

impl Shape {
    fn read(&self, text: &str) -> Option<Value> {
        let mut reader = Reader::from_str(text.trim());
        let mut open = vec![Open::new(String::new())];
        loop {
            if open.len() > MAX_DEPTH {
                return None;
            }
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    self.end_text(open.last_mut()?);
                    open.push(self.begin(&start)?);
                }
                Event::Empty(start) => {
                    self.end_text(open.last_mut()?);
                    let element = self.begin(&start)?;
                    self.close(element, open.last_mut()?);
                }
                Event::End(_) => {
                    let element = open.pop()?;
                    self.close(element, open.last_mut()?);
                }
                Event::Text(part) => open.last_mut()?.text.push_str(&part.decode().ok()?),
                Event::CData(part) => open.last_mut()?.text.push_str(&part.decode().ok()?),
                Event::GeneralRef(reference) => {
                    let c = match reference.resolve_char_ref().ok()? {
                        Some(c) => c,
                        None => named(&reference.decode().ok()?)?,
                    };
                    open.last_mut()?.text.push(c);
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        let root = open.pop().filter(|_| open.is_empty())?;
        // One element, and nothing beside it.
        let is_one = root.children == 1 && root.has_elements && root.text.trim().is_empty();
        is_one.then_some(Value::Object(root.fields))
    }

    fn begin(&self, start: &BytesStart<'_>) -> Option<Open> {
        let name = start.local_name();
        let mut open = Open::new(std::str::from_utf8(name.as_ref()).ok()?.to_owned());
        // Each is compared with all before it, so their number is bounded.
        for (count, attribute) in start.attributes().enumerate() {
            if count > MAX_ATTRIBUTES {
                return None;
            }
            let attribute = attribute.ok()?;
            let name =
                std::str::from_utf8(attribute.key.local_name().into_inner()).ok()?.to_owned();
            let key = std::str::from_utf8(attribute.key.as_ref()).ok()?;
            if !self.include_attr || key == "xmlns" || key.starts_with("xmlns:") {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).ok()?;
            open.has_attributes = true;
            add(&mut open.fields, format!("{}{name}", self.attr_prefix), value.into_owned().into());
        }
        Some(open)
    }

    fn end_text(&self, open: &mut Open) {
        let text = std::mem::take(&mut open.text);
        let is_between = self.trim && text.chars().all(char::is_whitespace);
        if text.is_empty() || is_between || open.name.is_empty() {
            return;
        }
        open.children += 1;
        add(&mut open.fields, self.text_key.clone(), self.scalar(&text));
    }

    fn close(&self, mut element: Open, parent: &mut Open) {
        self.end_text(&mut element);
        let is_text = element.children == 1
            && !element.has_elements
            && !element.has_attributes
            && !self.always_use_text_key;
        let value = if is_text {
            element.fields.remove(&self.text_key).unwrap_or(Value::Null)
        } else {
            Value::Object(element.fields)
        };
        parent.children += 1;
        parent.has_elements = true;
        add(&mut parent.fields, element.name, value);
    }

    fn scalar(&self, text: &str) -> Value {
        match text {
            "" | "null" if self.parse_null => return Value::Null,
            "true" if self.parse_bool => return Value::Bool(true),
            "false" if self.parse_bool => return Value::Bool(false),
            _ => {}
        }
        if self.parse_number {
            if let Ok(number) = text.parse::<i64>() {
                return number.into();
            }
            if let Some(number) = text.parse().ok().and_then(serde_json::Number::from_f64) {
                return Value::Number(number);
            }
        }
        text.into()
    }
}

fn named(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}
