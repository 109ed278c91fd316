//! The command `khatt`: see the library for what it does.

fn main() -> std::process::ExitCode {
    khatt::cli::main()
}
