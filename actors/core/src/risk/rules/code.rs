//! Code that is run: downloaded, decoded, inline; secrets and the network.

use super::{Rule, high, medium};

/// Rules that look at a whole text, wherever in it something stands.
pub(super) const TEXT_RULES: &[Rule] = &[high(
    "fork_bomb",
    r".*(^|[\s;&|])(function\s+)?[\w:.]+\s*\(\s*\)\s*\{[^}|]*\|[^}&]*&\s*;?\s*\}",
    "Starts itself again and again until nothing else can run.",
)];

pub(super) const RULES: &[Rule] = &[
    high("remote_code", r"((ba|z|da|k|a|c|tc|fi)?sh|eval|source|\.|python[\d.]*|perl|ruby|node|php) (.* )?[^ ]*(\$\(|`|<\()\s*(sudo\s)?(\S*/)?(curl|wget|fetch|aria2c|http|nc)\b", "Runs what it downloads."),
    high("obfuscated_execution", r"((ba|z|da|k|a|c|tc|fi)?sh|eval|source|\.) (.* )?[^ ]*(\$\(|`|<\()[^)`]*(base64|base32|xxd|openssl|rev|tr\s|printf|echo\s-e|gunzip|zcat)", "Runs what it decodes."),
    high("obfuscated_execution", r"eval (.* )?\S*[$`]", "Runs text as code that is only known when it runs."),
    high("remote_code", r"(iex|invoke-expression|powershell|pwsh).*(downloadstring|invoke-webrequest|iwr|irm|-enc)", "Runs what it downloads."),
    high("remote_code", r"(npx|bunx|uvx|deno run|go run|pipx run|pip3? install|npm (i|install)) (.* )?\S*(https?://|git\+|github:)", "Runs what it downloads."),
    high("remote_code", r"(regsvr32|mshta|rundll32|certutil .*-urlcache|bitsadmin .*/transfer)", "Runs what it downloads."),
    // Shells that call home.
    high("reverse_shell", r".*/dev/(tcp|udp)/", "Opens a connection to elsewhere from inside a shell.").unless(r"(echo|printf|grep|rg|man|git commit) "),
    high("reverse_shell", r"(nc|ncat|netcat|nc\.\w+) (.* )?(-\w*[ec]\b|--(sh-)?exec|--exec)", "Gives a shell to whoever connects."),
    high("reverse_shell", r"socat .*(exec|system|pty|shell):", "Gives a shell to whoever connects."),
    high("reverse_shell", r"(python[\d.]*|perl|ruby|php|node|lua) .*(socket|fsockopen|net\.connect|tcpsocket).*(exec|spawn|dup2|system|popen|subprocess|sh)", "Gives a shell to whoever connects."),
    high("reverse_shell", r"(openssl s_client|telnet|ztcp) .*(/bin/(ba)?sh|\|)", "Gives a shell to whoever connects."),
    // Inline code.
    high(
        "inline_code",
        r"(python[\d.]*|perl|ruby|node|php|lua|deno|bun|osascript|tclsh) .*(os\.system|subprocess|popen|rmtree|os\.remove|os\.unlink|\bunlink|rmdir|child_process|execsync|spawn|\bexec\b\s?\(|\bexec[lv]p?e?\b|\bsystem\b|shell_exec|passthru|socket|__import__|rm\s-|kill\(|setuid|fileutils\.rm|rmsync|base64|eval\()",
        "Runs code that deletes, connects or starts programs.",
    )
    .unless(r"\S+ [^ -][^ ]*( |$)"),
    medium("inline_code", r"(python[\d.]*|perl|ruby|node|php|lua|deno|bun|osascript|tclsh|pwsh|powershell) (.* )?-?-(\w*[cer]|eval|execute|command|print)( |$|')", "Runs code given on the command line."),
    high("inline_code", r"(g|m|n)?awk .*(system ?\(|\|\s?getline|\|\s?.(/bin/)?sh)", "Runs programs from within a script."),
    medium("inline_code", r"(g|m|n)?awk .*(print\S*\s.*>|\|\s?\S|-i ?inplace)", "Writes files from within a script."),
    medium("script_run", r"((ba|z|da|k|a|c|tc|fi)?sh|source|\.|python[\d.]*|perl|ruby|node|php|lua|tclsh|rscript|java|make|just|task|ansible-playbook|sudo|su|runuser|doas)( |$)", "Runs a script or a shell.").unless(r"((ba|z|da|k|a|c|tc|fi)?sh (.* )?-\w*c|(su|runuser) (.* )?(-c|--c|--session))|(make|just) (-n|--dry-run|-l|--list)( |$)"),
    medium("script_run", r"(at|batch|crontab|systemd-run|screen|tmux|expect|parallel|xargs (.* )?(ba|z|da|k)?sh)( |$)", "Runs something later or out of sight.").unless(r"crontab -l$|(tmux|screen) (ls|list-sessions|-ls)$"),
    medium("script_run", r"(ssh|ansible|salt|pssh|vagrant ssh|nsenter|unshare|flock|strace|script) ", "Runs something elsewhere or in another way."),
    // Secrets.
    high("secret_access", r".*(^|[\s=@<'\x22(])/etc/(shadow|gshadow|sudoers|master\.passwd)\b", "Reads the system's password hashes.").unless(r"(echo|printf|grep -\S+ \S+ /var|git (commit|log)|ls|stat|man) "),
    medium("secret_access", r".*(\.ssh/(id_|identity|authorized)|\.aws/(cred|config)|\.kube/config|\.docker/config|\.netrc|\.pgpass|\.git-credentials|\.gnupg|\.npmrc|\.pypirc|(^|[\s/=@<'\x22])\.env(\.\w+)?\b|169\.254\.169\.254|metadata\.google\.internal|/proc/\w+/environ|\.pem( |$)|id_(rsa|ed25519|ecdsa)( |$))", "Reads keys or passwords.").unless(r"(echo|printf|git commit|man|ssh-keygen -l) "),
    medium("secret_access", r"(kubectl|oc) get (.* )?secrets?\b|(pass|vault|op|bw|gopass|lpass|security|secret-tool|keyctl) (.* )?(show|read|get|kv|item|find-\S+|lookup|print)|aws (secretsmanager get|ssm get-par\w+ .*decrypt|sts)|gcloud (secrets versions access|auth print)|az keyvault secret (show|download)|gh auth token|gpg .*(--export-secret|-d\b|--decrypt)", "Reads keys or passwords."),
    high("secret_exfiltration", r"(curl|wget|nc|ncat|scp|rsync|ftp|sftp|http|https) (.* )?\S*(/etc/(shadow|passwd)|\.ssh/id_|\.aws/cred|id_rsa|\.env\b)", "Sends keys or passwords away."),
    // The network.
    medium("network_send", r"(curl|wget|fetch|aria2c|https?|scp|sftp|ftp|tftp|nc|ncat|netcat|socat|telnet|ssh|rsync .*:|mail|mailx|sendmail|mutt|rclone|smbclient|dog|nmap|masscan|hping3|tcpdump|wscat|websocat)( |$)", "Talks to the network."),
    // The environment of what follows.
    high("obfuscated_execution", r"((export|declare|typeset|readonly|local)( -\w+)* )?(prompt_command|bash_env|env|ps4)=\S", "Runs code that is hidden in a variable.").unless(r"(export )?env=\w+( |$)"),
    high("obfuscated_execution", r"git (.* )?-c \S*(alias\.\S*=!|core\.(pager|editor|sshcommand|fsmonitor|hookspath|gitproxy)=|diff\.external=|\.(cmd|command|helper|program|textconv|driver)=)", "Runs code that is hidden in a setting."),
    medium("unknown_command", r"((export|declare|typeset|readonly|local)( -\w+)* )?(ld_\w+|dyld_\w+|path|ifs|git_\w+|pager|editor|visual|python(path|startup|home)|perl5(lib|opt)|node_options|rubyopt|shellopts|cdpath|manpager|lessopen|java_tool_options)\+?=", "Changes which programs are found or what they load."),
];
