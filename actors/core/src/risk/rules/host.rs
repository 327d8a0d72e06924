//! The host: power, services, accounts, protection, processes, packages.

use super::{Rule, high, medium};

pub(super) const RULES: &[Rule] = &[
    high("system_power", r"(shutdown|reboot|halt|poweroff|pm-suspend|pm-hibernate)( |$)", "Stops or restarts the host.").unless(r"\w+ (-c|-w|--wtmp-only|--help|--version|--show)( |$)"),
    high("system_power", r"(init|telinit) [06s](\s|$)", "Stops or restarts the host."),
    high("system_power", r"(systemctl|loginctl) (poweroff|reboot|halt|kexec|suspend|hibernate|emergency|rescue|isolate|soft-reboot|exit)", "Stops or restarts the host."),
    high("system_power", r"(stop|restart)-computer", "Stops or restarts the host."),
    high("system_power", r".*/proc/sysrq-trigger", "Stops the host at once.").unless(r"(echo|printf|grep|rg|cat|ls|man) "),
    high("system_power", r"(ipmitool .*power|virsh (destroy|shutdown|undefine|reboot)|xe vm-(destroy|shutdown)|qm (destroy|stop)|pct (destroy|stop))", "Stops a machine."),
    high("system_config_write", r"(ip link set .*down|ifdown|ifconfig \S+ down|nmcli .*(down|off|delete)|ip (route|addr|address|link|rule) (flush|del)|route (del|delete)|netplan apply)", "Takes the network away."),
    high("system_config_write", r"sysctl .*(-w|--write|-p|=)", "Changes the kernel's settings."),
    high("account_change", r"(passwd|chpasswd|userdel|deluser|groupdel|delgroup|dropuser|createuser|newusers|smbpasswd|chage|chsh|gpasswd|pwck)( |$)", "Changes who may log in.").unless(r"(passwd (-S|--status)|chage -l)( |$)"),
    high("account_change", r"useradd (.* )?(-g|-ou|-o|-u) ?(0|sudo|wheel|root|admin|docker)\b", "Makes an account with the system's rights."),
    high("account_change", r"(useradd|adduser|usermod) (.* )?(-\w*g\w*|--groups?|--gid) ?\S*(sudo|wheel|root|admin|docker|0)", "Gives an account the system's rights."),
    high("account_change", r"usermod (.* )?(-\w*[agulpo]\w*|--append|--lock|--unlock|--uid)( |$)", "Changes an account's rights."),
    high("account_change", r"(net (user|localgroup) .*/(add|delete)|dscl .*(-create|-delete|-append)|sysadminctl )", "Changes who may log in."),
    medium("account_change", r"(useradd|adduser|usermod|groupadd|addgroup|groupmod|chfn)( |$)", "Changes accounts."),
    // Protection.
    high("security_control_off", r"(ip6?tables|iptables-legacy|ebtables|arptables) (.* )?(-F|-X|-Z|-D|--flush|--delete\S*)( |$)", "Removes firewall rules."),
    high("security_control_off", r"ip6?tables (.* )?(-P|--policy) \w+ accept", "Opens the firewall."),
    high("security_control_off", r"(ip6?tables-restore|ipset (flush|destroy)|nft (.* )?(flush|delete)|pfctl .*-(d|f))( |$)", "Removes firewall rules."),
    high("security_control_off", r"ufw (.* )?(disable|reset|delete|default allow)", "Turns the firewall off."),
    high("security_control_off", r"firewall-cmd .*--(remove|panic|set-default-zone=trusted)", "Opens the firewall."),
    high("security_control_off", r"(netsh (adv)?firewall .*(off|delete|reset)|set-mppreference .*disable|add-mppreference .*exclusion|spctl .*disable|csrutil disable)", "Turns protection off."),
    high("security_control_off", r"(setenforce (0|permissive)|auditctl .*(-D|-e ?0)|aa-(teardown|disable|complain)|apparmor_parser .*-r|semodule .*-(d|r))", "Turns protection off."),
    high("security_control_off", r"(systemctl|service|rc-service|chkconfig|update-rc\.d|launchctl|sc|initctl) (.* )?(stop|disable|mask|kill|unload|remove|off|delete) (.* )?\S*(ufw|firewalld|iptables|nftables|auditd|rsyslog|syslog|journald|fail2ban|apparmor|selinux|falcon|crowdstrike|wazuh|osquery|clamav|ossec|sshd?|sentinel|defend|cbdaemon|ds_agent|mdatp)", "Stops something that protects or records."),
    high("security_control_off", r"(service|rc-service|/etc/init\.d/\S+) (\S*(ufw|firewalld|iptables|nftables|auditd|rsyslog|fail2ban|apparmor|sshd?)\S*) (stop|kill)", "Stops something that protects or records."),
    high("security_control_off", r"(pkill|killall) (.* )?\S*(auditd|rsyslog|syslog|falcon|wazuh|osquery|clamd|fail2ban|sshd)", "Stops something that protects or records."),
    // Services. What is switched off stays off after a restart.
    high("service_control", r"systemctl (.* )?(disable|mask)( |$)", "Keeps a service from starting again."),
    high("service_control", r"(systemctl|service) (.* )?(stop (\S+ )*(docker|containerd|kubelet|postgresql|mysqld?|mariadb|network\S*|systemd-\S+)|(docker|containerd|kubelet) stop)", "Stops what everything else runs on."),
    medium("service_control", r"(systemctl|service|rc-service|launchctl|initctl|supervisorctl|pm2|chkconfig|update-rc\.d|rc-update|sc) ", "Controls services.").unless(r"systemctl (status|list-\S+|show|cat|is-\S+|get-default|help)( |$)|service (\S+ status|--status-all)$|(supervisorctl|pm2) (status|list|ls|show|logs)( |$)"),
    medium("service_control", r"(nginx|apachectl|httpd|postfix|postqueue) .*-?(s|k|reload|stop|start|restart|graceful|flush)", "Controls services.").unless(r"nginx -[tTvV]+$"),
    // Processes.
    high("kill_all", r"kill (.* )?-1( |$)", "Ends every process.").unless(r"kill -1 [1-9]\d+( [1-9]\d+)*$"),
    high("kill_all", r"(pkill|killall) (.* )?(-u|--euid|--user) ?(root|0)\b", "Ends every process of the system."),
    high("kill_all", r"(kill (.* )?1|killall5|pkill (-\S+ )*\.\*?)( |$)", "Ends every process.").unless(r"kill -(l|L|0)( |$)"),
    medium("process_kill", r"(kill|pkill|killall|xkill|skill|fuser .*-k|taskkill|stop-process|renice)( |$)", "Ends processes.").unless(r"kill -(l|L|0)( |$)"),
    // Kernel and confinement.
    high("privilege_escalation", r"(nsenter|insmod|modprobe|rmmod|kexec|unshare .*-r|capsh|pkexec)( |$)", "Reaches beyond its own confinement."),
    // Packages.
    high("package_change", r"(apt|apt-get|aptitude|dpkg|yum|dnf|rpm|zypper|pacman|apk|brew|snap) (.* )?(purge|autoremove|--purge|-P|erase|-\w*e|remove --purge|-Rns\w*)( |$)", "Removes software with its settings.").unless(r"(dpkg|rpm|apk|brew|pacman|snap|zypper) (-\w*[lqsLQS]|info|list|search)"),
    medium("package_change", r"(apt|apt-get|aptitude|dpkg|yum|dnf|rpm|zypper|pacman|apk|brew|snap|flatpak|pip|pip3|pipx|uv|npm|pnpm|yarn|gem|cargo|go|composer|conda|mamba|poetry|bundle|choco|winget|nix-env) ", "Changes installed software.").unless(r"(apt|apt-get|yum|dnf|brew|snap|npm|pnpm|yarn|pip3?|gem|cargo|conda|apk|zypper|pacman|go) (list|search|show|info|ls|view|outdated|freeze|check|tree|metadata|version|env|doc|policy|audit)( |$)|dpkg (-l|-L|-s|-S|--list|--status)|rpm -q|apt-cache "),
];
