//! The C API that the executable exports: nothing missing, nothing besides.

use std::collections::BTreeSet;

use object::{Object, ObjectSymbol};

/// The dynamic symbols that the executable defines.
fn exported() -> BTreeSet<String> {
    let file = std::fs::read(env!("CARGO_BIN_EXE_rpy")).unwrap();
    let file = object::File::parse(&*file).unwrap();
    file.dynamic_symbols().filter(ObjectSymbol::is_definition).map(|symbol| symbol.name().unwrap().to_owned()).collect()
}

#[test]
fn exports_are_those_of_the_tables() {
    let exported = exported();
    let declared: BTreeSet<String> = rpy_capi::symbols().map(|symbol| symbol.name.to_owned()).collect();
    let missing: Vec<&String> = declared.difference(&exported).collect();
    assert!(missing.is_empty(), "declared, but not exported: {missing:?}");
    let surplus: Vec<&String> = exported.difference(&declared).filter(|name| !is_own(name)).collect();
    assert!(surplus.is_empty(), "exported, but not declared: {surplus:?}");
}

/// Symbols outside the tables: the exception types, which C reaches through `PyExc_*`, and types of the library's native modules.
fn is_own(name: &str) -> bool {
    ["_PyExc_", "PyODict", "PyPickleBuffer_Type"].iter().any(|prefix| name.starts_with(prefix))
}

#[test]
fn nothing_but_the_c_api_is_exported() {
    let others: Vec<String> =
        exported().into_iter().filter(|name| !(name.starts_with("Py") || name.starts_with("_Py"))).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn wheels_find_what_they_need() {
    let exported = exported();
    let needed = include_str!("capi/wheel-symbols.txt");
    let missing: Vec<&str> = needed.lines().filter(|name| !exported.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn names_are_declared_once() {
    let mut seen = BTreeSet::new();
    for symbol in rpy_capi::symbols() {
        assert!(seen.insert(symbol.name), "{} is declared twice", symbol.name);
        assert!(!symbol.address.is_null());
    }
}
