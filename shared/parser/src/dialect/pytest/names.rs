//! The names of tests: `tests/test_a.py::TestA::test_b[x]`.

/// A test's name as Python has it, and the node that holds the test, as pytest takes it.
///
/// `tests/test_a.py::TestA::test_b` is `tests.test_a::TestA::test_b` of `tests/test_a.py::TestA`. A file
/// that could not be read has no test: it is `(tests.test_a)`.
pub(super) fn names(node: &str) -> (String, Option<String>) {
    let Some((path, test)) = node.split_once("::") else {
        return (format!("({})", module(node)), Some(node.to_owned()));
    };
    let module = module(path);
    // A doctest repeats the module.
    let test = test.strip_prefix(&module).and_then(|test| test.strip_prefix('.')).unwrap_or(test);
    let plain = node.split_once('[').map_or(node, |(plain, _)| plain);
    let parent = plain.rsplit_once("::").map(|(parent, _)| parent.to_owned());
    (format!("{module}::{test}"), parent)
}

/// `tests/test_a.py` as a module.
fn module(path: &str) -> String {
    path.strip_suffix(".py").map_or_else(|| path.to_owned(), |path| path.replace(['/', '\\'], "."))
}

/// Whether it begins with a path of a file.
pub(super) fn is_node(node: &str) -> bool {
    let path = node.split_once("::").map_or(node, |(path, _)| path);
    !path.is_empty() && (node.contains("::") || path.ends_with(".py") || path.contains('/'))
}

/// The node and the reason in a line of the short summary: `tests/test_a.py::test_b[x - y] - why`.
pub(super) fn split_reason(text: &str) -> (&str, Option<&str>) {
    let text = text.trim_end();
    let Some(first) = text.find(" - ") else { return (text, None) };
    let open = text.find('[').is_some_and(|at| at < first && text[..at].contains("::"));
    let at = if open && !text[..first].ends_with(']') {
        // The dash stands in the parameters, or they hold a bracket.
        match text.find("] - ") {
            Some(at) => at + 1,
            None if text.ends_with(']') => return (text, None),
            None => first,
        }
    } else {
        first
    };
    (&text[..at], Some(&text[at + 3..]))
}

/// The part of a node that the header of its failure shows: `TestA.test_b[x]`.
pub(super) fn domain(node: &str) -> String {
    match node.split_once("::") {
        Some((_, test)) => {
            let (name, parameters) = test.split_at(test.find('[').unwrap_or(test.len()));
            name.replace("::", ".") + parameters
        }
        None => node.to_owned(),
    }
}

/// The node of a failure of which only the header and the file are known.
pub(super) fn node(domain: &str, file: Option<&str>) -> String {
    let (name, parameters) = domain.split_at(domain.find('[').unwrap_or(domain.len()));
    match file {
        Some(file) => format!("{file}::{}{parameters}", name.replace('.', "::")),
        None => name.replace('.', "::") + parameters,
    }
}
