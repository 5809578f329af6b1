//! The texts that `-h`, `--help-env` and `--help-xoptions` print, as tables.

/// The options: how they are written, and lines that say what they do.
const OPTIONS: &[(&str, &[&str])] = &[
    ("-b", &["warn about bytes where a str is meant: str(bytes), comparing bytes with str", "or int (-bb: errors)"]),
    ("-B", &["write no .pyc files; also PYTHONDONTWRITEBYTECODE=x"]),
    ("-c cmd", &["run the text of a program (ends the list of options)"]),
    ("-d", &["accepted, without effect; also PYTHONDEBUG=x"]),
    ("-E", &["ignore the PYTHON* environment variables"]),
    ("-h", &["print this text and exit (also -? or --help)"]),
    ("-i", &["go on interactively after the program, whatever stdin is;", "also PYTHONINSPECT=x"]),
    ("-I", &["isolate from the user's environment (implies -E, -P and -s)"]),
    ("-m mod", &["run a library module as a script (ends the list of options)"]),
    ("-O", &["drop assertions and what depends on __debug__; also PYTHONOPTIMIZE=x"]),
    ("-OO", &["as -O, and drop docstrings"]),
    ("-P", &["put no unsafe directory in front of sys.path; also PYTHONSAFEPATH"]),
    ("-q", &["print no version at the start of an interactive session"]),
    ("-R", &["randomize hashes even if PYTHONHASHSEED says otherwise"]),
    ("-s", &["keep the user's site directory off sys.path; also PYTHONNOUSERSITE=x"]),
    ("-S", &["do not import site at the start"]),
    ("-u", &["do not buffer stdout and stderr; also PYTHONUNBUFFERED=x"]),
    ("-v", &["trace imports; twice: more so; also PYTHONVERBOSE=x"]),
    ("-V", &["print the version and exit (also --version); twice: with details"]),
    ("-W arg", &["control warnings; action:message:category:module:lineno", "also PYTHONWARNINGS=arg"]),
    ("-x", &["skip the first line of the program"]),
    ("-X opt", &["set an option of the implementation: see --help-xoptions"]),
    ("--check-hash-based-pycs always|default|never", &["how hash-based .pyc files are checked"]),
    ("--help-env", &["print what environment variables there are, and exit"]),
    ("--help-xoptions", &["print what -X options there are, and exit"]),
    ("--help-all", &["print all of this, and exit"]),
];

const ARGUMENTS: &[(&str, &[&str])] = &[
    ("file", &["the program: a file, a directory or an archive with a __main__.py"]),
    ("-", &["read the program from stdin (the default; interactive at a terminal)"]),
    ("arg ...", &["what the program finds in sys.argv[1:]"]),
];

/// Environment variables of their own.
const VARIABLES: &[(&str, &[&str])] = &[
    ("PYTHON_BASIC_REPL", &["the plain interactive prompt instead of the one with colours and editing"]),
    ("PYTHONBREAKPOINT", &["0 switches breakpoint() off; else the callable it calls"]),
    ("PYTHONCOERCECLOCALE", &["0: leave the C locale as it is; warn: say when it is changed"]),
    ("PYTHON_COLORS", &["1: colours in messages; 0: none"]),
    ("PYTHONHASHSEED", &["'random', or a number that makes the hashes of str and bytes predictable"]),
    ("PYTHON_HISTORY", &["where the interactive session keeps its history"]),
    ("PYTHONHOME", &["another prefix of the library (or PREFIX:EXEC_PREFIX)"]),
    ("PYTHONIOENCODING", &["encoding[:errors] of stdin, stdout and stderr"]),
    ("PYTHONPATH", &["directories separated by ':', put in front of the default sys.path"]),
    ("PYTHONPLATLIBDIR", &["sys.platlibdir"]),
    ("PYTHONSTARTUP", &["a file run at the start of an interactive session"]),
];

/// Environment variables that do what an option does.
const EQUIVALENT_VARIABLES: &[(&str, &[&str])] = &[
    ("PYTHON_CONTEXT_AWARE_WARNINGS", &["-X context_aware_warnings"]),
    ("PYTHON_CPU_COUNT", &["-X cpu_count"]),
    ("PYTHONDEBUG", &["-d"]),
    ("PYTHONDEVMODE", &["-X dev"]),
    ("PYTHONDONTWRITEBYTECODE", &["-B"]),
    ("PYTHONFAULTHANDLER", &["-X faulthandler"]),
    ("PYTHON_FROZEN_MODULES", &["-X frozen_modules"]),
    ("PYTHONINSPECT", &["-i"]),
    ("PYTHONINTMAXSTRDIGITS", &["-X int_max_str_digits"]),
    ("PYTHONNODEBUGRANGES", &["-X no_debug_ranges"]),
    ("PYTHONNOUSERSITE", &["-s"]),
    ("PYTHONOPTIMIZE", &["-O"]),
    ("PYTHONPROFILEIMPORTTIME", &["-X importtime"]),
    ("PYTHONPYCACHEPREFIX", &["-X pycache_prefix"]),
    ("PYTHONSAFEPATH", &["-P"]),
    ("PYTHON_THREAD_INHERIT_CONTEXT", &["-X thread_inherit_context"]),
    ("PYTHONTRACEMALLOC", &["-X tracemalloc"]),
    ("PYTHONUNBUFFERED", &["-u"]),
    ("PYTHONUTF8", &["-X utf8"]),
    ("PYTHONVERBOSE", &["-v"]),
    ("PYTHONWARNDEFAULTENCODING", &["-X warn_default_encoding"]),
    ("PYTHONWARNINGS", &["-W"]),
];

const X_OPTIONS: &[(&str, &[&str])] = &[
    ("-X context_aware_warnings=[0|1]", &["keep warning filters in the context, not in the module"]),
    ("-X cpu_count=N", &["what os.cpu_count() gives; 'default' takes it back"]),
    ("-X dev", &["development mode: more checks and warnings"]),
    ("-X faulthandler", &["show the Python traceback on fatal errors"]),
    ("-X frozen_modules=[on|off]", &["use the modules that are compiled in; the default is on"]),
    ("-X importtime[=2]", &["show how long imports take; 2: also those of modules already there"]),
    ("-X int_max_str_digits=N", &["limit of conversions between int and str; 0: none"]),
    (
        "-X jit=[off|on|eager|fail|shake|log]",
        &[
            "compile hot loops (the default); eager: at once; fail: each guard fails once; shake[=N]: by lot; log: show what becomes of them",
        ],
    ),
    ("-X jit-threads=N", &["how many threads compute with numpy's big arrays; default: one for each processor"]),
    ("-X no_debug_ranges", &["keep no columns in code objects"]),
    ("-X pycache_prefix=PATH", &["write .pyc files to a parallel tree"]),
    ("-X thread_inherit_context=[0|1]", &["threads start with a copy of their creator's context"]),
    ("-X tracemalloc[=N]", &["trace allocations, with N frames each"]),
    ("-X utf8[=0|1]", &["switch UTF-8 mode on or off"]),
    ("-X warn_default_encoding", &["warn where text files are opened without an encoding"]),
];

/// `usage: ...`
pub fn usage(program: &str) -> String {
    format!("usage: {program} [option] ... [-c cmd | -m mod | file | -] [arg] ...\n")
}

/// Entries with what they do; a long name has its text on the next line.
fn table(text: &mut String, entries: &[(&str, &[&str])], width: usize) {
    for (name, lines) in entries {
        let indent = " ".repeat(width + 2);
        let mut lines = lines.iter();
        if name.len() <= width {
            let first = lines.next().unwrap_or(&"");
            text.push_str(&format!("{name:width$}: {first}\n"));
        } else {
            text.push_str(&format!("{name}:\n"));
        }
        for line in lines {
            text.push_str(&format!("{indent}{line}\n"));
        }
    }
}

/// `-h`
pub fn options(program: &str) -> String {
    let mut text = usage(program);
    text.push_str("Options (and environment variables that do the same):\n");
    table(&mut text, OPTIONS, 7);
    text.push_str("\nArguments:\n");
    table(&mut text, ARGUMENTS, 7);
    text
}

/// `--help-env`
pub fn environment() -> String {
    let mut text = "Environment variables that change behavior:\n".to_owned();
    table(&mut text, VARIABLES, 19);
    text.push_str("\nThese variables have equivalent command-line options (see --help for details):\n");
    table(&mut text, EQUIVALENT_VARIABLES, 29);
    text
}

/// `--help-xoptions`
pub fn x_options() -> String {
    let mut text = "The following implementation-specific options are available:\n".to_owned();
    table(&mut text, X_OPTIONS, 31);
    text
}

/// `--help-all`
pub fn all(program: &str) -> String {
    format!("{}\n{}\n{}", options(program), environment(), x_options())
}
