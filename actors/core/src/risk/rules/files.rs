//! Files, folders, disks, permissions.

use super::{Rule, high, medium};

pub(super) const RULES: &[Rule] = &[
    // Deleting.
    high("recursive_delete", r"rm .*(-\w*r\w*|--r\w*)( |$)", "Deletes folders with everything in them.").unless(SCRATCH),
    medium("file_delete", r"(rm|unlink|rmdir|del|erase|trash)( |$)", "Deletes files."),
    high("recursive_delete", r"(rd|rmdir|del|erase) .*/s( |$)", "Deletes folders with everything in them."),
    high("recursive_delete", r"(remove-item|ri) .*-r", "Deletes folders with everything in them."),
    high(
        "critical_target",
        r"(rm|mv|chmod|chown|chgrp|shred|srm|unlink) (.* )?(/+\.{0,2}\*?|~\w*(/\*?)?|\$\{?home\}?(/\*?)?|\.{1,2}(/\*?)?|\.?\*|/+(etc|usr|var|home|boot|bin|sbin|lib\d*|root|opt|srv|dev|proc|sys|mnt|data)(/\*?|/(lib|log|bin|share|local)/?\*?)?)( |$)",
        "Aims at the system, a home or everything here.",
    )
    .unless(r"(mv|chmod|chown|chgrp) ([^ ]+ )*(\.{1,2}/?|/home/?|/mnt/?|/opt/?|/srv/?|/data/?)$|(chmod|chown|chgrp)( -[a-z]*| --[a-z]+)* [\w+=,:.-]+ (\.{1,2}/?)$"),
    high("mass_delete", r"find .*-delete( |$)", "Deletes every file that is found."),
    high("mass_delete", r"(find|fd) .*-(exec|execdir|ok|okdir|x)(-batch)? (\S*/)?(sudo )?(rm|shred|unlink|srm)( |$)", "Deletes every file that is found."),
    high("mass_delete", r"(xargs|parallel) (.* )?(\S*/)?(rm|shred|unlink|srm|rmdir)( |$)", "Deletes every file that is listed."),
    high("mass_delete", r"(shred|srm|wipe|scrub)( |$)", "Overwrites files so that they cannot be got back."),
    high("mass_delete", r"rsync .*--(del|remove-source)", "Deletes what the other side does not have."),
    high("mass_delete", r"rclone (.* )?(sync|purge|delete|cleanup|move)( |$)", "Deletes what the other side does not have.").unless(r".* (--dry-run|-n)( |$)"),
    high("mass_delete", r"(tmutil deletelocalsnapshots|vssadmin delete|wbadmin delete|btrfs (subvolume|su\w*) d)", "Deletes snapshots or backups."),
    // Disks.
    high("disk_write", r"dd (.* )?(if|of)=", "Writes raw blocks.").unless(r"dd( (if|bs|count|status|iflag|skip|conv)=\S*)* of=/dev/null( (if|bs|count|status|iflag|skip|conv)=\S*)*$"),
    high("disk_write", r"(mkfs|mke2fs|newfs|mkswap|mkntfs)(\.\w+)?( |$)", "Makes a new file system over the old one."),
    high("disk_write", r"format(\.com)? ", "Makes a new file system over the old one."),
    high("disk_write", r"(wipefs|blkdiscard|hdparm|nvme (format|sanitize)|fdisk|cfdisk|gdisk|badblocks .*-w)( |$)", "Writes to a disk's structures.").unless(r"fdisk (-l|--list)( |$)|wipefs( \S*/\S*)*$|hdparm (-[tTiI]+ )*/dev/\w+$"),
    high("disk_write", r"sgdisk .*(-z|-o|-d|--zap|--clear|--delete)", "Writes to a disk's structures."),
    high("disk_write", r"sfdisk ", "Writes to a disk's structures.").unless(r"sfdisk (-l|--list|-d|--dump|-V|--verify)( |$)"),
    high("disk_write", r"parted .*(mklabel|mktable|mkpart|rm|resizepart)( |$)", "Writes to a disk's structures."),
    high("disk_write", r"(lv|vg|pv)(remove|reduce)( |$)", "Removes storage volumes."),
    high("disk_write", r"(zpool|zfs) (destroy|labelclear|rollback)( |$)", "Removes storage volumes."),
    high("disk_write", r"mdadm .*(--zero-superblock|--stop|--remove|--fail)", "Takes a disk array apart."),
    high("disk_write", r"cryptsetup .*(luksformat|erase|lukserase|lukskillslot|reencrypt)", "Makes encrypted data unreadable."),
    high("disk_write", r"diskutil (erase|partition|zero|secureerase|reformat)", "Writes to a disk's structures."),
    high("disk_write", r"(>|tee( -\S+)* |(cp|mv|install) .* )/dev/(sd|hd|vd|xvd|nvme|mmcblk|disk|md|dm-|mapper|loop|mem|kmem|port|mtd)", "Writes over a disk or over memory."),
    medium("file_write", r">/dev/", "Writes to a device.").unless(r">/dev/(null|stdout|stderr|tty|fd/\d+|zero)$"),
    high("system_config_write", r"umount (.* )?(/|-a)", "Takes a file system away from what uses it."),
    high("system_config_write", r"mount .*(--?bind|-o \S*(bind|remount)|--move|--rbind)", "Lays one folder over another."),
    medium("service_control", r"(u?mount|swapoff|swapon)( |$)", "Changes what is mounted.").unless(r"mount$"),
    // System files.
    high(
        "system_config_write",
        r"(>|(tee|truncate|touch)( -\S+)* (.* )?)(/etc|/boot|/usr|/bin|/sbin|/lib\d*|/root|/proc|/sys|/var/spool/cron)/",
        "Writes to the system's own files.",
    )
    .unless(r">/usr/local/(src|share/doc)/"),
    high(
        "system_config_write",
        r"(cp|mv|install|ln|rsync|scp|dd) .* /*(/etc|/boot|/usr|/bin|/sbin|/lib\d*|/proc|/sys|/var/spool/cron)(/\S*)?$",
        "Writes to the system's own files.",
    ),
    high("system_config_write", r"(curl|wget|aria2c) (.* )?(-\w*[op]|--output\S*|--directory\S*|-d)[= ]?(/etc|/boot|/usr|/bin|/sbin|/lib\d*|/root)/", "Writes to the system's own files."),
    high("system_config_write", r"(sed|perl) (.* )?-\w*i.* /(etc|boot|usr|lib\d*|root)/", "Changes the system's own files in place."),
    high("system_config_write", r"(rm|mv|unlink|shred) (.* )?/(etc|boot|usr|bin|sbin|lib\d*)/", "Takes away the system's own files."),
    high(
        "system_config_write",
        r"(>|(tee|cp|mv|ln|install|sed|truncate) .*)(\S*/)?(\.ssh/(authorized_keys\d?|config|rc)|\.(bash|zsh)(rc|env)|\.(bash_|z)?(profile|login|logout)|\.profile|sudoers|ld\.so\.preload|crontab)( |$)",
        "Changes what runs, or who may enter, at the next login.",
    ),
    high("system_config_write", r"(visudo|vipw|vigr|update-initramfs|grub-install|grub2-install|efibootmgr|bcdedit)( |$)", "Changes how the system starts or who rules it."),
    high("system_config_write", r"crontab (.* )?(-r|-i)( |$)", "Removes all timed jobs."),
    medium("file_write", r"crontab ", "Changes timed jobs.").unless(r"crontab (-u \S+ )?-l( -u \S+)?$"),
    high("audit_tamper", r"(>|(rm|truncate|tee|shred|unlink|mv|ln|cp|sed|chattr) .*)/var/log(/|$| )", "Changes or removes logs."),
    high("audit_tamper", r"(>|(rm|truncate|tee|shred|unlink|mv|ln|cp|sed) .*)(\S*/)?\.(bash|zsh|sh|python|mysql|psql|sqlite|lesss?)_?hi?st(ory)?( |$)", "Changes or removes the history."),
    high("audit_tamper", r"(history (.* )?-(c|w|d)|dmesg (.* )?(-c|--clear|--read-clear)|journalctl .*--(vacuum|rotate)|wevtutil cl|unset histfile|export histfile=/dev/null|set \+o history)", "Changes or removes logs."),
    high("audit_tamper", r"hist(file|size|filesize)=(/dev/null|0)?$", "Turns the history off."),
    // Permissions.
    high("permission_change", r"chmod (.* )?(0?777|[0-7]?[0-7][0-7][2367]|\S*[ao]\S*[+=]\S*w\S*|\+\w*w\w*|ugo\S*[+=]\S*w\S*)( |$)", "Lets everybody write."),
    high("permission_change", r"chmod (.* )?([2-7][0-7]{3}|\S*\+\S*s\S*)( |$)", "Lets a program run with its owner's rights."),
    high("permission_change", r"(chmod|chown|chgrp|setfacl) (.* )?(-\w*r\w*|--recursive) (.* )?(/|/\*|\*|/(etc|usr|var|home|boot|bin|sbin|lib\d*|root|opt|srv)(/\S*)?)( |$)", "Changes the rights of whole system folders."),
    high("permission_change", r"(setcap|chattr|icacls .*everyone|takeown)( |$)", "Changes rights in a way that is easily overlooked."),
    medium("permission_change", r"(chmod|chown|chgrp|setfacl|umask|icacls)( |$)", "Changes rights."),
    // The ordinary.
    medium("file_write", r">", "Writes to a file.").unless(r">/dev/(null|stdout|stderr|tty|fd/\d+)$"),
    medium("file_write", r"(tee|cp|mv|ln|install|touch|mkdir|truncate|split|csplit|patch|mktemp|mkfifo|mknod|rename|unzip|gunzip|gzip|bzip2|xz|zip|7z|zstd|rsync)( |$)", "Writes files.").unless(r"(unzip|7z|gzip|xz|zstd) (-l|-t|l|t)( |$)|rsync .*(-\w*n|--dry-run)( |$)"),
    medium("file_write", r"tar (.* )?-?-?\w*(x|c|r|u|extract|create)", "Writes files."),
    medium("file_write", r"sed (.* )?(-\w*i|--in-place)", "Changes files in place."),
    medium("file_write", r"sed (.* )?(\d*[ew]|\S*/[gip\d]*[ew])(\s|$)", "Writes files or runs commands from a script."),
    medium("file_write", r"(sort|uniq) .*(-o|--output)", "Writes a file."),
    medium("file_write", r"(find|fd) .*-(fprint|fls|fprintf|ok|okdir|exec|execdir)", "Runs something for every file that is found.").unless(r"find .*-exec(dir)? (ls|stat|grep|cat|file|echo|wc|head|tail|md5sum|sha256sum|du|basename|dirname|printf|test) "),
];

/// Only folders that are made anew by every build or are temporary anyway.
const SCRATCH: &str = r"rm( -\S*)*( ((/var)?/tmp(/\.?[\w-]+(\.[\w-]+)*)+/?|(\./)?([\w-]+/)*(node_modules|target|dist|build|__pycache__|\.pytest_cache|\.mypy_cache|\.cache|\.next|coverage|\.tox)/?|-\S*))+$";
