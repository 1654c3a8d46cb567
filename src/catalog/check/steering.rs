//! Rule: no environment key steers the process that it is given to: what it loads, what it runs at its start, where its
//! traffic goes.
//!
//! A key in, the program that reads it out. The names are from the lists that programs keep against this very attack,
//! `sysdeps/generic/unsecvars.h` of glibc and `initial_badenv_table` in `plugins/sudoers/env.c` of sudo, and from the
//! manuals of each runtime: Python "Command line and environment", Node.js "Command-line API", java(1), perlrun(1),
//! ruby(1), git(1) "Environment Variables", .NET "environment variables", php "The configuration file", lua(1),
//! openssl-env(7), curl(1) "Environment".

/// Beginnings of keys, with who reads them: only such as no link's prefix would be by chance.
const BEGINNINGS: [(&str, &str); 12] = [
    ("LD_", "the dynamic linker"),
    ("DYLD_", "the dynamic linker"),
    ("_RLD", "the dynamic linker"),
    ("MALLOC_", "the C library"),
    ("BASH_FUNC_", "bash"),
    ("NPM_CONFIG_", "npm"),
    ("GIT_CONFIG", "git"),
    ("LUA_INIT", "Lua"),
    ("LUA_PATH", "Lua"),
    ("LUA_CPATH", "Lua"),
    ("KUBERNETES_", "every client of the cluster"),
    ("STACKTIC_", "the programs of stacktic"),
];

/// Beginnings that count where no `_` follows: `PYTHONPATH` is Python's, `PYTHON_CACHE_HOST` somebody's own.
const JOINED: [(&str, &str); 3] = [("PYTHON", "Python"), ("RUBY", "Ruby"), ("PERL", "Perl")];

/// Who reads which whole keys.
const KEYS: [(&str, &[&str]); 16] = [
    (
        "the C library",
        &[
            "GCONV_PATH",
            "GETCONF_DIR",
            "GLIBC_TUNABLES",
            "HOSTALIASES",
            "LOCALDOMAIN",
            "LOCPATH",
            "NIS_PATH",
            "NLSPATH",
            "PATH_LOCALE",
            "RESOLV_HOST_CONF",
            "RES_OPTIONS",
            "TMPDIR",
            "TZDIR",
        ],
    ),
    ("terminals", &["TERMCAP", "TERMINFO", "TERMINFO_DIRS", "TERMPATH"]),
    (
        "every program",
        &["BROWSER", "EDITOR", "HOME", "PAGER", "PATH", "SHELL", "VISUAL"],
    ),
    (
        "shells",
        &[
            "BASHOPTS",
            "BASH_ENV",
            "CDPATH",
            "ENV",
            "FPATH",
            "GLOBIGNORE",
            "IFS",
            "NULLCMD",
            "PROMPT_COMMAND",
            "PS4",
            "READNULLCMD",
            "SHELLOPTS",
            "TMPPREFIX",
            "ZDOTDIR",
        ],
    ),
    (
        "Java",
        &["CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"],
    ),
    (
        "Node.js",
        &[
            "NODE_EXTRA_CA_CERTS",
            "NODE_ICU_DATA",
            "NODE_OPTIONS",
            "NODE_PATH",
            "NODE_REPL_EXTERNAL_MODULE",
            "NODE_TLS_REJECT_UNAUTHORIZED",
            "NODE_USE_ENV_PROXY",
            "NODE_V8_COVERAGE",
        ],
    ),
    ("Python", &["PYTHON_FROZEN_MODULES", "PYTHON_HISTORY", "PYTHON_PRESITE"]),
    ("Perl", &["PERL_UNICODE", "PERL_HASH_SEED"]),
    ("Ruby", &["BUNDLE_GEMFILE", "GEM_HOME", "GEM_PATH"]),
    (
        "git",
        &[
            "GIT_ASKPASS",
            "GIT_DIR",
            "GIT_EDITOR",
            "GIT_EXEC_PATH",
            "GIT_EXTERNAL_DIFF",
            "GIT_PAGER",
            "GIT_PROXY_COMMAND",
            "GIT_SEQUENCE_EDITOR",
            "GIT_SSH",
            "GIT_SSH_COMMAND",
            "GIT_SSL_NO_VERIFY",
            "GIT_TEMPLATE_DIR",
            "GIT_WORK_TREE",
            "SSH_ASKPASS",
        ],
    ),
    (
        ".NET",
        &[
            "CORECLR_ENABLE_PROFILING",
            "CORECLR_PROFILER",
            "CORECLR_PROFILER_PATH",
            "COR_ENABLE_PROFILING",
            "COR_PROFILER",
            "COR_PROFILER_PATH",
            "DOTNET_ADDITIONAL_DEPS",
            "DOTNET_ROOT",
            "DOTNET_SHARED_STORE",
            "DOTNET_STARTUP_HOOKS",
        ],
    ),
    ("PHP", &["PHPRC", "PHP_INI_SCAN_DIR"]),
    (
        "TLS libraries",
        &[
            "OPENSSL_CONF",
            "OPENSSL_CONF_INCLUDE",
            "OPENSSL_ENGINES",
            "OPENSSL_MODULES",
            "SSLKEYLOGFILE",
            "SSL_CERT_DIR",
            "SSL_CERT_FILE",
        ],
    ),
    (
        "HTTP clients",
        &[
            "ALL_PROXY",
            "CGI_HTTP_PROXY",
            "CURL_HOME",
            "FTP_PROXY",
            "GRPC_PROXY",
            "HTTPS_PROXY",
            "HTTP_PROXY",
            "NO_PROXY",
            "SOCKS_PROXY",
        ],
    ),
    ("pip", &["PIP_CONFIG_FILE", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"]),
    ("every client of the cluster", &["KUBECONFIG"]),
];

/// Who would be steered by a variable called `key`; nobody, as a rule. Programs differ in whether they look at the case
/// of letters, so it does not count.
#[must_use]
pub fn steered(key: &str) -> Option<&'static str> {
    let key = key.to_ascii_uppercase();
    let begins = BEGINNINGS.iter().find(|(name, _)| key.starts_with(name));
    let follows = |name: &str| {
        key.strip_prefix(name)
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('_'))
    };
    let joined = || JOINED.iter().find(|(name, _)| follows(name));
    if let Some((_, who)) = begins.or_else(joined) {
        return Some(who);
    }
    let whole = KEYS.iter().find(|(_, names)| names.contains(&key.as_str()));
    whole.map(|(who, _)| *who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_steer() {
        for (key, who) in [
            ("LD_PRELOAD", Some("the dynamic linker")),
            ("LD_LIBRARY_PATH", Some("the dynamic linker")),
            ("PYTHONPATH", Some("Python")),
            ("PATH", Some("every program")),
            ("BASH_ENV", Some("shells")),
            ("NODE_OPTIONS", Some("Node.js")),
            ("JAVA_TOOL_OPTIONS", Some("Java")),
            ("PERL5LIB", Some("Perl")),
            ("GIT_SSH_COMMAND", Some("git")),
            ("https_proxy", Some("HTTP clients")),
            ("Path", Some("every program")),
            ("DATABASE_URL", None),
            ("SPRING_DATASOURCE_URL", None),
            ("MCP_CNPG_HOST", None),
            ("KAFKA_PATH", None),
            ("GIT_SSL_NO_VERIFY", Some("git")),
            ("CACHE_ENV", None),
            ("OLD_LD_PRELOAD", None),
            ("PYTHON_CACHE_HOST", None),
            ("GIT_HOST", None),
            ("NODE_HOST", None),
            ("RUBY", None),
            ("PYTHONX", Some("Python")),
        ] {
            assert_eq!(steered(key), who, "{key}");
        }
    }
}
