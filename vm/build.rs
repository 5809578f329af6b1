//! Compiles the library modules that every start needs, and writes them into the crate as marshal data.
//!
//! The output is `$OUT_DIR/frozen_table.rs`, which `src/import/frozen.rs` includes, with one `.bin` file a module beside it.
//! A module that does not compile keeps an entry without code: it is compiled when it is first imported.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rustpython_compiler::CompileOpts;
use rustpython_compiler::core::Mode;
use rustpython_compiler::core::marshal::serialize_code;

/// Modules by the name they are imported under. `=` gives the name in the library where it differs; a `/` at the end of a name
/// means that it is a package's `__init__`, one at the end of the first name only, that a plain module poses as a package.
const MODULES: &[&str] = &[
    "_frozen_importlib=importlib._bootstrap",
    "_frozen_importlib_external=importlib._bootstrap_external",
    "zipimport",
    "abc",
    "codecs",
    "io",
    "_collections_abc",
    "_sitebuiltins",
    "genericpath",
    "posixpath",
    "os",
    "site",
    "stat",
    "sysconfig/",
    "encodings/",
    "encodings.aliases",
    "encodings.utf_8",
    "importlib/",
    "importlib._bootstrap",
    "importlib._bootstrap_external",
    "importlib.util",
    "importlib.machinery",
    "linecache",
    "runpy",
    "__hello__",
    "__hello_alias__=__hello__",
    "__phello_alias__/=__hello__",
    "__phello_alias__.spam=__hello__",
    "__phello__/",
    "__phello__.__init__=<__phello__/",
    "__phello__.ham/",
    "__phello__.ham.__init__=<__phello__.ham/",
    "__phello__.ham.eggs",
    "__phello__.spam",
    "__hello_only__=",
];

/// Where the library crate's files name directories after another interpreter: module, what stands there, what CPython has.
/// Packages would be installed where no other tool looks for them.
const PATCHES: &[(&str, &str, &str)] = &[
    ("site", "return 'RustPython'", "return 'Python'"),
    ("site", "/lib/rustpython{", "/lib/python{"),
    ("sysconfig", "return 'RustPython'", "return 'Python'"),
];

/// Where the Python files are: our own first, then the library's.
fn roots() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Lib");
    vec![own, PathBuf::from(rustpython_pylib::LIB_PATH)]
}

fn find(origname: &str, package: bool) -> Option<PathBuf> {
    let relative = origname.replace('.', "/");
    let relative = if package { format!("{relative}/__init__.py") } else { format!("{relative}.py") };
    roots().into_iter().map(|root| root.join(&relative)).find(|path| path.is_file())
}

fn compile(source: &Path, origname: &str) -> Option<Vec<u8>> {
    let mut text = std::fs::read_to_string(source).ok()?;
    for (module, theirs, ours) in PATCHES {
        if *module == origname {
            if !text.contains(theirs) {
                println!("cargo::warning=module {origname} does not contain {theirs:?}: the patch is out of date");
            }
            text = text.replace(theirs, ours);
        }
    }
    let opts = CompileOpts { debug_ranges: true, ..CompileOpts::default() };
    let filename = format!("<frozen {origname}>");
    match rustpython_compiler::compile(&text, Mode::Exec, &filename, opts) {
        Ok(code) => {
            let mut data = vec![b'c'];
            serialize_code(&mut data, &code);
            Some(data)
        }
        Err(error) => {
            println!("cargo::warning=frozen module {origname}: {error}");
            None
        }
    }
}

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let mut table = String::from("/// The frozen modules.\npub static FROZEN: &[Frozen] = &[\n");
    println!("cargo::rerun-if-changed=build.rs");
    for entry in MODULES {
        let (name, origname) = entry.split_once('=').unwrap_or((entry, entry));
        let package = name.ends_with('/');
        let init = origname.ends_with('/');
        let (name, origname) = (name.trim_end_matches('/'), origname.trim_end_matches('/'));
        // `<` marks a second name of a package's `__init__`; no name at all, a module that exists only frozen.
        let library = if origname.is_empty() { "__hello__" } else { origname.trim_start_matches('<') };
        let Some(source) = find(library, init) else { continue };
        println!("cargo::rerun-if-changed={}", source.display());
        let code = match compile(&source, library) {
            Some(data) => {
                let file = out.join(format!("{name}.bin"));
                if let Err(error) = std::fs::write(&file, data) {
                    println!("cargo::warning=cannot write {}: {error}", file.display());
                    continue;
                }
                format!("include_bytes!({:?})", file.display().to_string())
            }
            None => "&[]".to_owned(),
        };
        let _ = writeln!(
            table,
            "    Frozen {{ name: {name:?}, origname: {origname:?}, is_package: {package}, code: {code}, source: {:?} }},",
            source.display().to_string()
        );
    }
    table.push_str("];\n");
    if let Err(error) = std::fs::write(out.join("frozen_table.rs"), table) {
        println!("cargo::warning=cannot write the table of frozen modules: {error}");
    }
}
