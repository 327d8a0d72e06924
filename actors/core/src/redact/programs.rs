//! Which program takes a secret where: the table that the reader of words looks things up in.

use super::scan::at;

/// Where a program takes a secret.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes {
    /// `-pX`, `-p X`, `--p=X`: the flag's value.
    Value(&'static str),
    /// `-p X`: the word behind the flag or key word.
    Next(&'static str),
    /// `-pX`: the rest of the word, since the flag alone asks for it.
    Glued(&'static str),
    /// `-U user%X`: the flag's value behind a sign.
    Behind(&'static str, u8),
    /// The so manieth word that is no flag, counted from 1 behind the program, or behind what it must be told.
    Operand(usize),
    /// `-b file user X`: the third word that is no flag, or with `-n` the second.
    Batch,
    /// `name=X`: the value of every such word.
    Pairs,
    /// `secret_name X`: the word behind the name of a secret.
    Named,
    /// `user/X@host`.
    Login,
    /// Its standard input is a secret if it is told so by this word; always if that is empty.
    Input(&'static str),
    /// Its standard input is `user:X`.
    PairInput,
}

use Takes::{Batch, Behind, Glued, Input, Login, Named, Next, Operand, PairInput, Pairs, Value};

impl Takes {
    /// The flag without which it takes nothing; none if it takes words as they come.
    pub(super) fn flag(self) -> Option<&'static str> {
        match self {
            Next(word) if !word.starts_with('-') => None,
            Value(flag) | Next(flag) | Glued(flag) | Behind(flag, _) => Some(flag),
            Input(flag) if !flag.is_empty() => Some(flag),
            Batch | Operand(_) | Pairs | Named | Login | Input(_) | PairInput => None,
        }
    }
}

/// Programs that take secrets in the same way.
pub(super) struct Program {
    /// Their names; one that ends with `*` stands for all that begin so.
    names: &'static [&'static str],
    /// One of these words must have come first; none has to if there is none.
    pub(super) told: &'static [&'static str],
    /// Where they take them.
    pub(super) takes: &'static [Takes],
}

const fn row(names: &'static [&'static str], told: &'static [&'static str], takes: &'static [Takes]) -> Program {
    Program { names, told, takes }
}

/// The table. A program may have several rows.
const PROGRAMS: &[Program] = &[
    // Databases.
    row(&["mysql*", "mariadb*"], &[], &[Glued("-p")]),
    row(&["mycli"], &[], &[Value("-p")]),
    row(&["mongo*", "cqlsh", "beeline"], &[], &[Value("-p")]),
    row(&["redis-cli", "valkey-cli"], &[], &[Value("-a"), Next("requirepass"), Next("masterauth")]),
    row(&["redis-cli", "valkey-cli"], &["auth", "AUTH"], &[Operand(1)]),
    row(&["sqlcmd", "bcp", "osql", "isql", "tsql", "freebcp"], &[], &[Value("-P")]),
    row(&["sqlplus", "expdp", "impdp", "sqlldr"], &[], &[Login]),
    row(&["rabbitmqctl"], &["add_user", "change_password", "authenticate_user"], &[Operand(2)]),
    // Logins.
    row(&["sshpass"], &[], &[Value("-p")]),
    row(
        &["docker", "podman", "nerdctl", "buildah", "helm", "oras", "crane", "skopeo", "az", "oc"],
        &["login"],
        &[Value("-p")],
    ),
    row(
        &["docker", "podman", "nerdctl", "buildah", "helm", "oras", "crane", "skopeo"],
        &["login"],
        &[Input("--password-stdin")],
    ),
    row(
        &["podman", "buildah", "skopeo"],
        &[],
        &[Behind("--creds", b':'), Behind("--src-creds", b':'), Behind("--dest-creds", b':')],
    ),
    row(&["gh"], &["auth"], &[Input("--with-token")]),
    row(&["glab", "rancher"], &["login"], &[Value("-t")]),
    row(&["vault"], &["login"], &[Operand(1)]),
    row(&["vault"], &["kv"], &[Pairs]),
    row(&["kubectl", "oc"], &["secret"], &[Behind("--from-literal", b'=')]),
    row(&["twine"], &[], &[Value("-p")]),
    row(&["kinit"], &[], &[Input("")]),
    row(&["kadmin"], &[], &[Value("-w"), Next("-pw")]),
    // Web.
    row(&["curl"], &[], &[Behind("-b", b'='), Behind("--cookie", b'='), Next("--oauth2-bearer")]),
    row(&["http", "xh"], &[], &[Behind("-a", b':'), Behind("--auth", b':')]),
    row(&["ab"], &[], &[Behind("-A", b':'), Behind("-P", b':')]),
    row(&["lftp"], &[], &[Behind("-u", b','), Behind("--user", b',')]),
    row(&["mosquitto_pub", "mosquitto_sub", "mosquitto_rr"], &[], &[Value("-P")]),
    // Accounts.
    row(&["useradd", "usermod", "groupadd", "groupmod"], &[], &[Value("-p")]),
    row(&["htpasswd", "mosquitto_passwd"], &[], &[Batch]),
    row(&["chpasswd"], &[], &[PairInput]),
    row(&["passwd"], &[], &[Input("")]),
    row(&["smbpasswd"], &[], &[Input("-s")]),
    row(&["ldap*"], &[], &[Value("-w")]),
    row(&["ldappasswd"], &[], &[Value("-s"), Value("-a")]),
    row(
        &["smbclient", "rpcclient", "smbget", "smbcacls", "winexe"],
        &[],
        &[Behind("-U", b'%'), Behind("--user", b'%')],
    ),
    // Keys and archives.
    row(&["openssl"], &[], &[Next("-k"), Next("-K"), Input("stdin")]),
    row(&["gpg", "gpg2"], &[], &[Input("--passphrase-fd")]),
    row(&["cryptsetup"], &[], &[Input("")]),
    row(&["zip", "unzip", "zipcloak"], &[], &[Value("-P")]),
    row(&["7z", "7za", "7zr", "7zz", "rar", "unrar"], &[], &[Glued("-p"), Glued("-hp")]),
    row(
        &["keytool", "jarsigner"],
        &[],
        &[Next("-storepass"), Next("-keypass"), Next("-srcstorepass"), Next("-deststorepass")],
    ),
    row(&["rclone"], &["obscure"], &[Operand(1)]),
    // Networks and machines.
    row(&["nmcli"], &[], &[Named]),
    row(&["wpa_passphrase"], &[], &[Operand(2)]),
    row(&["ipmitool"], &[], &[Value("-P")]),
    row(&["snmp*"], &[], &[Value("-c"), Value("-A"), Value("-X")]),
    row(&["plink", "pscp", "psftp"], &[], &[Next("-pw")]),
    row(&["sudo"], &[], &[Input("-S")]),
    // Settings.
    row(
        &["npm", "yarn", "pnpm", "aws", "git", "poetry", "pip", "bundle", "gcloud"],
        &["config", "configure"],
        &[Named],
    ),
    row(&["mc", "mcli"], &["alias"], &[Operand(5)]),
];

/// Other words that matter to those who read a text word by word.
const OTHERS: &[&str] = &[
    "identified",
    "password",
    "send",
    "by",
    "as",
    "user",
    "role",
    "login",
    "encrypted",
    "install",
    "setpriv",
    "systemd-run",
];

/// For each first letter, which rows have a name that begins so, as bits.
const ROWS: [u64; 128] = first_letters();

#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would refuse a wrong index")]
const fn first_letters() -> [u64; 128] {
    let mut rows = [0; 128];
    let mut row = 0;
    while row < PROGRAMS.len() {
        let mut name = 0;
        while name < PROGRAMS[row].names.len() {
            rows[PROGRAMS[row].names[name].as_bytes()[0] as usize] |= 1 << row;
            name += 1;
        }
        row += 1;
    }
    rows
}

/// What the names and words of this table that begin with one letter look like.
#[derive(Clone, Copy)]
struct Look {
    /// Their second letters, as bits.
    seconds: u64,
    /// Their lengths, as bits.
    lengths: u64,
}

/// For each first letter, how what matters looks: most words look otherwise, and this says so at once.
const LOOKS: [Look; 128] = looks();

#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would refuse a wrong index")]
const fn looks() -> [Look; 128] {
    let mut looks = with([Look { seconds: 0, lengths: 0 }; 128], OTHERS);
    let mut row = 0;
    while row < PROGRAMS.len() {
        looks = with(with(looks, PROGRAMS[row].names), PROGRAMS[row].told);
        row += 1;
    }
    looks
}

#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would refuse a wrong index")]
const fn with(mut looks: [Look; 128], words: &[&str]) -> [Look; 128] {
    let mut word = 0;
    while word < words.len() {
        let letters = words[word].as_bytes();
        let look = &mut looks[letters[0].to_ascii_lowercase() as usize];
        look.seconds |= 1 << (letters[1] % 64);
        // A name that stands for many is of any length.
        look.lengths |= if letters[letters.len() - 1] == b'*' { u64::MAX } else { 1 << letters.len() };
        word += 1;
    }
    looks
}

/// Adds for each first letter of what matters here the second ones, as bits; upper and lower case are the same.
#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would refuse a wrong index")]
pub(super) const fn with_beginnings(mut seconds: [u64; 128]) -> [u64; 128] {
    let mut first = 0;
    while first < 128 {
        let letters = LOOKS[(first as u8).to_ascii_lowercase() as usize].seconds;
        // Letters are 64 apart from signs, and 32 from their other case.
        seconds[first] |= letters | ((letters >> 32) & 0x07FF_FFFE);
        first += 1;
    }
    seconds
}

/// Whether a word may matter, by its looks.
pub(super) fn may_matter(word: &str) -> bool {
    let word = word.strip_suffix(".exe").unwrap_or(word);
    let look = LOOKS.get(usize::from(at(word, 0).to_ascii_lowercase()));
    let second = at(word, 1).to_ascii_lowercase() % 64;
    look.is_some_and(|look| (look.lengths >> word.len().min(63)) & (look.seconds >> second) & 1 == 1)
}

/// The rows of a program.
pub(super) fn rows(name: &str) -> impl Iterator<Item = &'static Program> {
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let mut which = ROWS.get(usize::from(at(name, 0))).copied().unwrap_or(0);
    std::iter::from_fn(move || {
        let row = (which != 0).then(|| PROGRAMS.get(which.trailing_zeros() as usize))?;
        which &= which - 1;
        Some(row)
    })
    .flatten()
    .filter(move |program| program.names.iter().any(|known| is_called(name, known)))
}

/// Whether some program takes a secret once it is told this.
pub(super) fn tells(word: &str) -> bool {
    PROGRAMS.iter().any(|program| program.told.contains(&word))
}

fn is_called(name: &str, known: &str) -> bool {
    match known.strip_suffix('*') {
        Some(start) => name.starts_with(start) && !name.contains('.'),
        None => name == known,
    }
}
