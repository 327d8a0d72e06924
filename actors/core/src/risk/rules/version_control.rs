//! Version control and package publishing.

use super::{Rule, high, medium};

pub(super) const RULES: &[Rule] = &[
    high("vcs_destructive", r"git push( .*)? (-\w*f\w*|--force\S*|--mirror|--delete|-d|--prune|\+\S+|:\S+)( |$)", "Overwrites or deletes what others have.").unless(r"git push (.* )?(-n|--dry-run)( |$)"),
    high("vcs_destructive", r"git reset (.* )?--(hard|merge|keep)", "Throws away changes that are not committed."),
    high("vcs_destructive", r"git clean (.* )?(-\w*[fdx]\w*|--force)", "Deletes files that are not committed.").unless(r"git clean (.* )?(-\w*n\w*|--dry-run)( |$)"),
    high("vcs_destructive", r"git (checkout|switch) (.* )?(-f|--force|--discard-changes|-- \.|\.|-- \S+)( |$)", "Throws away changes that are not committed."),
    high("vcs_destructive", r"git restore (.* )?(\.|\*|:/|--source\S*)( |$)", "Throws away changes that are not committed.").unless(r"git restore (.* )?--staged( |$)"),
    high("vcs_destructive", r"git branch (.* )?((?-i:-\w*D\w*)|--delete --force|-d -f|-df|(?-i:-M)|-f|--force)( |$)", "Deletes a branch with what is only there."),
    high("vcs_destructive", r"git (filter-branch|filter-repo|replace -d)( |$)", "Rewrites the history."),
    high("vcs_destructive", r"git reflog (expire|delete)", "Removes the way back."),
    high("vcs_destructive", r"git (gc|prune)( .*)? --?prune(=now|=all)?( |$)|git prune( |$)|git gc .*--prune", "Removes the way back."),
    high("vcs_destructive", r"git stash (clear|drop)", "Throws away changes that were set aside."),
    high("vcs_destructive", r"git (update-ref (.* )?-d|tag (.* )?(-d|--delete|-f)|remote (rm|remove)|worktree remove .*(-f|--force)|submodule deinit .*-f|rebase .*--root|push .*--tags -f|rm .*-\w*f)( |$)", "Deletes or rewrites references."),
    high("vcs_destructive", r"(hg (strip|purge|update .*-c|rollback)|svn (revert .*-r|delete http|rm http)|bfg )", "Rewrites or deletes versions."),
    high("registry_unpublish", r"(npm|pnpm|yarn( npm)?) (unpublish|deprecate|owner rm)|cargo yank|gem yank|pypi-\S+ delete", "Takes a published version away from its users."),
    high("registry_unpublish", r"(gh|glab) (repo|release|project) (delete|archive|rename|transfer)|gh (api .*(-x|--method) ?delete|secret (delete|remove)|repo edit .*--visibility)", "Deletes or opens what is hosted."),
    medium("vcs_write", r"git (add|commit|push|pull|merge|rebase|checkout|switch|reset|restore|branch|tag|stash|cherry-pick|revert|fetch|clone|init|rm|mv|apply|am|config|remote|submodule|worktree|notes|gc|clean|bisect|update-\S+|lfs|sparse-checkout|maintenance|format-patch|bundle|archive)( |$)", "Changes the repository.").unless(r"git (branch|tag|remote)( (-[avrl]+|--list|--all|--remotes|--merged|--no-merged|--contains|-vv|--sort=\S+|show \S+|get-url \S+))*$|git stash (list|show)( |$)|git config (--\w+ )?(-l|--list|--get\S*)( |$)|git worktree list|git submodule (status|summary)|git (clean|add|push|rm) (.* )?(-n|--dry-run)( |$)|git notes (list|show)|git bisect (log|view)"),
    medium("vcs_write", r"(gh|glab|hg|svn|tea) ", "Changes a repository or what is hosted.").unless(r"(gh|glab) \w+ (list|view|status|diff|checks|download)( |$)|(hg|svn) (log|status|st|diff|info|annotate|blame|cat|list|ls)( |$)|(gh|glab) (status|search|version)( |$)"),
];
