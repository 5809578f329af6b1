//! The command line: options, environment variables, exit codes, what can be run, compiled files, interactive sessions, and
//! input that is meant to break things. Each test starts the interpreter just built.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const RPY: &str = env!("CARGO_BIN_EXE_rpy");

/// The interpreter without the variables that the caller's environment may have.
fn rpy() -> Command {
    let mut command = Command::new(RPY);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
    command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs to the end, with `input` on standard input.
fn run_with(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the interpreter starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that ends early closes the pipe.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("the interpreter ends")
}

/// What a run with these arguments prints; it must succeed.
fn output(args: &[&str]) -> String {
    let out = rpy().args(args).output().expect("the interpreter starts");
    assert!(out.status.success(), "{args:?}: {}\n{}", out.status, text(&out.stderr));
    text(&out.stdout).trim_end().to_owned()
}

/// A directory of a test's own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("rpy-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a temporary directory");
        Folder(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(&path, content).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn options_show_in_sys() {
    for (args, code, wanted) in [
        (&["-E"][..], "sys.flags.ignore_environment", "1"),
        (&["-I"], "sys.flags.isolated, sys.flags.no_user_site, sys.flags.safe_path", "(1, 1, True)"),
        (&["-S"], "sys.flags.no_site, 'site' in sys.modules", "(1, False)"),
        (&["-s"], "sys.flags.no_user_site", "1"),
        (&["-P"], "'' in sys.path", "False"),
        (&["-B"], "sys.dont_write_bytecode", "True"),
        (&["-O"], "sys.flags.optimize, __debug__", "(1, False)"),
        (&["-OO"], "sys.flags.optimize, (lambda: 0).__doc__", "(2, None)"),
        (&["-u"], "sys.stdout.line_buffering, sys.stdout.write_through", "(False, True)"),
        (&["-bb"], "sys.flags.bytes_warning, sys.warnoptions", "(2, ['error::BytesWarning'])"),
        (&["-d"], "sys.flags.debug", "1"),
        (&["-q"], "sys.flags.quiet", "1"),
        (
            &["-W", "error", "-Wignore::DeprecationWarning"],
            "sys.warnoptions",
            "['error', 'ignore::DeprecationWarning']",
        ),
        (&["-X", "dev"], "sys.flags.dev_mode, sys.warnoptions", "(True, ['default'])"),
        (&["-X", "utf8=0"], "sys.flags.utf8_mode", "0"),
        (&["-X", "utf8"], "sys.flags.utf8_mode, sys.stdin.errors", "(1, 'surrogateescape')"),
        (&["-X", "int_max_str_digits=640"], "sys.get_int_max_str_digits()", "640"),
        (&["-X", "cpu_count=7"], "__import__('os').cpu_count()", "7"),
        (&["-X", "pycache_prefix=/x"], "sys.pycache_prefix", "/x"),
        (&["-X", "pycache_prefix="], "sys.pycache_prefix", "None"),
        (&["-X", "frozen_modules=off"], "__import__('os').__spec__.loader.__class__.__name__", "SourceFileLoader"),
        (&["-X", "no_debug_ranges"], "set(list((lambda: 0).__code__.co_positions())[0][2:])", "{None}"),
        (&["-X", "warn_default_encoding"], "sys.flags.warn_default_encoding", "1"),
        (&["-X", "made_up=1", "-Xother"], "sys._xoptions", "{'made_up': '1', 'other': True}"),
        (&["--check-hash-based-pycs", "never"], "__import__('_imp').check_hash_based_pycs", "never"),
    ] {
        let code = format!("import sys; shown = {code}; print(shown)");
        let args: Vec<&str> = args.iter().copied().chain(["-c", &code]).collect();
        assert_eq!(output(&args), wanted, "{args:?}");
    }
}

#[test]
fn environment_variables() {
    for (name, value, code, wanted) in [
        ("PYTHONOPTIMIZE", "2", "sys.flags.optimize", "2"),
        ("PYTHONOPTIMIZE", "x", "sys.flags.optimize", "1"),
        ("PYTHONSAFEPATH", "1", "'' in sys.path", "False"),
        ("PYTHONPATH", "/a:/b", "'/a' in sys.path and '/b' in sys.path", "True"),
        ("PYTHONNOUSERSITE", "1", "sys.flags.no_user_site", "1"),
        ("PYTHONUNBUFFERED", "1", "sys.stdout.write_through", "True"),
        ("PYTHONWARNINGS", "error,ignore", "sys.warnoptions", "['error', 'ignore']"),
        ("PYTHONIOENCODING", "latin1:replace", "sys.stdout.encoding, sys.stdout.errors", "('iso8859-1', 'replace')"),
        ("PYTHONHASHSEED", "0", "sys.flags.hash_randomization", "0"),
        ("PYTHONPYCACHEPREFIX", "/p", "sys.pycache_prefix", "/p"),
        ("PYTHONINTMAXSTRDIGITS", "0", "sys.get_int_max_str_digits()", "0"),
        ("PYTHON_CPU_COUNT", "5", "__import__('os').cpu_count()", "5"),
        ("PYTHONDEVMODE", "1", "sys.flags.dev_mode", "True"),
        ("PYTHONUTF8", "1", "sys.flags.utf8_mode", "1"),
        ("PYTHONPLATLIBDIR", "lib64", "sys.platlibdir", "lib64"),
        ("PYTHON_FROZEN_MODULES", "off", "__import__('os').__spec__.loader.__class__.__name__", "SourceFileLoader"),
    ] {
        let code = format!("import sys; shown = {code}; print(shown)");
        let run = |ignore: bool| {
            let mut command = rpy();
            if ignore {
                command.arg("-E");
            }
            let out = command.env(name, value).args(["-c", &code]).output().expect("the interpreter starts");
            text(&out.stdout).trim_end().to_owned()
        };
        assert_eq!(run(false), wanted, "{name}={value}");
        assert!(run(true) != wanted || name == "PYTHONUTF8", "{name} with -E");
    }
}

#[test]
fn unusable_options() {
    for (args, status, wanted) in [
        (&["-c"][..], 2, "Argument expected for the -c option"),
        (&["-m"], 2, "Argument expected for the -m option"),
        (&["-z"], 2, "Unknown option: -z"),
        (&["--made-up"], 2, "Unknown option: --made-up"),
        (&["--check-hash-based-pycs", "x"], 2, "must be one of 'default', 'always', or 'never'"),
        (&["-X", "int_max_str_digits=3", "-c", ""], 1, "-X int_max_str_digits: invalid limit"),
        (&["-X", "cpu_count=x", "-c", ""], 1, "-X cpu_count=n option"),
        (&["-X", "utf8=x", "-c", ""], 1, "invalid -X utf8 option value"),
        (&["-X", "importtime=3", "-c", ""], 1, "reserved for future use"),
        (&["-X", "gil=0", "-c", ""], 1, "Disabling the GIL is not supported"),
        (&["nowhere.py"], 2, "can't open file"),
        (&["-m", "nowhere"], 1, "No module named nowhere"),
    ] {
        let out = rpy().args(args).output().expect("the interpreter starts");
        assert_eq!(out.status.code(), Some(status), "{args:?}");
        assert!(text(&out.stderr).contains(wanted), "{args:?}: {}", text(&out.stderr));
    }
}

#[test]
fn help_and_version() {
    let help = output(&["-h"]);
    assert!(help.starts_with("usage: ") && !help.contains("PYTHONHOME") && help.lines().count() < 50, "{help}");
    assert!(output(&["--help-env"]).contains("PYTHONHOME"));
    assert!(output(&["--help-xoptions"]).contains("-X dev"));
    assert!(output(&["--help-all"]).contains("-X importtime"));
    assert_eq!(output(&["-V"]), "Python 3.14.0");
    assert!(output(&["-VV"]).contains("rpy"));
}

#[test]
fn exit_codes() {
    for (code, status, stderr) in [
        ("raise SystemExit", 0, ""),
        ("raise SystemExit(None)", 0, ""),
        ("raise SystemExit(7)", 7, ""),
        ("raise SystemExit(256)", 0, ""),
        ("raise SystemExit(-1)", 255, ""),
        ("raise SystemExit('why')", 1, "why\n"),
        ("raise SystemExit((1, 2))", 1, "(1, 2)\n"),
        ("class S(SystemExit):\n  code = 9\nraise S", 9, ""),
        ("class S(SystemExit):\n  code = property(lambda s: 1/0)\nraise S('x')", 1, "x\n"),
        ("import sys; sys.stderr = None; 1/0", 1, ""),
        ("import sys\ndef h(*a): raise SystemExit(7)\nsys.excepthook = h\n1/0", 7, ""),
        (
            "import threading, time; threading.Thread(target=time.sleep, args=(.05,)).start(); raise SystemExit(3)",
            3,
            "",
        ),
        ("import os; os._exit(11)", 11, ""),
    ] {
        let out = rpy().args(["-c", code]).output().expect("the interpreter starts");
        assert_eq!(out.status.code(), Some(status), "{code}");
        assert_eq!(text(&out.stderr), stderr, "{code}");
    }
}

#[test]
fn an_interrupt_ends_the_process_by_its_signal() {
    for code in ["raise KeyboardInterrupt", "import os, signal; os.kill(os.getpid(), signal.SIGINT)\nwhile True: pass"]
    {
        let out = rpy().args(["-c", code]).output().expect("the interpreter starts");
        assert_eq!(out.status.signal(), Some(libc::SIGINT), "{code}");
        assert!(text(&out.stderr).ends_with("KeyboardInterrupt\n"), "{code}");
    }
}

#[test]
fn closed_and_full_streams() {
    for (closed, name) in [(0, "stdin"), (1, "stdout"), (2, "stderr")] {
        let code = format!("import os, sys; os._exit(42 if sys.{name} is None else 1)");
        let mut command = rpy();
        command.args(["-c", &code]);
        // SAFETY: `close` may be called between fork and exec.
        unsafe {
            command.pre_exec(move || {
                libc::close(closed);
                Ok(())
            });
        }
        assert_eq!(command.status().expect("the interpreter starts").code(), Some(42), "{name}");
    }
    let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let out = rpy().args(["-c", "print(1)"]).stdout(full).stderr(Stdio::piped()).spawn();
    let out = out.and_then(std::process::Child::wait_with_output).expect("the interpreter runs");
    assert_eq!(out.status.code(), Some(120));
    assert!(text(&out.stderr).contains("Exception ignored while flushing sys.stdout:"), "{}", text(&out.stderr));
    let out = Command::new("sh")
        .arg("-c")
        .arg(format!("{RPY} -c 'for i in range(100000): print(i)' | head -1; exit ${{PIPESTATUS:-0}}"))
        .output()
        .expect("sh");
    assert_eq!(text(&out.stdout), "0\n");
    assert!(text(&out.stderr).contains("BrokenPipeError"), "{}", text(&out.stderr));
}

#[test]
fn what_can_be_run() {
    let folder = Folder::new("run");
    let show = "import sys; print(__name__, sys.argv[1:], __spec__ and __spec__.name)\n";
    let script = folder.write("script.py", show);
    folder.write("dir/__main__.py", show);
    folder.write("pkg/__init__.py", "");
    folder.write("pkg/__main__.py", show);
    folder.write("pkg/mod.py", show);
    let x = folder.write("x.py", format!("this is no Python\n{show}"));
    let in_folder = |args: &[&OsStr]| {
        let out = rpy().current_dir(&folder.0).args(args).output().expect("the interpreter starts");
        assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
        text(&out.stdout)
    };
    let s = OsStr::new;
    assert_eq!(in_folder(&[script.as_os_str(), s("a"), s("-b")]), "__main__ ['a', '-b'] None\n");
    // A script knows its place from the root, and `sys.argv` says what was typed.
    folder.write("where.py", "import sys; print(__file__, (lambda: 0).__code__.co_filename, sys.argv, sys.path[0])");
    let root = folder.0.display();
    let place = format!("{root}/dir/../where.py");
    assert_eq!(in_folder(&[s("dir/../where.py")]), format!("{place} {place} ['dir/../where.py'] {root}\n"));
    assert_eq!(in_folder(&[s("dir"), s("a")]), "__main__ ['a'] __main__\n");
    assert_eq!(in_folder(&[s("-m"), s("pkg"), s("a")]), "__main__ ['a'] pkg.__main__\n");
    assert_eq!(in_folder(&[s("-m"), s("pkg.mod")]), "__main__ [] pkg.mod\n");
    assert_eq!(in_folder(&[s("-x"), x.as_os_str()]), "__main__ [] None\n");
    assert_eq!(in_folder(&[s("-c"), s("import sys\n  \nprint(sys.argv)"), s("-z")]), "['-c', '-z']\n");
    assert_eq!(in_folder(&[s("-c"), s("\n    if 1:\n        print(2)\n")]), "2\n");
    in_folder(&[s("-m"), s("zipfile"), s("-c"), s("app.zip"), s("script.py")]);
    let out = rpy().current_dir(&folder.0).arg("app.zip").output().expect("the interpreter starts");
    assert!(text(&out.stderr).contains("can't find '__main__' module"), "{}", text(&out.stderr));
    in_folder(&[s("-c"), s("import zipfile; zipfile.ZipFile('app.zip', 'w').write('dir/__main__.py', '__main__.py')")]);
    assert_eq!(in_folder(&[s("app.zip"), s("q")]), "__main__ ['q'] __main__\n");
    let out = run_with(rpy().args(["-", "a"]), b"import sys; print(sys.argv)\n1/0\n");
    assert_eq!(text(&out.stdout), "['-', 'a']\n");
    assert!(text(&out.stderr).contains("File \"<stdin>\", line 2, in <module>"), "{}", text(&out.stderr));
    // A pipe can be read once only.
    let out = Command::new("sh").arg("-c").arg(format!("echo 'print(5)' | {RPY} /dev/stdin")).output().expect("sh");
    assert_eq!(text(&out.stdout), "5\n");
}

#[test]
fn compiled_files() {
    let folder = Folder::new("pyc");
    folder.write("m.py", "print('m')\n");
    let run = || {
        let mut command = rpy();
        command.env_remove("PYTHONDONTWRITEBYTECODE").env("PYTHONPATH", &folder.0).args(["-c", "import m"]);
        let out = command.output().expect("the interpreter starts");
        (out.status.success(), text(&out.stdout), text(&out.stderr))
    };
    assert_eq!(run(), (true, "m\n".to_owned(), String::new()));
    let cache = folder.0.join("__pycache__/m.rpy-314.pyc");
    let good = std::fs::read(&cache).expect("a compiled file under rpy's own tag");
    // A foreign magic number, other flags, another time stamp: compiled anew.
    for (at, name) in [(0, "magic"), (2, "magic"), (8, "time"), (12, "size")] {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        std::fs::write(&cache, bad).expect("a file");
        assert_eq!(run(), (true, "m\n".to_owned(), String::new()), "{name}");
    }
    for cut in [0, 3, 15] {
        std::fs::write(&cache, &good[..cut]).expect("a file");
        assert_eq!(run(), (true, "m\n".to_owned(), String::new()), "cut to {cut}");
    }
    // Right head, spoilt content: an exception, not a crash.
    for cut in (16..good.len()).step_by(7) {
        std::fs::write(&cache, &good[..cut]).expect("a file");
        let (ok, _, err) = run();
        assert!(
            !ok && err.contains("EOFError") || err.contains("ValueError") || err.contains("ImportError"),
            "{cut}: {err}"
        );
    }
    std::fs::write(&cache, &good).expect("a file");
    let out = rpy().arg(&cache).output().expect("the interpreter starts");
    assert_eq!(text(&out.stdout), "m\n");
    std::fs::write(&cache, [&[1, 2, 3, 4][..], &good[4..]].concat()).expect("a file");
    let out = rpy().arg(&cache).output().expect("the interpreter starts");
    assert!(text(&out.stderr).contains("Bad magic number in .pyc file"), "{}", text(&out.stderr));
}

#[test]
fn plain_interactive_session() {
    for (input, wanted) in [
        ("1 + 1\n", "2\n"),
        ("x = 3\nx\n\n# comment\n   \nNone\n", "3\n"),
        ("if 1:\n  print(1)\nelse:\n  pass\n\n5\n", "1\n5\n"),
        ("def f():\n  return 7\n\nf()\n", "7\n"),
        ("(1,\n2)\n", "(1, 2)\n"),
        ("'''a\nb'''\n", "'a\\nb'\n"),
        ("try:\n  1/0\nexcept ZeroDivisionError:\n  print('z')\n\n", "z\n"),
        ("1/0\n2\n", "2\n"),
        ("a b\n2\n", "2\n"),
        ("_\n3\n_ + 1\n", "3\n4\n"),
        ("input()\nabc\n", "'abc'\n"),
        ("from __future__ import annotations\ndef f(x: y): pass\n\nf.__annotations__\n", "{'x': 'y'}\n"),
        ("for i in range(2):\n  i", "0\n1\n"),
        ("raise KeyboardInterrupt\n6\n", "6\n"),
    ] {
        let out = run_with(rpy().args(["-i", "-q"]), input.as_bytes());
        assert_eq!(text(&out.stdout), wanted, "{input:?}: {}", text(&out.stderr));
        assert_eq!(out.status.code(), Some(0), "{input:?}");
    }
    let out = run_with(rpy().arg("-i"), b"import sys\nsys.ps1 = 'P> '\nsys.exit(3)\n");
    let err = text(&out.stderr);
    assert!(err.starts_with("Python 3.14.0 (rpy ") && err.ends_with(">>> >>> P> "), "{err}");
    assert_eq!(out.status.code(), Some(3));
    // After a program; SystemExit does not end it then.
    let out = run_with(rpy().args(["-i", "-c", "x = 5; raise SystemExit(4)"]), b"x\n");
    assert_eq!((text(&out.stdout), out.status.code()), ("5\n".to_owned(), Some(0)));
    let out = run_with(rpy().args(["-i", "-c", "import os; os.environ['PYTHONINSPECT'] = '1'"]), b"2\n");
    assert_eq!(text(&out.stdout), "2\n");
    let folder = Folder::new("startup");
    let startup = folder.write("startup.py", "started = 'yes'\n");
    let out = run_with(rpy().args(["-i", "-q"]).env("PYTHONSTARTUP", &startup), b"started\n");
    assert_eq!(text(&out.stdout), "'yes'\n");
}

#[test]
fn imports_are_timed() {
    let out = rpy().args(["-X", "importtime=2", "-c", "import json, json"]).output().expect("the interpreter starts");
    let err = text(&out.stderr);
    assert!(err.contains("import time: self [us] | cumulative | imported package"), "{err}");
    assert!(err.lines().any(|l| l.ends_with("|     json.scanner")), "{err}");
    assert!(err.lines().any(|l| l == "import time: cached    | cached     | json"), "{err}");
}

#[test]
fn verbose_import() {
    let out = rpy().args(["-v", "-c", "import json"]).output().expect("the interpreter starts");
    let err = text(&out.stderr);
    assert!(out.status.success() && err.contains("import 'json' # "), "{err}");
}

#[test]
fn an_installed_prefix() {
    let folder = Folder::new("prefix");
    std::fs::create_dir_all(folder.0.join("bin")).expect("a directory");
    let installed = folder.0.join("bin/rpy");
    std::fs::copy(RPY, &installed).expect("a copy");
    let library = output(&["-c", "import sys; print(sys._stdlib_dir)"]);
    // What an installation copies: the library, and the project's own files over it.
    let installed_library = folder.0.join("lib/python3.14");
    std::fs::create_dir_all(&installed_library).expect("a directory");
    for source in [Path::new(env!("CARGO_MANIFEST_DIR")).join("Lib"), PathBuf::from(library)] {
        for entry in std::fs::read_dir(source).expect("a directory").flatten() {
            // What is there already is the project's own.
            let _ = std::os::unix::fs::symlink(entry.path(), installed_library.join(entry.file_name()));
        }
    }
    let code = "import sys, json, sysconfig; print(sys.prefix, json.__file__, sysconfig.get_path('purelib'))";
    for dir in [Path::new("/"), &folder.0] {
        let out = Command::new(&installed).current_dir(dir).args(["-I", "-B", "-c", code]).output().expect("it starts");
        let root = folder.0.display();
        let wanted = format!("{root} {root}/lib/python3.14/json/__init__.py {root}/lib/python3.14/site-packages\n");
        assert_eq!(text(&out.stdout), wanted, "{}", text(&out.stderr));
    }
}

#[test]
fn exhausted_memory() {
    let limited = |code: &str| {
        let out = Command::new("sh")
            .arg("-c")
            .arg(format!("ulimit -v 1200000; exec {RPY} -B -c \"$1\""))
            .args(["sh", code])
            .output()
            .expect("sh");
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    };
    for expression in [
        "bytearray(1 << 62)",
        "bytes(1 << 40)",
        "'x' * (1 << 40)",
        "[0] * (1 << 60)",
        "(0,) * (1 << 40)",
        "1 << (1 << 40)",
        "list(range(1 << 40))",
        "__import__('os').urandom(1 << 40)",
        "__import__('os').read(0, 1 << 40)",
        "open('/dev/zero', 'rb').read(1 << 40)",
        "open('/dev/zero', 'rb', buffering=0).read()",
        "'x'.ljust(1 << 40)",
        "'%*d' % (1 << 40, 3)",
        "b'%429967292f' % 1.5 + b'%929967292f' % 1.5",
        "[format(__import__('decimal').Decimal('1.5'), f'0{n << 20}') for n in (40, 60, 90, 140, 210, 320, 480, 720)]",
        "__import__('re').sub(b'', bytes(1 << 20), bytes(1 << 12))",
        "__import__('re').sub('', 'x' * (1 << 20), 'x' * (1 << 12))",
        "__import__('marshal').load(__import__('io').BytesIO(b'\\xa8\\xff\\xff\\xff\\x7f'))",
    ] {
        let code = format!("try: {expression}\nexcept (MemoryError, OverflowError) as e: print('refused')");
        assert_eq!(limited(&code).1, "refused\n", "{code}: {:?}", limited(&code));
    }
    for body in [
        "x = []\n while 1: x.append([len(x) * 1.5])",
        "x = None\n while 1: x = (x,)",
        "import collections; x = collections.deque()\n while 1: x.append(len(x) * 1.5)",
        "x = {}\n while 1: x[len(x)] = str(len(x))",
        "class A: pass\n x = None\n while 1: y = A(); y.n = x; x = y",
        "x = bytearray()\n while 1: x += bytes(1 << 20)",
    ] {
        let code = format!("def f():\n {body}\ntry: f()\nexcept MemoryError: print('refused')");
        assert_eq!(limited(&code).1, "refused\n", "{code}: {:?}", limited(&code));
    }
}

#[test]
fn recursion_ends_in_an_exception() {
    let code = r#"
import json, sys, threading
def nested(n, x=()):
    for _ in range(n): x = [x]
    return x
def tuples(n, x=()):
    for _ in range(n): x = (x,)
    return x
def function(): return function()
class A:
    def __getattr__(self, name): return getattr(self, name)
    def __repr__(self): return repr(self)
    def __eq__(self, other): return self == other
def maps():
    x = iter([1])
    for _ in range(200000): x = map(int, x)
    return list(x)
def proxies():
    import types
    x = {}
    for _ in range(100000): x = types.MappingProxyType(x)
    return x['a']
cases = [function, lambda: A().x, lambda: repr(A()), lambda: A() == 1, lambda: repr(nested(100000)),
    lambda: nested(100000) == nested(100000), lambda: tuples(100000) < tuples(100000), lambda: json.dumps(nested(100000)),
    lambda: json.loads('[' * 100000), lambda: eval('(' * 10000 + ')' * 10000), lambda: eval('-' * 100000 + '1'), maps, proxies]
def run():
    for case in cases:
        try: case()
        except (RecursionError, MemoryError, SyntaxError, TypeError, KeyError): pass
    tuples(1000000), nested(1000000)
run()
for size in (0, 256 << 10):
    threading.stack_size(size)
    t = threading.Thread(target=run)
    t.start()
    t.join()
print('done')
"#;
    assert_eq!(output(&["-c", code]), "done");
}

/// A function that no loop contains is compiled by itself.
#[test]
fn functions_that_are_called_often_are_compiled() {
    let folder = Folder::new("functions");
    let log = folder.0.join("log");
    let program = "def square(x):\n    return x * x + 1\nprint(sum(map(square, range(200_000))))";
    let out = rpy().env("RPY_JIT_LOG", &log).args(["-c", program]).output().expect("the interpreter starts");
    assert_eq!(text(&out.stdout).trim_end(), "2666646666900000");
    let log = std::fs::read_to_string(log).expect("the log");
    assert!(log.contains("== compiled square (<string>:1) (function)"), "{log}");
}

/// An `__eq__` that adds to the very set that is searched takes the place that the search has found. (CPython loses that element.)
#[test]
fn sets_that_change_while_they_are_searched() {
    let code = r"
class Key:
    then = None
    def __hash__(self): return 7
    def __eq__(self, other):
        then, Key.then = Key.then, None
        if then: then()
        return self is other
removed, first, second, third = [Key() for _ in range(4)]
keys = {removed, first}
keys.remove(removed)
Key.then = lambda: keys.add(third)
keys.add(second)
assert len(keys) == 3 and all(key in keys for key in (first, second, third)), len(keys)
while keys: keys.pop()
print('done')
";
    assert_eq!(output(&["-c", code]), "done");
}
