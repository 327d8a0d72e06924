//! What is known to only read. Everything else is at least medium.

/// Whole lines of programs that change nothing unless a rule says so; case matters.
pub(super) const PROGRAMS: &[&str] = &[
    // Text and files.
    r"(ls|ll|dir|cat|tac|echo|printf|grep|egrep|fgrep|rg|ag|head|tail|wc|sort|uniq|cut|tr|rev|fold|nl|paste|join|comm|diff|cmp|column|expand|fmt|pr|od|hexdump|strings|file|stat|tree|realpath|readlink|basename|dirname|pwd|cd|pushd|popd|less|more|zcat|zgrep|zless|bzcat|xzcat|jq|yq|xmllint|md5sum|sha1sum|sha256sum|sha512sum|shasum|cksum|b2sum|sum|test|\[|\[\[|true|false|:|seq|sleep|expr|bc|dc|factor|tsort|look|shuf|numfmt|base64|base32|cal|ncal|iconv|wait|break|continue|return|exit|shift|let|unset|local|readonly|declare|typeset|export|set|read|xargs|find|fd|locate|mlocate|which|whereis|type|man|info|whatis|apropos|help|tput|clear|tty|sed|awk|gawk|mawk)( |$)",
    // The host.
    r"(ps|pgrep|pidof|pstree|df|du|free|uptime|w|who|whoami|id|groups|users|last|lastlog|logname|uname|arch|nproc|lscpu|lsblk|lspci|lsusb|lsmod|lsof|lsns|lshw|dmidecode|blkid|findmnt|vmstat|iostat|mpstat|sar|pidstat|nstat|numastat|getconf|getent|locale|env|printenv|times|uptime|ss|netstat|ping|ping6|traceroute|tracepath|mtr|dig|host|nslookup|whois|getfacl|getcap|ulimit|runlevel|hostid|sensors|smem|slabtop|atop|htop|top|jobs|fg|bg|history|journalctl|dmesg|loginctl|compgen|command -[vV]|apt-cache|rpm -q\w*|dpkg -[lLsS])( |$)",
    r"(date( [+-][^ ]*)*( \+.*)?|date (-d|--date=?|-u|-r|-R|-I\w*|--utc|--iso-8601\S*)( .*)?|hostname( -[a-zA-Z]+)*|mount|swapon (-s|--show)|timedatectl( status)?|hostnamectl( status)?|sysctl (-a|-n )?[\w.]*|ulimit -a|umask|alias|stty -a|crontab -l|passwd -S( \S+)?|chage -l \S+|kill -(l|L|0)( \S+)*|fdisk -l( \S+)*|parted -l|nginx -[tTvV]+)$",
    r"systemctl (--user |--no-pager )*(status|list-\S+|show|cat|is-\S+|get-default)( |$)",
    r"(service \S+ status|supervisorctl status.*|pm2 (list|ls|status|show .*))$",
    r"(ip( -[\w46]+)*( -br(ief)?)? (a|addr|address|l|link|r|route|n|neigh|neighbor|neighbour|rule|maddr|tunnel|netns)( (show|list|ls|get)( .*)?)?|ifconfig( -a| [\w.:-]+)?|route( -n)?|arp( -[an]+)?|nft list .*|iptables( -t \w+)? (-[nv]+ )*(-L|-S|--list)( .*)?|ufw status.*)$",
    // Version control.
    r"git( --no-pager| -C \S+| -P)* (status|log|diff|show|blame|annotate|shortlog|describe|rev-parse|rev-list|ls-files|ls-tree|ls-remote|cat-file|grep|reflog|whatchanged|name-rev|merge-base|for-each-ref|count-objects|diff-tree|diff-index|cherry|var|version|help|fsck|verify-commit|check-ignore|show-ref|show-branch|range-diff)( |$)",
    r"git( --no-pager| -C \S+| -P)* ((branch|tag|remote)( (-[avrl]+|--list|--all|--remotes|--merged|--no-merged|--contains|-vv|--sort=\S+|show \S+|get-url \S+))*|stash (list|show).*|config (--\w+ )?(-l|--list|--get\S*)( .*)?|worktree list|submodule (status|summary).*)$",
    r"(gh|glab) \w+ (list|view|status|diff|checks)( |$)",
    // Containers, clusters, clouds.
    r"(docker|podman|nerdctl) (--context \S+ )?((container|image|volume|network) )?(ps|ls|list|images|logs|inspect|version|info|top|stats|port|diff|history|search)( |$)",
    r"(docker|podman) (system (df|info)|compose (ps|logs|config|ls|images|top)|context (ls|show|inspect))( |$)",
    r"docker-compose (-f \S+ )*(ps|logs|config|images|top)( |$)",
    r"(kubectl|oc)( (-n|--namespace|--context|--kubeconfig)[= ]\S+)* (get|describe|logs|top|version|explain|api-resources|api-versions|cluster-info|config (view|get-\S+|current-context)|auth (can-i|whoami)|diff|rollout (status|history)|events)( |$)",
    r"helm( (-n|--namespace|--kube-context)[= ]\S+)* (list|ls|status|get|history|show|search|template|lint|version|env)( |$)",
    r"(terraform|tofu|terragrunt)( -chdir=\S+)* (version|validate|show|output|graph|providers|state (list|show)|workspace (list|show)|fmt .*-check.*|plan)( |$)",
    r"aws( --?\w[\w-]*[= ]\S+)* [\w-]+ (ls|describe-\S+|list-\S+|get-\S+|head-\S+|help)( |$)",
    r"(gcloud|az)( [\w-]+){1,4} (list|show|describe)( |$)",
    r"(fly|flyctl|heroku|doctl|eksctl|vercel|netlify|hcloud|openstack)( [\w:-]+){0,3} (list|ls|show|status|get|info|whoami)( |$)|netlify \w+:list( |$)",
    // Packages and tools.
    r"(apt|apt-get|yum|dnf|brew|snap|apk|zypper|npm|pnpm|yarn|pip|pip3|gem|cargo|conda|go) (list|search|show|info|ls|view|outdated|freeze|tree|version|policy)( |$)",
    r"(python[\d.]*|node|ruby|perl|php|java|go|rustc|cargo|npm|pnpm|yarn|pip|pip3|git|docker|podman|kubectl|helm|terraform|aws|gcloud|az|gcc|g\+\+|clang|make|cmake|bash|sh|zsh|psql|mysql|sqlite3|redis-cli|nginx|curl|wget|ssh|openssl|tar|gzip|rsync|systemctl) (--version|-V|version|-v|--help)$",
    r"openssl (version|x509 .*-noout.*|dgst .*|verify .*|ciphers.*)$",
    r"(redis|valkey|keydb)-cli( -[hpn] \S+)* (ping|info|get|mget|keys|scan|ttl|type|exists|dbsize|llen|lrange|hget\w*|smembers|zrange|strlen|client list|slowlog get|memory usage)( |$)",
];

/// Beginnings of statements that change nothing unless a rule says so.
pub(super) const STATEMENTS: &[&str] =
    &[r"(select|show|describe|desc|values|table|with)( |$|\*|\()", r"pragma \w+(\(\))?$"];
