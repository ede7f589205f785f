// SPDX-License-Identifier: MIT
//! Links the engine: the installed library where pkg-config finds one, or else the sources in `core` and `capi`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The sources use no C++ run time, so that nothing but zlib needs to be linked with them.
const FLAGS: [&str; 9] = [
    "-std=c++20",
    "-O2",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-threadsafe-statics",
    "-DTW_STATIC",
    "-Icapi/include",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let from_sources = env::var_os("CARGO_FEATURE_SOURCE").is_some() || is_set("TIDEWIRE_NO_PKG_CONFIG");
    if from_sources || !link_installed() {
        build_sources();
    }
}

/// The value of a variable that this build depends on.
fn variable(name: &str) -> Option<String> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether a variable is set to something other than 0.
fn is_set(name: &str) -> bool {
    variable(name).is_some_and(|value| value != "0")
}

/// A variable that Cargo sets for build scripts.
fn cargo(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| fail(&format!("Cargo did not set {name}")))
}

/// Ends the build with a sentence that says what to do.
fn fail(message: &str) -> ! {
    println!("cargo::error={message}");
    std::process::exit(1)
}

// ---- The installed library

/// Links the installed library; false where there is none that fits.
fn link_installed() -> bool {
    for name in ["PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR"] {
        variable(name);
    }
    let is_static = is_set("TIDEWIRE_STATIC");
    // pkg-config tells of this machine, unless it was set up for another one.
    if cargo("HOST") != cargo("TARGET") && !is_set("PKG_CONFIG_ALLOW_CROSS") {
        return false;
    }
    let program = variable("PKG_CONFIG").unwrap_or_else(|| "pkg-config".to_owned());
    let version = cargo("CARGO_PKG_VERSION");
    let Some(libs) = pkg_config(&program, &version, is_static) else {
        return false;
    };
    for flag in libs.split_whitespace() {
        if let Some(folder) = flag.strip_prefix("-L") {
            println!("cargo::rustc-link-search=native={folder}");
        } else if flag == "-ltidewire" && is_static {
            println!("cargo::rustc-link-lib=static=tidewire");
        } else if let Some(name) = flag.strip_prefix("-l") {
            println!("cargo::rustc-link-lib={name}");
        }
    }
    true
}

/// The linker flags of a library that is `version` or later. Whether it still has our binary interface, it tells
/// itself: `tw_get_api`.
fn pkg_config(program: &str, version: &str, is_static: bool) -> Option<String> {
    let run = |arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    run(&[&format!("--atleast-version={version}"), "tidewire"])?;
    let libs: &[&str] = if is_static { &["--libs", "--static", "tidewire"] } else { &["--libs", "tidewire"] };
    // Folders of the system too: the archive is looked for by rustc, which does not know them.
    let keep = ["--keep-system-libs"];
    run(&[&keep, libs].concat()).or_else(|| run(libs))
}

// ---- The sources

/// Compiles all sources as one file, in which the compiler sees across them, and puts the object into an archive.
fn build_sources() {
    let out = PathBuf::from(cargo("OUT_DIR"));
    let root = PathBuf::from(cargo("CARGO_MANIFEST_DIR"));
    let (unit, object, archive) = (out.join("tidewire.cc"), out.join("tidewire.o"), out.join("libtidewire.a"));
    let mut text = String::new();
    for folder in ["core", "capi"] {
        println!("cargo::rerun-if-changed={folder}");
        for source in sources(&root.join(folder)) {
            let _ = writeln!(text, "#include \"{folder}/{source}\"");
        }
    }
    fs::write(&unit, text).unwrap_or_else(|error| fail(&format!("cannot write {}: {error}", unit.display())));
    compile(&root, &unit, &object);
    let _ = fs::remove_file(&archive);
    let archiver = tool("AR").unwrap_or_else(|| "ar".to_owned());
    let output = run(&archiver, Command::new(&archiver).arg("crs").arg(&archive).arg(&object));
    if !output.status.success() {
        fail(&format!("{archiver} failed: {}", one_line(&output.stderr)));
    }
    println!("cargo::rustc-link-search=native={}", out.display());
    println!("cargo::rustc-link-lib=static=tidewire");
    println!("cargo::rustc-link-lib=z");
}

/// The sources that a CMakeLists.txt lists, one on a line.
fn sources(folder: &Path) -> Vec<String> {
    let list = folder.join("CMakeLists.txt");
    let text = fs::read_to_string(&list).unwrap_or_else(|error| {
        fail(&format!("cannot read {}: {error}; without the sources, install the library", list.display()))
    });
    let is_source = |name: &&str| {
        name.strip_suffix(".cc").is_some_and(|stem| {
            stem.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_/".contains(&byte))
        })
    };
    let names = text.lines().filter(|line| line.starts_with(' ')).map(|line| line.trim().trim_end_matches(')'));
    names.filter(is_source).map(str::to_owned).collect()
}

/// Compiles `unit` to `object`.
fn compile(root: &Path, unit: &Path, object: &Path) {
    let compiler = tool("CXX").unwrap_or_else(|| "c++".to_owned());
    // A compiler may be named with a launcher or flags: "ccache g++".
    let mut words = compiler.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("c++"));
    command.args(words).current_dir(root).args(FLAGS).arg("-I.");
    if let Some(flags) = tool("CXXFLAGS") {
        command.args(flags.split_whitespace());
    }
    let output = run(&compiler, command.arg("-c").arg(unit).arg("-o").arg(object));
    if output.status.success() {
        return;
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    eprint!("{errors}");
    // GCC and Clang say it in different words.
    if errors.contains("zlib.h: No such file") || errors.contains("'zlib.h' file not found") {
        fail("the header of zlib is missing: install zlib1g-dev (Debian), zlib-devel (Fedora) or zlib-dev (Alpine)");
    }
    fail(&format!("{compiler} cannot compile the engine, which needs C++20 as GCC 12 and Clang 14 know it; see above"));
}

/// A tool for the target, or flags for it: of `NAME_<target>`, or of `NAME`.
fn tool(name: &str) -> Option<String> {
    let target = cargo("TARGET").replace('-', "_");
    variable(&format!("{name}_{target}")).or_else(|| variable(name))
}

/// Runs a command, which is there.
fn run(name: &str, command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        fail(&format!(
            "cannot run {name}: {error}. Install g++ (Debian), gcc-c++ (Fedora) or g++ (Alpine), or set CXX and AR"
        ))
    })
}

/// What a tool printed, for a message of one line.
fn one_line(text: &[u8]) -> String {
    String::from_utf8_lossy(text).lines().collect::<Vec<_>>().join("; ")
}
