//! Virtual environments and pip, without a network: what `-m venv` makes, what the Python inside knows of itself, and what the
//! pip inside installs, runs and takes away.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const RPY: &str = env!("CARGO_BIN_EXE_rpy");

/// A command without the variables that the caller's environment may have.
fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("PYTHON") || name.starts_with("PIP_") || name == "VIRTUAL_ENV" {
            command.env_remove(&*name);
        }
    }
    // Nothing of what the machine's configuration says about indexes is asked for.
    command.env("PIP_CONFIG_FILE", "/dev/null").env("PIP_NO_INDEX", "1").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a run prints; it must succeed.
fn printed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    assert!(status.success(), "{command:?}: {status}\n{}{}", text(&stdout), text(&stderr));
    text(&stdout).trim_end().to_owned()
}

/// An empty directory of a test's own. What is left in it can be looked at.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

/// An environment at `env` in the directory.
fn environment(folder: &Path, options: &[&str]) -> PathBuf {
    printed(command(RPY).current_dir(folder).args(["-m", "venv"]).args(options).arg("env"));
    folder.join("env")
}

/// Prints what a Python says about itself, one a line.
const ABOUT: &str = "import sys, sysconfig
print(sys.prefix, sys.exec_prefix, sys.executable, sep='\\n')
print(sys.base_prefix, sys._base_executable, sep='\\n')
print(sysconfig.get_path('purelib'), sysconfig.get_path('scripts'), sep='\\n')
print(sys.flags.no_user_site, sys.prefix != sys.base_prefix, sysconfig.get_default_scheme())";

#[test]
fn an_environment_knows_itself() {
    let base =
        printed(command(RPY).args(["-c", "import sys; print(sys.base_prefix, sys._base_executable, sep='\\n')"]));
    for options in
        [&["--without-pip"][..], &["--without-pip", "--copies"], &["--without-pip", "--system-site-packages"]]
    {
        let folder = folder("about");
        let env = environment(&folder, options);
        let env = env.display();
        let wanted = format!(
            "{env}\n{env}\n{env}/bin/python\n{base}\n{env}/lib/python3.14/site-packages\n{env}/bin\n0 True venv"
        );
        assert_eq!(printed(command(format!("{env}/bin/python")).args(["-c", ABOUT])), wanted, "{options:?}");
        // An environment made from an environment has the same base.
        let inner = folder.join("inner");
        printed(command(format!("{env}/bin/python3")).args(["-m", "venv", "--without-pip"]).arg(&inner));
        let code = "import sys; print(sys.base_prefix, sys._base_executable, sep='\\n')";
        assert_eq!(printed(command(inner.join("bin/python")).args(["-c", code])), base, "{options:?}");
        // And it can be brought up to date in place.
        printed(command(RPY).current_dir(&folder).args(["-m", "venv", "--without-pip", "--upgrade", "env"]));
    }
}

/// A wheel of one module with a command, written by hand.
const MAKE_WHEEL: &str = "import zipfile
with zipfile.ZipFile('parcel-1.5-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('parcel.py', 'import sys\\ndef main(): print(\"parcel\", sys.argv[1:])\\n')
    info = 'parcel-1.5.dist-info/'
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: parcel\\nVersion: 1.5\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'entry_points.txt', '[console_scripts]\\nparcel = parcel:main\\n')
    wheel.writestr(info + 'RECORD', '')";

#[test]
fn pip_installs_and_uninstalls() {
    let folder = folder("pip");
    let env = environment(&folder, &[]);
    let bin = env.join("bin");
    let pip = |args: &[&str]| {
        printed(command(bin.join("pip")).current_dir(&folder).arg("--disable-pip-version-check").args(args))
    };
    assert!(
        pip(&["--version"])
            .ends_with(&format!("from {}/lib/python3.14/site-packages/pip (python 3.14)", env.display()))
    );
    assert_eq!(pip(&["list", "--format=freeze"]).split("==").next(), Some("pip"));

    printed(command(RPY).current_dir(&folder).args(["-c", MAKE_WHEEL]));
    pip(&["install", "./parcel-1.5-py3-none-any.whl"]);
    assert_eq!(printed(command(bin.join("parcel")).arg("a b")), "parcel ['a b']");
    assert_eq!(
        printed(command(bin.join("python")).args(["-c", "import parcel; print(parcel.__file__)"])),
        format!("{}/lib/python3.14/site-packages/parcel.py", env.display())
    );
    assert!(pip(&["freeze"]).starts_with("parcel @ file://"));
    assert_eq!(pip(&["check"]), "No broken requirements found.");
    pip(&["uninstall", "--yes", "parcel"]);
    assert!(!bin.join("parcel").exists());
    assert_eq!(pip(&["freeze"]), "");
    // The base has none of it.
    let missing = command(RPY).args(["-c", "import pip"]).output().expect("the interpreter starts");
    assert!(text(&missing.stderr).contains("No module named 'pip'"));
}

/// Which wheels pip takes, best first.
const TAGS: &str = "from pip._vendor.packaging.tags import sys_tags
names = [str(tag) for tag in sys_tags()]
for wanted in ('cp314-cp314-manylinux_2_28_x86_64', 'cp314-abi3-manylinux_2_17_x86_64', 'cp39-abi3-manylinux2014_x86_64',
               'cp314-none-any', 'py3-none-any'):
    print(wanted in names)
print(names[0].startswith('cp314-cp314-'), any('rpy' in name or 'pypy' in name for name in names))";

#[test]
fn wheels_of_cpython_are_taken() {
    let env = environment(&folder("tags"), &[]);
    let tags = printed(command(env.join("bin/python")).args(["-c", TAGS]));
    assert_eq!(tags, "True\nTrue\nTrue\nTrue\nTrue\nTrue False");
}
