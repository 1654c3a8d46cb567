# Short names for what CONTRIBUTING.md describes; nothing here installs or updates by itself.

# Everything that CI runs.
check:
    tests/run

# The Rust side alone.
rust:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test

# Rewrite the golden files, the schemas and the example, then read the diff.
update:
    UPDATE_GOLDEN=1 cargo test --test golden --test schemas
    cargo run --release -- gen generated-example/stack.yaml

# Ratios of DESIGN's generator line, the agent under load, the server beside a bare one.
bench:
    PATH="$(scripts/python_environment.sh)/bin:$PATH" python benches/generator.py
    PATH="$(scripts/python_environment.sh)/bin:$PATH" python benches/agent.py
    PATH="$(scripts/python_environment.sh)/bin:$PATH" python benches/server.py
    PATH="$(scripts/python_environment.sh)/bin:$PATH" python benches/server_ratio.py

# Three minutes of fuzzing one target: check, query or metadata; wants nightly and cargo-fuzz.
fuzz target="check":
    mkdir -p fuzz/corpus/{{target}}
    cargo +nightly fuzz run --sanitizer none {{target}} fuzz/corpus/{{target}} fuzz/seeds/{{target}} -- -dict=fuzz/{{target}}.dict -max_total_time=180

# Licences, advisories and sources of dependencies; wants `cargo install cargo-deny`.
deny:
    cargo deny check
